"""The vocabulary as frozen values, canonical JSON and digests. Nothing here reads a file or a clock."""
