"""A measurement or fact against a limit, and the finding that follows."""
