"""The pages and APIs by which people and pipelines come in and are managed."""
