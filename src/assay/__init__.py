"""Assay makes AI governance programmable."""
