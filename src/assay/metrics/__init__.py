"""Tally in, measurements out; standard-library arithmetic."""
