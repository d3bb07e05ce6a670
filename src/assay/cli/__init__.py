"""The command line: one verb one file, imported only when called.

Exit codes of every verb that decides: 0 allow or verified, 1 deny or verification failed, 2 the command, policy or
input is wrong, 3 undecided.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from assay.errors import EXIT_WRONG, AssayError

if TYPE_CHECKING:
    from collections.abc import Sequence


UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What the system says when standard output is a full disk."""


class Verb(NamedTuple):
    """A verb's one line, kept here so that `--help` need not import it."""

    says: str
    module: str
    name: str


VERBS = {
    "demo": Verb("the whole main job on real lending data, start to finish", "demo", "demo"),
    "init": Verb("write assay.yaml, a policy and a card to start from, by looking at the data", "init", "init"),
    "measure": Verb("metrics with intervals for a table of predictions; no policy needed", "measure", "measure"),
    "compare": Verb("drift and data quality of two tables; no policy needed", "compare", "compare"),
    "challenge": Verb("a new version against the one in production: better for whom?", "challenge", "challenge"),
    "profile": Verb("a table as a small file of counts, to hold later ones against", "profile", "profile"),
    "monitor": Verb("limits watched over a stream, with one false-alarm rate for all time", "monitor", "monitor"),
    "run": Verb("assess, decide, attest, record, report: the one line for CI", "run", "run"),
    "push": Verb("deliver to a server what it has not taken yet of the project's log", "push", "push"),
    "assess": Verb("the first half of run: measure near the data and sign the evidence", "release", "assess"),
    "gate": Verb("the second half of run: decide on evidence, anywhere", "release", "gate"),
    "explain": Verb("why a finding is not a pass, and what would mend it; causes ranked", "explain", "explain"),
    "mitigate": Verb("remedies tried on a denied version, measured under the same policy", "mitigate", "mitigate"),
    "approve": Verb("consent, signed, to exactly what was tested", "consent", "approve"),
    "waive": Verb("accept the risk of one finding, signed, until a date", "consent", "waive"),
    "revoke": Verb("take an approval or a waiver back, signed", "consent", "revoke"),
    "keys": Verb("the keys that sign here: list them, make one, print its public half", "keys", "keys"),
    "verify": Verb("check a release offline and say what was proven, and by whom", "verify", "verify"),
    "serving": Verb("compare what runs with what was approved: check", "serving", "serving"),
    "incident": Verb("alerts taken up, mended, tested again, resolved; regulators' clocks", "incident", "incident"),
    "reasons": Verb("why people are turned down, fixed at decision time: give, verify, lint", "reasons", "reasons"),
    "remediation": Verb(
        "a denied release's findings mended: owner, act, a later verdict as re-test, closed by another",
        "remediation",
        "remediation",
    ),
    "policy": Verb("policies as code: lint, test, explain, diff, replay, schema", "policy", "policy"),
    "packs": Verb("regulation as dated data: list, show, diff, lint, impact, schema", "packs", "packs"),
    "status": Verb("how a version stands before frameworks on a day, and what shows it", "status", "status"),
    "attest": Verb("say how a control stands, signed, until a day", "attest", "attest"),
    "risk": Verb("the risk register: record, list", "risk", "risk"),
    "report": Verb("documents of a release: html, card, sarif, ml-bom, ...", "report", "report"),
    "trail": Verb(
        "events of models, and questions answered with proofs: query, inventory, lineage, ...", "trail", "trail"
    ),
    "export": Verb("a project's state for tools that watch it: prometheus", "metrics_export", "export"),
    "serve": Verb("the server for people: accounts, approvals, a console that proves itself", "serve", "serve"),
    "log": Verb("the transparency log: init, append, check, prove, ...", "log", "log"),
}

EPILOG = """\b
A stranger's first minute:
  assay init predictions.csv          look at the data, write assay.yaml and a policy
  assay run                           measure, decide, sign, record, report
  assay verify .assay/releases/NAME/VERSION

\b
No policy yet:
  assay measure predictions.csv --label approved --prediction predicted --protected sex,race

\b
Exit codes: 0 allow or verified, 1 deny or verification failed, 2 wrong command, policy or input, 3 undecided.
Shell completion: eval "$(_ASSAY_COMPLETE=bash_source assay)"   (zsh_source, fish_source)
"""


class _Verbs(click.Group):
    """Import a verb when it is called, and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        found: click.Command = getattr(importlib.import_module(f"assay.cli.{verb.module}"), verb.name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from assay.errors import suggest  # noqa: PLC0415 - only on a mistake

            ctx.fail(f"no such verb {args[0]!r}{suggest(args[0], VERBS)}. The verbs: {', '.join(VERBS)}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.says) for name, verb in VERBS.items()])


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from assay import __version__  # noqa: PLC0415 - only when asked

        click.echo(f"assay {__version__}")
        ctx.exit()


@click.group(
    cls=_Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def root() -> None:
    """AI governance as code: measured evidence, a decision under a policy, signed, logged and explained.

    Assay answers one question in one line of a pipeline: may this model version be released? The answer is measured
    (with intervals), decided under a written policy, signed, recorded in a tamper-evident log, and explained.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; a person's mistake ends in words, never in a traceback."""
    sys.exit(answer(arguments))


def answer(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    # Not called `run`: importing the verb's module of that name would replace it.
    try:
        code: Any = root.main(
            args=None if arguments is None else list(arguments), prog_name="assay", standalone_mode=False
        )
        sys.stdout.flush()  # while an error can still be told
    except click.ClickException as error:
        error.show()
        return EXIT_WRONG
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except AssayError as error:
        click.echo(f"assay: {error.diagnostics()}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output has gone (`assay ... | head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_WRONG
    except Exception as error:  # noqa: BLE001 - the last resort: words, never a traceback
        return _unexpected(error)
    return code if isinstance(code, int) else 0


def _unexpected(error: Exception) -> int:
    if os.environ.get("ASSAY_DEBUG"):
        raise error
    if isinstance(error, OSError) and error.errno in UNWRITABLE and error.filename is None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer cannot be written
        why = os.strerror(error.errno).lower()
        click.echo(f"assay: could not write to standard output: {why}. Make room, and run again", err=True)
        return EXIT_WRONG
    click.echo(
        f"assay: a defect of Assay, not of your input: {type(error).__name__}: {error}\n"
        "Nothing was decided. Run again with ASSAY_DEBUG=1 for the traceback, and report it.",
        err=True,
    )
    return EXIT_WRONG
