"""`assay trail`: what happened to a model, who said yes, and the proof of each."""

from __future__ import annotations

import click

from assay.cli.export import export
from assay.cli.trail_append import append
from assay.cli.trail_erase import erase
from assay.cli.trail_import import import_
from assay.cli.trail_lineage import lineage
from assay.cli.trail_query import inventory, query
from assay.cli.trail_types import check, types

EPILOG = """\b
Examples:
  assay trail query production --at 2026-10-01 --model mortgage-approval
  assay trail append deployment.finished --as mila -f deployment=d-418 -f model=mortgage-approval -f version=2 \\
    -f model_sha256=@model/ -f environment=production -f outcome=succeeded
  assay trail inventory --format markdown
  assay trail lineage --model mortgage-approval --format svg > lineage.svg
  assay trail import history.jsonl --source old-registry --as mila
  assay trail erase --as dora --ground request --reason 'asked on 2026-10-01' NAME
  assay trail types deployment.finished

\b
Exit codes: 0 answered or recorded, 1 the log is not what was signed, 2 wrong command or input, 3 the log does not say.
"""


@click.group(epilog=EPILOG)
def trail() -> None:
    """Record events of the project's models, and ask: every sentence of an answer is tied to an entry of the log."""


for verb in (append, query, inventory, lineage, import_, erase, types, check, export):
    trail.add_command(verb)
