"""`assay demo`: the whole main job on real lending data."""

from __future__ import annotations

import sys
from pathlib import Path

import click

EPILOG = """\b
Example:
  assay demo
  assay run --project assay-demo --key mila     decide again, after you have changed a limit in policy.yaml
"""


@click.command(epilog=EPILOG)
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path), default=Path("assay-demo"))
def demo(folder: Path) -> int:
    """Play the whole main job on 1,989 real mortgage applications, in DIR (default: ./assay-demo).

    An accurate and unfair version is denied, a mended one is allowed with one risk accepted in writing, and both
    releases are verified offline. DIR is left as a project to look at and to change.

    Both versions are trained here where scikit-learn is installed (pip install 'assay[demo]'); elsewhere their recorded
    coefficients are used, and the story says so. Measuring and deciding are the same.
    """
    from assay.demo.story import tell  # noqa: PLC0415 - only when called
    from assay.demo.telling import Teller, plain_writer, terminal_writer  # noqa: PLC0415

    out = sys.stdout
    told = tell(folder, Teller(terminal_writer() if out.isatty() else plain_writer(out.write)))
    return 0 if told.decisions == {"1": "deny", "2": "allow"} else 1
