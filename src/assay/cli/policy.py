"""`assay policy`: policies as code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assay.cli._policy_output import as_json, cases_junit, problem_record, problems_sarif
from assay.cli.options import complete_files, format_option, print_machine
from assay.errors import EXIT_ALLOW, EXIT_DENY, EXIT_WRONG, AssayError, DocumentError, InputError, Problem, suggest

if TYPE_CHECKING:
    from assay.packs import Clauses
    from assay.policy.cases import CaseOutcome
    from assay.policy.form import Policy
    from assay.policy.replay import Replayed
    from assay.records.evidence import Evidence

STDIN = "-"
RELEASES = Path(".assay") / "releases"
CASES = "policy-tests.yaml"

EPILOG = """\b
Examples:
  assay policy lint policy.yaml                        every mistake, with line and column
  assay policy explain policy.yaml evidence.json       what would be decided, and why
  assay policy test policy-tests.yaml                  the policy's own unit tests
  assay policy diff main.yaml branch.yaml              what a change loosens and tightens
  assay policy replay policy.yaml                      every stored release, decided again
  assay policy schema policy > policy.schema.json      for editors
"""


@click.group(epilog=EPILOG)
def policy() -> None:
    """Policies as code: lint, explain, test, diff, replay, schema."""


def _bytes(name: str) -> bytes:
    """Read a file, or standard input for ``-``."""
    if name == STDIN:
        return sys.stdin.buffer.read()
    path = Path(name)
    try:
        return path.read_bytes()
    except OSError as error:
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        near = suggest(path.name, [entry for entry in siblings if entry != path.name])
        raise InputError(f"{error.strerror or error}{near}") from None


def _load(name: str) -> Policy:
    from assay.policy import parse_policy  # noqa: PLC0415 - `--help` needs no policy

    return parse_policy(name, _bytes)


def _evidence(name: str) -> tuple[Evidence, str]:
    from assay.records.canonical import parse_record, sha256_hex  # noqa: PLC0415
    from assay.records.evidence import Evidence  # noqa: PLC0415

    try:
        content = _bytes(name)
    except InputError as error:
        raise InputError(f"expected evidence at {name}, cannot read it: {error}") from None
    return parse_record(content, Evidence, name=name), sha256_hex(content)


@policy.command(epilog="\b\nExamples:\n  assay policy lint policy.yaml\n"
                "  assay policy lint --format sarif policies/*.yaml\n"
                "  cat policy.yaml | assay policy lint -")  # fmt: skip
@click.argument("files", nargs=-1, required=True, metavar="POLICY...", shell_complete=complete_files)
@click.option("--packs", "folder", metavar="DIR", help="Packs of your own (default: `packs:` in assay.yaml).")
@format_option("text", "json", "sarif")
@click.pass_context
def lint(ctx: click.Context, files: tuple[str, ...], folder: str | None, form: str) -> None:
    """Read policies and tell every mistake at once, as FILE:LINE:COLUMN; clauses that no pack has are mistakes too.

    Exit code 0: usable (advice may be given). Exit code 2: not usable.
    """
    from assay import __version__  # noqa: PLC0415

    errors: list[Problem] = []
    waiting: list[Problem] = []
    advice: list[Problem] = []
    for name in files:
        found, lacking, remarks = _lint_one(name, folder)
        errors += found
        waiting += lacking
        advice += remarks
    if form == "sarif":
        print_machine(problems_sarif(errors, waiting + advice, __version__))
    elif form == "json":
        listed = [problem_record(one, "error") for one in errors] + [problem_record(one, "unset") for one in waiting]
        listed += [problem_record(one, "advice") for one in advice]
        print_machine(as_json({"valid": not errors, "files": list(files), "problems": listed}))
    else:
        for one in errors:
            click.echo(f"error   {one}")
        for one in waiting:
            click.echo(f"unset   {one}")
        for one in advice:
            click.echo(f"advice  {one}")
        click.echo(_lint_summary(len(files), len(errors), len(waiting), len(advice)), err=bool(errors))
    ctx.exit(EXIT_WRONG if errors else EXIT_ALLOW)


def _lint_summary(files: int, errors: int, waiting: int, advice: int) -> str:
    many = f"{files} {'policy' if files == 1 else 'policies'}"
    if errors:
        return f"{many}: {errors} {'mistake' if errors == 1 else 'mistakes'}; nothing can be decided under it."
    second = f", {advice} worth a second look." if advice else "."
    if waiting:
        limits = f"{waiting} {'limit is' if waiting == 1 else 'limits are'} yours to set"
        return f"{many}: no mistake, {limits}, and until then nothing passes those controls{second}"
    return f"{many}: no mistake{second}"


def _lint_one(name: str, folder: str | None) -> tuple[list[Problem], list[Problem], list[Problem]]:
    """Return the mistakes of a policy, the limits that wait to be set, and advice."""
    from assay.policy.clauses import dangling, outdated  # noqa: PLC0415
    from assay.policy.lint import lint as advise  # noqa: PLC0415
    from assay.policy.lint import unset  # noqa: PLC0415

    try:
        found = _load(name)
    except DocumentError as error:
        return list(error.problems), [], []
    waiting = [_placed(found, name, what, words) for what, words in unset(found)]
    remarks = [_placed(found, name, what, words) for what, words in advise(found)]
    clauses, day = _clauses(found, folder)
    return list(dangling(found, clauses)), waiting, remarks + list(outdated(found, clauses, day))


def _placed(found: Policy, name: str, what: str, words: str) -> Problem:
    place = found.places.get(what) or found.places.get(f"$.{what}")
    file, line, column, path = (place.file, place.line, place.column, place.path) if place else (name, 1, 1, "$")
    return Problem(file, line, column, path, words)


def _clauses(found: Policy, folder: str | None) -> tuple[Clauses, str]:
    from assay.lifecycle.project import CONFIG_NAME, load_project  # noqa: PLC0415
    from assay.lifecycle.setting import now  # noqa: PLC0415
    from assay.lifecycle.shelving import clauses_for  # noqa: PLC0415
    from assay.policy.clauses import frameworks_of  # noqa: PLC0415

    here = Path.cwd()
    there = any((one / CONFIG_NAME).is_file() for one in (here, *here.parents))
    return clauses_for(frameworks_of(found), lambda: load_project() if there else None, packs=folder), now()[:10]


@policy.command(epilog="\b\nExamples:\n  assay policy explain policy.yaml\n"
                "  assay policy explain policy.yaml .assay/releases/loans/2/evidence.json")  # fmt: skip
@click.argument("file", metavar="POLICY", shell_complete=complete_files)
@click.argument("evidence", required=False, metavar="[EVIDENCE]", shell_complete=complete_files)
@click.option("--at", help="Time of the decision (RFC 3339, UTC); default: when the evidence was measured.")
@format_option("text", "json")
def explain(file: str, evidence: str | None, at: str | None, form: str) -> None:
    """Say in words what a policy asks and, given evidence, what would be decided and why.

    Nothing is decided, signed or recorded here: approvals and waivers are not looked at.
    """
    from assay.policy.decision import decide  # noqa: PLC0415
    from assay.policy.explain import explain as in_words  # noqa: PLC0415
    from assay.records.evidence import Actor  # noqa: PLC0415

    found = _load(file)
    verdict = None
    if evidence is not None:
        record, sha256 = _evidence(evidence)
        nobody = Actor(identity="assay policy explain", key="0" * 64)
        verdict = decide(
            found, record, evidence_sha256=sha256, at=at or record.measured_at, by=nobody,
            files_now=record.model.files,
        )  # fmt: skip
    if form == "json":
        import msgspec  # noqa: PLC0415

        print_machine(as_json(msgspec.to_builtins({"policy": found, "sha256": found.sha256, "verdict": verdict})))
    else:
        click.echo(in_words(found, verdict), nl=False)


@policy.command(epilog="\b\nExamples:\n  assay policy test\n"
                "  assay policy test policy-tests.yaml --policy policy.yaml\n"
                "  assay policy test --format junit > policy-tests.xml")  # fmt: skip
@click.argument("cases", default=CASES, metavar="[CASES]", shell_complete=complete_files)
@click.option(
    "--policy", "under", metavar="POLICY", help="The policy under test; default: the one that the cases name."
)
@format_option("text", "json", "junit")
@click.pass_context
def test(ctx: click.Context, cases: str, under: str | None, form: str) -> None:
    """Run a policy's unit tests: each case is evidence and the decision or findings expected of it.

    Exit code 0: all as expected. Exit code 1: some are not. Exit code 2: policy or cases are wrong.
    """
    from assay.policy.cases import parse_cases, run_cases  # noqa: PLC0415

    try:
        content = _bytes(cases)
    except InputError as error:
        raise InputError(f"expected a file of cases at {cases}, cannot read it: {error}") from None
    parsed = parse_cases(content, cases)
    folder = Path() if cases == STDIN else Path(cases).parent
    target = under or (str(folder / parsed.policy) if parsed.policy else None)
    if target is None:
        raise InputError(f"{cases} names no policy. Write `policy: policy.yaml` in it, or give --policy POLICY")
    outcomes = run_cases(_load(target), parsed, lambda name: (folder / name).read_bytes())
    _print_outcomes(target, outcomes, form)
    ctx.exit(EXIT_DENY if any(outcome.differences for outcome in outcomes) else EXIT_ALLOW)


def _print_outcomes(target: str, outcomes: tuple[CaseOutcome, ...], form: str) -> None:
    if form == "junit":
        print_machine(cases_junit(target, outcomes))
        return
    failed = sum(bool(outcome.differences) for outcome in outcomes)
    if form == "json":
        listed = [
            {"case": o.case.name, "passed": not o.differences, "decision": o.verdict.decision,
             "differences": list(o.differences)}
            for o in outcomes
        ]  # fmt: skip
        print_machine(as_json({"policy": target, "cases": len(outcomes), "failed": failed, "outcomes": listed}))
        return
    for outcome in outcomes:
        click.echo(f"{'FAIL' if outcome.differences else 'ok':5}{outcome.case.name}")
        for difference in outcome.differences:
            click.echo(f"     {difference}")
    click.echo(f"{target}: {len(outcomes) - failed} of {len(outcomes)} cases are as expected.")


@policy.command(epilog="\b\nExamples:\n  assay policy diff old.yaml new.yaml\n"
                "  git show main:policy.yaml | assay policy diff - policy.yaml")  # fmt: skip
@click.argument("old", metavar="OLD", shell_complete=complete_files)
@click.argument("new", metavar="NEW", shell_complete=complete_files)
@format_option("text", "json")
def diff(old: str, new: str, form: str) -> None:
    """Say what a change of policy loosens and tightens, with everything it extends taken in.

    A change whose direction cannot be told counts as loosening. The exit code is 0 whatever the difference.
    """
    import msgspec  # noqa: PLC0415

    from assay.policy import changes  # noqa: PLC0415

    before, after = _load(old), _load(new)
    found = [(one, after.place_of(one.what) or before.place_of(one.what)) for one in changes(before, after)]
    if form == "json":
        listed = [
            {"direction": one.direction, "what": one.what, "words": one.words, "place": msgspec.to_builtins(place)}
            for one, place in found
        ]
        print_machine(as_json({"old": old, "new": new, "changes": listed}))
        return
    for direction in ("loosens", "tightens", "changes"):
        for one, place in found:
            if one.direction == direction:
                where = f"  [{place.file}:{place.line}]" if place is not None else ""
                click.echo(f"{direction:10}{one.words}{where}")
    if not found:
        click.echo("Both ask the same.")


@policy.command(epilog="\b\nExamples:\n  assay policy replay policy.yaml\n"
                "  assay policy replay stricter.yaml .assay/releases --format json")  # fmt: skip
@click.argument("file", metavar="POLICY", shell_complete=complete_files)
@click.argument("releases", required=False, type=click.Path(path_type=Path), metavar="[RELEASES_DIR]")
@format_option("text", "json")
@click.pass_context
def replay(ctx: click.Context, file: str, releases: Path | None, form: str) -> None:
    """Decide every stored release again under a policy, at the time of its own decision.

    RELEASES_DIR is searched for verdict.json beside evidence.json (default: .assay/releases here or above). Approvals
    and waivers given then are taken as given under this policy: the question is what the policy would have changed.

    A release whose records do not belong together, or cannot be read, is named, and the others are decided. Exit code
    0: all were decided again, whatever came of it. Exit code 1: some could not be.
    """
    found = _load(file)
    where = releases or _releases_here()
    replayed: list[Replayed] = []
    inconsistent: list[tuple[str, str]] = []
    for verdict in sorted(where.rglob("verdict.json")):
        try:
            replayed.append(_replay_one(found, verdict))
        except AssayError as error:
            inconsistent.append((str(verdict.parent), error.diagnostics()))
    if not replayed and not inconsistent:
        raise InputError(f"expected stored releases (verdict.json beside evidence.json) under {where}, found none")
    _print_replayed(found, replayed, inconsistent, form)
    ctx.exit(EXIT_DENY if inconsistent else EXIT_ALLOW)


def _releases_here() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / RELEASES).is_dir():
            return folder / RELEASES
    raise InputError(f"expected {RELEASES} in {here} or a folder above it, found none. Name the folder of releases")


def _replay_one(found: Policy, path: Path) -> Replayed:
    from assay.policy.replay import replay as decide_again  # noqa: PLC0415
    from assay.records.canonical import parse_record  # noqa: PLC0415
    from assay.records.verdict import Verdict  # noqa: PLC0415

    then = parse_record(_bytes(str(path)), Verdict, name=str(path))
    evidence, sha256 = _evidence(str(path.with_name("evidence.json")))
    if sha256 != then.evidence_sha256:
        raise InputError(f"{path} was decided on other evidence than lies beside it; check it with: assay verify")
    consents, author_keys = _consents(path.parent, evidence)
    return decide_again(found, evidence, then, consents=consents, author_keys=author_keys)


def _consents(folder: Path, evidence: Evidence) -> tuple[tuple[Any, ...], set[str]]:
    """Return the consents beside a release and the author's keys, by the trust file of the project it lies in."""
    if not (folder / "consents").is_dir():
        return (), set()
    from assay.lifecycle.consenting import consent_files, read_consents  # noqa: PLC0415 - only where they can count
    from assay.lifecycle.project import load_project  # noqa: PLC0415
    from assay.lifecycle.setting import read_trust  # noqa: PLC0415

    try:
        project = load_project(folder)
    except InputError:
        click.echo(
            f"{folder}: approvals and waivers are not looked at, no assay.yaml here says who signed them", err=True
        )
        return (), set()
    trust, _ = read_trust(project.root / project.config.trust if project.config.trust else None)
    keys = {person.key.key_id for person in trust.people if person.name == evidence.model.author}
    return read_consents(consent_files([folder]), trust), keys


def _print_replayed(found: Policy, replayed: list[Replayed], inconsistent: list[tuple[str, str]], form: str) -> None:
    if form == "json":
        listed = [
            {
                "model": one.then.model, "version": one.then.version, "decided_at": one.then.decided_at,
                "then": one.then.decision, "now": one.now.decision, "reason": one.now.reason,
                "differs": [{"finding": f, "then": a, "now": b} for f, a, b in one.differs],
            }
            for one in replayed
        ]  # fmt: skip
        broken = [{"release": folder, "problem": problem} for folder, problem in inconsistent]
        about = {"name": found.name, "sha256": found.sha256}
        print_machine(as_json({"policy": about, "releases": listed, "inconsistent": broken}))
        return
    for one in replayed:
        then, now = one.decisions
        came = f"{then} becomes {now}" if one.changed else f"{then}, as before"
        click.echo(f"{one.then.model} {one.then.version} ({one.then.decided_at}): {came}")
        if one.changed:
            click.echo(f"  {one.now.reason}")
        for finding, before, after in one.differs:
            click.echo(f"  {finding}: {before} becomes {after}")
    changed = sum(one.changed for one in replayed)
    for folder, problem in inconsistent:
        click.echo(f"{folder}: inconsistent, and not decided again: {problem}", err=True)
    more = f" {len(inconsistent)} more could not be decided again." if inconsistent else ""
    click.echo(f"{len(replayed)} releases, {changed} decided otherwise under {found.name} {found.version}.{more}")


def _kinds() -> dict[str, tuple[type, str]]:
    from assay.lifecycle.project import Config  # noqa: PLC0415 - only for its schema
    from assay.policy.schema import SCHEMAS  # noqa: PLC0415

    return {**SCHEMAS, "assay.yaml": (Config, "assay.yaml: a project of Assay")}


@policy.command(epilog="\b\nExamples:\n  assay policy schema policy > policy.schema.json\n"
                "  assay policy schema assay.yaml > assay.schema.json")  # fmt: skip
@click.argument("document", default="policy", metavar="[policy|policy-tests|assay.yaml|evidence|verdict]")
def schema(document: str) -> None:
    """Print the JSON Schema (2020-12) of a document, for editors and for other tools."""
    from assay.policy.schema import json_schema  # noqa: PLC0415

    kinds = _kinds()
    if document not in kinds:
        raise InputError(f"expected {', '.join(kinds)}, found {document!r}{suggest(document, kinds)}")
    print_machine(as_json(json_schema(*kinds[document])))
