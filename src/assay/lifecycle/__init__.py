"""The use cases, a file a stage, and their ports."""
