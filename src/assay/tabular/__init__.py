"""Rows in, tally out: the only room that knows dataframes and engines."""
