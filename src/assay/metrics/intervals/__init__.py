"""Confidence intervals in standard-library arithmetic; one family a file, each with its source and its coverage."""
