"""The server: people's accounts and roles, the console, and what pipelines and platforms call.

It adds people, not truth: a verdict is the one that `assay gate` reaches, an approval the one that `assay approve`
signs, and every page has a JSON twin made of the same record.
"""
