"""`assay packs`: regulation as dated data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli._policy_output import as_json, problem_record, problems_sarif
from assay.cli.options import complete_files, format_option, print_machine
from assay.errors import EXIT_ALLOW, EXIT_WRONG, InputError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.packs import Pack, PackControl, Shelf

EPILOG = """\b
Examples:
  assay packs list --as-of 2027-12-02                     which version of what counts on that day
  assay packs show eu-ai-act 9 --role provider --route annex-iii
  assay packs diff eu-ai-act@2024-08-01 eu-ai-act@2026-07-27
  assay packs lint our-packs/                             an organisation's own packs
"""


@click.group(epilog=EPILOG)
def packs() -> None:
    """Regulation as dated data: list, show, diff, lint, impact, schema."""


def _as_of() -> Callable[[Any], Any]:
    return click.option("--as-of", "day", metavar="DATE", help="The day that counts, YYYY-MM-DD (default: today, UTC).")


def _packs() -> Callable[[Any], Any]:
    return click.option("--packs", "folder", metavar="DIR", help="Packs of your own (default: `packs:` in assay.yaml).")


def _today(day: str | None) -> str:
    from assay.lifecycle.setting import now  # noqa: PLC0415 - only when called
    from assay.packs.dates import is_day  # noqa: PLC0415

    if day is not None and not is_day(day):
        raise InputError(f"--as-of: expected a day such as 2026-11-23, found {day!r}")
    return day or now()[:10]


def _shelf(folder: str | None) -> Shelf:
    """Return every pack; a project is not needed, and its folder of packs is looked at where there is one."""
    from assay.lifecycle.project import CONFIG_NAME, load_project  # noqa: PLC0415
    from assay.lifecycle.shelving import open_packs  # noqa: PLC0415

    here = Path.cwd()
    there = any((one / CONFIG_NAME).is_file() for one in (here, *here.parents))
    return open_packs(load_project() if there and folder is None else None, packs=folder)


@packs.command("list")
@_as_of()
@_packs()
@format_option("text", "json")
def list_(day: str | None, folder: str | None, form: str) -> None:
    """Name every framework, with its version that counts on a day, or why none does."""
    from assay.reports.packs import listing, listing_text  # noqa: PLC0415

    counting = _today(day)
    rows = listing(_shelf(folder), counting)
    print_machine(as_json({"as_of": counting, "packs": rows}) if form == "json" else listing_text(rows, counting))


@packs.command(epilog="\b\nExamples:\n  assay packs show eu-ai-act\n  assay packs show eu-ai-act@2024-08-01 10\n"
               "  assay packs show nyc-ll144 --format markdown")  # fmt: skip
@click.argument("framework", metavar="FRAMEWORK[@VERSION]")
@click.argument("clause", required=False, metavar="[CLAUSE]")
@click.option("--role", "roles", multiple=True, help="Say for this role whether each applies; may be given again.")
@click.option("--route", help="... and on this route.")
@_as_of()
@_packs()
@format_option("text", "json", "markdown")
def show(
    framework: str, clause: str | None, roles: tuple[str, ...], route: str | None, day: str | None, folder: str | None,
    form: str,
) -> None:  # fmt: skip
    """Print one framework's controls, or those of one CLAUSE and below it."""
    from assay.packs.dates import Standing  # noqa: PLC0415
    from assay.reports.packs import pack_markdown, pack_record, pack_text  # noqa: PLC0415

    counting = _today(day)
    shelf = _shelf(folder)
    pack = shelf.named(framework, counting)
    standing = Standing(roles=tuple(_known(one, pack.roles, "role") for one in roles), route=route)
    if route is not None:
        _known(route, pack.routes, "route")
    controls = _below(pack, clause)
    if form == "json":
        print_machine(as_json(pack_record(pack, controls, shelf)))
    elif form == "markdown":
        print_machine(pack_markdown(pack, controls))
    else:
        print_machine(pack_text(pack, controls, standing, counting, shelf))


def _known(name: str, known: dict[str, str], what: str) -> str:
    if name not in known:
        listed = f"There are: {', '.join(known)}" if known else f"This framework has no {what}s"
        raise InputError(f"expected a {what}, found {name!r}{suggest(name, known)}. {listed}")
    return name


def _below(pack: Pack, clause: str | None) -> tuple[PackControl, ...]:
    from assay.packs.clauses import above, covers  # noqa: PLC0415

    if clause is None:
        return pack.controls
    wanted = clause.removeprefix(f"{pack.framework}:")
    found = tuple(one for one in pack.controls if covers(wanted, one))
    if not found:
        known = dict.fromkeys(name for one in pack.controls for name in above(one.id))
        raise InputError(f"expected a clause of {pack.name}, found {wanted!r}{suggest(wanted, known)}")
    return found


@packs.command(epilog="\b\nExamples:\n  assay packs diff eu-ai-act@2024-08-01 eu-ai-act@2026-07-27\n"
               "  assay packs diff sr-11-7@2011-04-04 sr-26-2")  # fmt: skip
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@_as_of()
@_packs()
@format_option("text", "json")
def diff(old: str, new: str, day: str | None, folder: str | None, form: str) -> None:
    """Say what one version of a framework asks that another does not: FRAMEWORK@VERSION, or FRAMEWORK as of the day."""
    import msgspec  # noqa: PLC0415 - only when called

    from assay.packs.differences import differences  # noqa: PLC0415
    from assay.reports.packs import difference_text  # noqa: PLC0415

    counting, shelf = _today(day), _shelf(folder)
    before, after = shelf.named(old, counting), shelf.named(new, counting)
    found = differences(before, after)
    if form == "json":
        listed = msgspec.to_builtins(found)
        print_machine(as_json({"old": before.name, "new": after.name, "differences": listed}))
    else:
        print_machine(difference_text(before, after, found))


@packs.command(epilog="\b\nExamples:\n  assay packs impact eu-ai-act@2024-08-01 eu-ai-act@2026-07-27\n"
               "  assay packs impact us-reg-b@2011-12-30 us-reg-b --format json")  # fmt: skip
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@_as_of()
@_packs()
@format_option("text", "json")
def impact(old: str, new: str, day: str | None, folder: str | None, form: str) -> None:
    """List the controls of every version of the project whose status a change from one pack to another changes."""
    import msgspec  # noqa: PLC0415 - only when called

    from assay.adapters.obligations_here import impact as on_project  # noqa: PLC0415
    from assay.reports.packs import impact_text  # noqa: PLC0415

    counting = _today(day)
    found = on_project(old, new, as_of=counting, packs=folder)
    if form == "json":
        print_machine(as_json({"old": old, "new": new, "as_of": counting, "changes": msgspec.to_builtins(found)}))
    else:
        print_machine(impact_text(old, new, counting, found))


@packs.command(epilog="\b\nExamples:\n  assay packs lint\n  assay packs lint our-packs/ --against act.txt\n"
               "  assay packs lint --format sarif our-packs/loans.yaml")  # fmt: skip
@click.argument("paths", nargs=-1, metavar="[PACK|DIR]...", shell_complete=complete_files)
@click.option("--against", multiple=True, metavar="TEXT", help="A source text that paraphrases must not copy.")
@format_option("text", "json", "sarif")
@click.pass_context
def lint(ctx: click.Context, paths: tuple[str, ...], against: tuple[str, ...], form: str) -> None:
    """Read packs and crosswalks and tell every mistake at once (default: those of the project and Assay's own).

    Exit code 0: usable. Exit code 2: not usable.
    """
    from assay import __version__  # noqa: PLC0415
    from assay.checks import CHECKS  # noqa: PLC0415
    from assay.lifecycle.project import read_file  # noqa: PLC0415
    from assay.lifecycle.shelving import pack_files  # noqa: PLC0415
    from assay.packs.lint import lint as mistakes  # noqa: PLC0415
    from assay.packs.shelf import Shelf, own_contents, own_shelf  # noqa: PLC0415

    given = [Path(one) for one in paths] or _project_packs()
    texts = [read_file(Path(one), "a source text").decode("utf-8", "replace") for one in against]
    found = mistakes(pack_files(given), own_shelf(), checks=CHECKS, texts=texts) if given else []
    if not paths:
        found = mistakes(own_contents(), Shelf(()), checks=CHECKS, texts=texts) + found
    if form == "sarif":
        print_machine(problems_sarif(found, [], __version__))
    elif form == "json":
        print_machine(as_json({"valid": not found, "problems": [problem_record(one, "error") for one in found]}))
    else:
        for one in found:
            click.echo(f"error   {one}")
        many = f"{len(found)} {'mistake' if len(found) == 1 else 'mistakes'}" if found else "no mistake"
        click.echo(f"packs: {many}", err=bool(found))
    ctx.exit(EXIT_WRONG if found else EXIT_ALLOW)


def _project_packs() -> list[Path]:
    from assay.lifecycle.project import CONFIG_NAME, load_project  # noqa: PLC0415
    from assay.lifecycle.shelving import packs_folder  # noqa: PLC0415

    here = Path.cwd()
    if not any((one / CONFIG_NAME).is_file() for one in (here, *here.parents)):
        return []
    folder = packs_folder(load_project(), None)
    return [Path(os.path.relpath(folder))] if folder is not None else []


@packs.command(epilog="\b\nExamples:\n  assay packs schema > pack.schema.json\n  assay packs schema crosswalk")
@click.argument("document", default="pack", metavar="[pack|crosswalk]")
def schema(document: str) -> None:
    """Print the JSON Schema (2020-12) of a pack or a crosswalk, for editors."""
    from assay.packs.form import Crosswalk, Pack  # noqa: PLC0415
    from assay.policy.schema import json_schema  # noqa: PLC0415

    kinds: dict[str, tuple[type, str]] = {
        "pack": (Pack, "A pack of Assay: one version of one framework"),
        "crosswalk": (Crosswalk, "A crosswalk of Assay: how two frameworks meet"),
    }
    if document not in kinds:
        raise InputError(f"expected {', '.join(kinds)}, found {document!r}{suggest(document, kinds)}")
    print_machine(as_json(json_schema(*kinds[document])))
