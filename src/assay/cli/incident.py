"""`assay incident`: what monitoring found, who has it in hand, and which regulators' clocks run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.options import acting, format_option, print_machine, project_option
from assay.errors import EXIT_ALLOW, EXIT_DENY, InputError

if TYPE_CHECKING:
    from assay.lifecycle.incident import Act

EPILOG = """\b
The order that makes it count, each step an event signed by a person of the trust file:
  assay incident list
  assay incident ack a-77 --as mila
  assay incident assign a-77 --to mila --due 2026-11-30 --as vera
  assay incident open a-77 --plan 'retrain without zip code' --as mila
  assay incident close a-77 --evidence .assay/releases/credit/3/evidence.json --as mila
  assay incident retest a-77 --outcome passed --evidence retest.json --as vera
  assay incident resolve a-77 --as vera

\b
A serious incident (Art. 73 of Regulation (EU) 2024/1689), and what is left of its limit:
  assay incident declare-serious a-77 --harm fundamental-rights --aware 2026-10-01T08:00:00Z --as rosa
  assay incident show a-77
  assay incident report a-77 --form initial --to authority.example --document report.pdf --as rosa

\b
Exit codes: 0 done, 1 the log is not what was signed, 2 wrong command, input or order.
"""
HARMS = (
    "death", "health", "critical-infrastructure", "widespread-infringement", "fundamental-rights",
    "property-or-environment",
)  # fmt: skip


@click.group(epilog=EPILOG)
def incident() -> None:
    """Take alerts up, give them an owner, mend, have somebody else test again, resolve; report what is serious."""


_EVIDENCE = "A file, or a folder of a model; its digest enters the log. Keep it."


@incident.command("list")
@click.option("--all", "everything", is_flag=True, help="Those that are over, too.")
@project_option
@format_option("text", "json")
def list_(project: Path | None, everything: bool, form: str) -> int:
    """List alerts and serious incidents, the worst first, and say what lapses next.

    \b
    Example:
      assay incident list
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters.trail_here import open_trail  # noqa: PLC0415 - only when called
    from assay.lifecycle.setting import now  # noqa: PLC0415
    from assay.trail.incident_telling import incident_row, list_text  # noqa: PLC0415
    from assay.trail.incidents import incidents, still_open  # noqa: PLC0415

    at = now()
    with open_trail(project) as opened:
        view = opened.view()
        found = incidents(view)
        if form == "json":
            shown = found if everything else still_open(found)
            rows = [incident_row(view, one, at) for one in shown]
            print_machine(json.dumps({"at": at, "size": view.size, "incidents": rows}, ensure_ascii=False, indent=1))
        else:
            print_machine(list_text(view, found, at, everything=everything))
    return EXIT_ALLOW


@incident.command()
@click.argument("name", metavar="ID")
@project_option
@format_option("text", "json")
def show(name: str, project: Path | None, form: str) -> int:
    """Show one incident: its clocks, all that was done about it with the log's entries, and what comes next."""
    from assay.adapters.trail_here import open_trail  # noqa: PLC0415 - only when called
    from assay.lifecycle.incident_case import listed  # noqa: PLC0415
    from assay.lifecycle.setting import now  # noqa: PLC0415
    from assay.trail.incident_telling import incident_row, show_text  # noqa: PLC0415
    from assay.trail.incidents import incidents  # noqa: PLC0415

    at = now()
    with open_trail(project) as opened:
        view = opened.view()
        known = {one.name: one for one in incidents(view)}
        if name not in known:
            raise InputError(f"expected an alert or incident of the trail, found {name!r}{listed(name, list(known))}")
        if form == "json":
            row = {"at": at, "size": view.size, **incident_row(view, known[name], at)}
            print_machine(json.dumps(row, ensure_ascii=False, indent=1))
        else:
            print_machine(show_text(view, known[name], at))
    return EXIT_ALLOW


@incident.command()
@click.argument("name", metavar="ID")
@acting
def ack(name: str, by: str, project: Path | None, form: str) -> None:
    """Take an alert up: you have seen it, and take care that somebody owns it."""
    from assay.lifecycle.incident import Acknowledge  # noqa: PLC0415 - only when called

    _handle(Acknowledge(name=name), by, project, form)


@incident.command()
@click.argument("name", metavar="ID")
@click.option("--to", "owner", required=True, help="Who is to deal with it: a person of the trust file.")
@click.option("--due", required=True, metavar="DAY", help="By when: YYYY-MM-DD, in UTC.")
@acting
def assign(name: str, owner: str, due: str, by: str, project: Path | None, form: str) -> None:
    """Give an alert an owner, and a day; again to give it to somebody else."""
    from assay.lifecycle.incident import Assign  # noqa: PLC0415 - only when called

    _handle(Assign(name=name, owner=owner, due=due), by, project, form)


@incident.command("open")
@click.argument("name", metavar="ID")
@click.option("--plan", help="What is going to be done: words, kept beside the log, which holds their digest.")
@click.option("--due", metavar="DAY", help="By when (default: the day of the assignment).")
@acting
def open_(name: str, plan: str | None, due: str | None, by: str, project: Path | None, form: str) -> None:
    """Open the remediation of an alert; its owner is the alert's."""
    from assay.adapters.here import project_at  # noqa: PLC0415 - only when called
    from assay.lifecycle.incident import OpenRemediation  # noqa: PLC0415
    from assay.lifecycle.storing import keep_document  # noqa: PLC0415
    from assay.records.canonical import sha256_hex  # noqa: PLC0415

    digest = sha256_hex(plan.encode()) if plan else None
    _handle(OpenRemediation(name=name, plan_sha256=digest, due=due), by, project, form)
    if plan:
        keep_document(project_at(project).state, plan.encode())


@incident.command()
@click.argument("name", metavar="ID")
@click.option("--evidence", type=Path, required=True, help=_EVIDENCE)
@click.option("--remediation", help="Which one (default: the last).")
@acting
def close(name: str, evidence: Path, remediation: str | None, by: str, project: Path | None, form: str) -> None:
    """Say that it is mended, as the owner; it stays open until somebody else has tested it again."""
    from assay.lifecycle.incident import Close  # noqa: PLC0415 - only when called

    _handle(Close(name=name, evidence_sha256=_digest(evidence), remediation=remediation), by, project, form)


@incident.command()
@click.argument("name", metavar="ID")
@click.option("--outcome", type=click.Choice(["passed", "failed"]), required=True, help="Whether it is mended.")
@click.option("--evidence", type=Path, required=True, help=_EVIDENCE)
@click.option("--remediation", help="Which one (default: the last).")
@acting
def retest(
    name: str, outcome: str, evidence: Path, remediation: str | None, by: str, project: Path | None, form: str
) -> None:
    """Say what a test by somebody else than who mended it has come to."""
    from assay.lifecycle.incident import Retest  # noqa: PLC0415 - only when called

    digest = _digest(evidence)
    act = Retest(name=name, outcome=outcome, evidence_sha256=digest, remediation=remediation)  # type: ignore[arg-type]
    _handle(act, by, project, form)


@incident.command()
@click.argument("name", metavar="ID")
@click.option(
    "--how", type=click.Choice(["remediated", "back-within-limit", "false-alarm", "accepted"]), default="remediated",
    show_default=True, help="What ended it.",
)  # fmt: skip
@click.option("--evidence", type=Path, help=f"{_EVIDENCE} Needed unless it was remediated: the re-test shows that.")
@acting
def resolve(name: str, how: str, evidence: Path | None, by: str, project: Path | None, form: str) -> None:
    """Say what ended an alert; remediated only when somebody else has tested it again."""
    from assay.lifecycle.incident import Resolve  # noqa: PLC0415 - only when called

    digest = None if evidence is None else _digest(evidence)
    _handle(Resolve(name=name, how=how, evidence_sha256=digest), by, project, form)  # type: ignore[arg-type]


@incident.command("declare-serious")
@click.argument("name", metavar="ID")
@click.option("--harm", "harms", type=click.Choice(HARMS), multiple=True, required=True, help="What it did; repeat it.")
@click.option("--aware", metavar="TIME", help="When you became aware, in UTC (default: now); the limit counts from it.")
@acting
def declare_serious(
    name: str, harms: tuple[str, ...], aware: str | None, by: str, project: Path | None, form: str
) -> None:
    """Declare an alert, or what no alert raised, a serious incident: a regulator's clock runs from awareness.

    Of several harms the shortest limit counts. Declare again when more becomes known: each declaration has its clock.
    """
    from assay.lifecycle.incident import Declare  # noqa: PLC0415 - only when called

    _handle(Declare(name=name, harms=harms, aware_at=aware), by, project, form)  # type: ignore[arg-type]


@incident.command()
@click.argument("name", metavar="ID")
@click.option("--form", "kind", type=click.Choice(["initial", "complete"]), required=True, help="What was sent.")
@click.option("--to", "authority", required=True, help="To which authority: one word, such as its domain.")
@click.option("--document", type=Path, required=True, help="What was sent; its digest enters the log. Keep it.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON to standard output.")
@click.option("--as", "by", required=True, help="Who sent it: the name of a key, as in the trust file.")
@project_option
def report(name: str, kind: str, authority: str, document: Path, as_json: bool, by: str, project: Path | None) -> None:
    """Say that a serious incident was reported to an authority."""
    from assay.lifecycle.incident import Report  # noqa: PLC0415 - only when called

    digest = _digest(document)
    act = Report(name=name, form=kind, authority=authority, report_sha256=digest)  # type: ignore[arg-type]
    _handle(act, by, project, "json" if as_json else "text")


@incident.command()
@click.option("--now", "impatient", is_flag=True, help="Try channels that failed a moment ago, too.")
@click.option("--dry-run", "dry", is_flag=True, help="Show the messages; send and record nothing.")
@click.option("--key", default="default", show_default=True, help="Name of the key that signs the events.")
@project_option
@format_option("text", "json")
def deliver(impatient: bool, dry: bool, key: str, project: Path | None, form: str) -> int:
    """Tell alerts to the channels of assay.yaml; what is not taken is kept, and tried again later.

    Each channel is told of an alert once. A channel that is down is left alone for a minute, then twice as long each
    time, up to six hours; each failure is an event. Addresses come from environment variables that assay.yaml names.

    \b
    Example:
      ASSAY_TEAM_URL='mailto://mail.example?from=assay@example.org&to=team@example.org' assay incident deliver

    \b
    Exit codes: 0 all is told, 1 something is kept for later, 2 wrong input or no channel.
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters.alerts_here import deliver_alerts  # noqa: PLC0415 - only when called
    from assay.cli._alerts import delivery_document, delivery_text  # noqa: PLC0415

    found = deliver_alerts(project, key=key, impatient=impatient, dry=dry)
    print_machine(delivery_document(found, dry=dry) if form == "json" else delivery_text(found, dry=dry))
    return EXIT_ALLOW if found.complete else EXIT_DENY


def _digest(path: Path) -> str:
    from assay.lifecycle.storing import hash_file, list_model  # noqa: PLC0415 - only when called

    if path.is_dir():
        return list_model(path)[1]
    if not path.is_file():
        raise InputError(f"expected a file to take the digest of at {path}, found none")
    return hash_file(path, path.name).sha256


def _handle(act: Act, by: str, project: Path | None, form: str) -> None:
    from assay.adapters.incidents_here import handle_incident  # noqa: PLC0415 - only when called

    done = handle_incident(act, project, by=by)
    for line in done.told:
        click.echo(line, err=True)
    if form == "json":
        document = {"id": done.incident.name, "event": done.event.id, "index": done.index,
                    "status": done.incident.status, "next": done.words.splitlines()}  # fmt: skip
        print_machine(json.dumps(document, ensure_ascii=False))
        return
    click.echo(f"{done.incident.name} is {done.incident.status}: {done.event.type} is entry {done.index} of the log.")
    for line in done.words.splitlines():
        click.echo(f"Next: {line}")
