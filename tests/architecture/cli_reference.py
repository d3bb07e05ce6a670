"""The command line's reference, written from the command line itself: `make reference` writes docs/reference/cli.md."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from architecture.house import ROOT
from assay.cli import root

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "reference" / "cli.md"
WIDTH = 100
OPENING = """# Command line

Written by `make reference` from the command line itself; a test compares the two.

Exit codes of every verb that decides: **0** allow (or verified), **1** deny (or verification failed), **2** the
command, policy or input is wrong, **3** undecided. With `--format json` standard output holds the document alone;
messages go to standard error. `-` reads standard input. `NO_COLOR` is honoured.
"""


def verbs(command: click.Command, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command below a command, itself first, with the words that call it."""
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from verbs(inner, child_context(inner, name, context))


def child_context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    """Return a context in which a command's help has the same width everywhere, and the options that a call gives it.

    A command keeps the help option of the first context that asks for it, so this one must not differ from a call's.
    """
    names = root.context_settings["help_option_names"]
    return click.Context(
        command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=names
    )


def reference() -> str:
    """Return the whole page."""
    parts = [OPENING]
    for path, command, context in verbs(root, child_context(root, "assay")):
        help_text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(f"## `{path}`\n\n```text\n{help_text}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    sys.stderr.write(f"wrote {PAGE.relative_to(ROOT)}\n")
