"""One verb one file, imported only when called."""
