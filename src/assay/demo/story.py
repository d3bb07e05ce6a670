"""The whole main job as a story: an unfair version is denied, a mended one is allowed, and both can be verified."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import UNSET

from assay.adapters.project_log import ProjectLog
from assay.adapters.scorers import open_scorer
from assay.demo.applications import copy_table, read_columns, write_applications
from assay.demo.cast import AUTHOR, RISK_OWNER, VALIDATOR, write_project, write_trust
from assay.demo.later import tell_challenge, tell_weeks
from assay.demo.recipes import RECIPES, Recipe
from assay.demo.serving import tell_serving
from assay.demo.training import Trained, train
from assay.demo.watched import record_training
from assay.errors import InputError
from assay.lifecycle import consenting, release
from assay.lifecycle.issuing import DATASHEET
from assay.lifecycle.presenting import read_signed
from assay.lifecycle.project import load_project
from assay.lifecycle.setting import setting_of
from assay.lifecycle.storing import storage_errors
from assay.lifecycle.verification import verify_release
from assay.reports.words import subject_words

if TYPE_CHECKING:
    from pathlib import Path

    from assay.demo.telling import Teller
    from assay.lifecycle.consenting import Desk
    from assay.lifecycle.release import Released
    from assay.records.evidence import Stage
    from assay.records.verdict import Finding, Verdict

README = "README.md"
MARK = "This folder was made by `assay demo`."
MADE = (
    ".assay",
    "data",
    "model",
    "served",
    "assay.yaml",
    "policy.yaml",
    "card.yaml",
    "datasheet.yaml",
    "dossier.yaml",
    "reasons.yaml",
    "trust.yaml",
    README,
)
NAMED = 5
"""Strange files that a message names."""

WAIVED = "race-and-sex-gap"
WAIVER_DAYS = 60

REASON = "22 Hispanic women are too few to settle it; the value itself is within the limit."
RECORDED = (
    "scikit-learn is not installed here, so nothing is fitted just now: the coefficients of both versions are those "
    "that {fitted_by} fitted by the same recipes on the same applications, recorded in assay/demo/scorecards.json. "
    "Every prediction is computed from them here. To train here: pip install 'assay[demo]' (in a checkout: make demo)."
)
COMPENSATING = "An underwriter decides every application that version 2 would turn down, until the sample settles it."


@dataclass(frozen=True)
class Told:
    """What the story left.

    Attributes:
        folder: the project.
        decisions: the last decision on each version.
        verified: the versions whose release was verified offline.
    """

    folder: Path
    decisions: dict[str, str]
    verified: tuple[str, ...]


def tell(folder: Path, teller: Teller) -> Told:
    """Play the whole story in a folder.

    Raises:
        InputError: when the folder holds something else than an earlier demonstration; nothing is touched then.
        StorageError: when the disk is full or the folder cannot be written.
    """
    first, second = RECIPES
    begin(folder, teller)
    _tell_the_data(folder, teller)
    _tell_the_data_gate(folder, first, teller)
    _tell_training(folder, first, teller)
    denied = _tell_denial(folder, teller)
    _tell_training(folder, second, teller)
    _tell_doubt(folder, teller)
    tell_challenge(folder, teller)
    _tell_consents(folder, teller)
    released = _tell_release(folder, teller)
    verified = _tell_verification(folder, teller)
    tell_serving(folder, teller)
    tell_weeks(folder, teller, _tell_verdict)
    _tell_where(folder, teller)
    return Told(folder, {first.version: denied, second.version: released}, verified)


def begin(folder: Path, teller: Teller) -> None:
    """Make the folder ready: empty, or cleared of an earlier demonstration.

    Raises:
        InputError: when it holds anything that no demonstration made.
    """
    there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    if folder.exists() and not folder.is_dir():
        raise InputError(f"expected a new or an empty folder at {folder}, found a file. Name another: assay demo DIR")
    if there and not _is_demo(folder):
        raise InputError(
            f"expected a new or an empty folder at {folder}, or an earlier demonstration, found "
            f"{', '.join(there[:NAMED])}{', ...' if len(there) > NAMED else ''}. Nothing was touched; name another: "
            "assay demo DIR"
        )
    strange = [name for name in there if name not in MADE]
    if strange:
        raise InputError(
            f"expected only what a demonstration made in {folder}, found {', '.join(strange)} too. Nothing was "
            "touched; move it away, or name another folder: assay demo DIR"
        )
    with storage_errors(folder):
        _clear(folder, there)
        (folder / README).write_text(_readme(), encoding="utf-8")
    if there:
        teller.say(f"{folder} held an earlier demonstration; this one begins afresh.", indent=0)


def _clear(folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name == README:
            continue  # it marks the folder as ours, should this be interrupted
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink()


def _is_demo(folder: Path) -> bool:
    readme = folder / README
    return readme.is_file() and MARK in readme.read_text("utf-8", "replace")


def _tell_the_data(folder: Path, teller: Teller) -> None:
    teller.chapter("The data: 1,989 real mortgage applications, Boston 1990")
    teller.say(
        "In 1990 lenders in Boston turned down black and Hispanic applicants far more often than white ones. The "
        "Federal Reserve Bank collected the files and found that race still mattered when income, debts and credit "
        "history were equal (Munnell, Tootell, Browne and McEneaney 1996). These are the applications, in "
        "data/train.parquet; data/README.md is their datasheet."
    )
    with storage_errors(folder):
        table = copy_table(folder / "data")
        write_applications(table, folder / "data" / "applications.csv")
        write_trust(folder, folder / ".assay" / "keys")
    people = read_columns(table, {"race": "race", "approved": "approved", "sex": "coalesce(sex, 'not known')"})
    rows = [("race", "applicants", "approved")]
    for race in ("white", "hispanic", "black"):
        outcomes = [yes for group, yes in zip(people["race"], people["approved"], strict=True) if group == race]
        rows.append((race, f"{len(outcomes):,}", _percent(sum(outcomes) / len(outcomes))))
    teller.table(rows)
    unknown = people["sex"].count("not known")
    teller.say(f"The sex of {unknown} applicants is not known: they stay, as a group of their own.")
    teller.say(
        "Three people: Mila makes the model, Vera validates it, Rosa owns the risk. Each has a key; trust.yaml names "
        "them."
    )


def _tell_the_data_gate(folder: Path, recipe: Recipe, teller: Teller) -> None:
    teller.chapter("May a model learn from these data?")
    teller.say(
        "Nothing is trained yet. The policy has controls for the stage `data`: races held against who is expected to "
        "apply, like cases decided alike, values missing alike, no feature that gives the answer or the race away, a "
        "datasheet that people have written."
    )
    with storage_errors(folder):
        write_project(folder, recipe.version)
    released = _run(folder, teller, stage="data")
    _tell_verdict(released, teller)
    teller.say(
        "A warning does not stop Mila, and she goes on with the tract among the features. What comes of it, the "
        f"release will show. The datasheet, filled from what was measured: {_beside(folder, released, DATASHEET)}"
    )


def _beside(folder: Path, released: Released, name: str) -> Path:
    return folder / released.folder.relative_to(folder.resolve()) / name


def _tell_training(folder: Path, recipe: Recipe, teller: Teller) -> None:
    first = recipe.version == "1"
    teller.chapter("Mila trains version 1" if first else "Mila mends it: version 2")
    if not first:
        teller.say(
            "She takes out what stands in for race (the tract, two or more units, marital status, age) and the old "
            "lender's own judgement of the credit history. She stops weighting denials up, and reweighs the decisions "
            "so that race and outcome are independent in what the model learns from. She adds the lines that "
            "underwriters draw themselves, at 36 % of income owed and 80 % of the price lent. Nobody's race is asked "
            "when an application is scored."
        )
    with storage_errors(folder):
        write_project(folder, recipe.version)
        if not first:  # what version 1 decided about the same people: `assay challenge` finds it by what it holds
            shutil.copyfile(folder / "data" / "test.parquet", folder / "data" / "test-1.parquet")
        trained = train(recipe, folder / "data" / "train.parquet", folder / "model", folder / "data" / "test.parquet")
        status = record_training(folder, recipe, trained) if trained.here else None
    if first and not trained.here:
        teller.say(RECORDED.format(fitted_by=trained.fitted_by))
    teller.say(f"Her recipe: {recipe.words}. It is kept as plain numbers in model/scorecard.json.")
    if first:
        teller.say(
            "Nobody is judged by a scorecard that has seen them: each tenth of the applicants is predicted by the "
            "recipe fitted on the other nine. So every applicant has an honest prediction, in data/test.parquet."
        )
    _tell_trained(trained, teller)
    if status is not None:
        teller.say(
            f"The training is on record, with recipe, data, code and environment. Under the policy it is {status}; "
            "assay run --stage training says why."
        )
    if not first:
        teller.say(
            "It agrees more often and ranks a little worse: the old lender's judgement was part of the very answer "
            "that version 1 was asked to foresee. It turns down "
            f"{trained.turned_down} applicants where the lenders turned down {trained.turned_down_then}: whether the "
            "others would have repaid, these data cannot say, and the card says so."
        )


def _tell_trained(trained: Trained, teller: Teller) -> None:
    shares = ", ".join(f"{_percent(trained.approved[race])} of {race}" for race in ("white", "hispanic", "black"))
    teller.say(
        f"It agrees with the lenders on {_percent(trained.accuracy)} of the applicants, and ranks an approved one "
        f"above one who was turned down {trained.ranking * 100:.0f} times in 100. It approves {shares} applicants."
    )


def _tell_denial(folder: Path, teller: Teller) -> str:
    teller.chapter("May version 1 be released?")
    released = _run(folder, teller)
    _tell_verdict(released, teller)
    teller.say(f"The report: {folder / released.folder.relative_to(folder.resolve()) / 'report.html'}")
    return released.verdict.decision


def _tell_doubt(folder: Path, teller: Teller) -> None:
    teller.chapter("May version 2 be released?")
    released = _run(folder, teller)
    _tell_verdict(released, teller)
    teller.say(
        "One thing the sample cannot show. It is not a pass, and Assay does not make it one: somebody has to answer "
        "for it, in writing, for a time. And the policy asks for the validator's approval."
    )


def _tell_consents(folder: Path, teller: Teller) -> None:
    teller.chapter("Vera approves, and Rosa accepts one risk until a date")
    expires = (datetime.now(UTC).date() + timedelta(days=WAIVER_DAYS)).isoformat()
    comment = "Read the recipe, the card and the datasheet."
    teller.command(f'assay approve --as {VALIDATOR} --role validator --comment "{comment}"')
    consenting.approve(_desk(folder, VALIDATOR), role="validator", comment=comment)
    teller.command(
        f"assay waive --as {RISK_OWNER} --role risk-owner --control {WAIVED} --expires {expires}",
        f'--reason "{REASON}"',
        f'--compensating "{COMPENSATING}"',
    )
    consenting.waive(
        _desk(folder, RISK_OWNER), control=WAIVED, role="risk-owner", reason=REASON, compensating=COMPENSATING,
        expires=expires,
    )  # fmt: skip
    teller.say("Both are bound to the digests of model, data, policy and evidence: change one, and they are void.")


def _tell_release(folder: Path, teller: Teller) -> str:
    teller.chapter("Decide again on the same evidence")
    project = load_project(folder)
    evidence = project.release() / "evidence.json"
    teller.command(f"assay gate {evidence.relative_to(project.root)} --key {AUTHOR}")
    setting = setting_of(project, key=AUTHOR)
    released = release.gate(read_signed(evidence, setting), setting, ProjectLog(project.log, project.config.system))
    _tell_verdict(released, teller)
    return released.verdict.decision


def _tell_verification(folder: Path, teller: Teller) -> tuple[str, ...]:
    teller.chapter("Believe nobody: verify both, offline")
    project = load_project(folder)
    first, second = project.release("1"), project.release("2")
    teller.command(f"assay verify {first.relative_to(project.root)}")
    earlier = verify_release(first)
    teller.say(
        f"Verified: {earlier.model} {earlier.version}, {earlier.decision}. {len(earlier.proven)} things proven.", "good"
    )
    teller.command(f"assay verify {second.relative_to(project.root)} --model model --data test=data/test.parquet")
    later = verify_release(second, model=folder / "model", data={"test": folder / "data" / "test.parquet"})
    teller.say(f"Verified: {later.model} {later.version}, {later.decision}. What was proven:", "good")
    for proven in later.proven:
        teller.item("-", proven)
    return (earlier.version, later.version)


def _tell_where(folder: Path, teller: Teller) -> None:
    teller.chapter("What is left for you")
    where = folder / load_project(folder).release("2").relative_to(folder.resolve())
    for path, words in (
        (where / "report.html", "the report, with charts"),
        (where / "model-card.md", "the model card"),
        (folder / "policy.yaml", "the policy: change a limit and run `assay run` there again"),
        (folder / ".assay" / "log", "the log: a C2SP tlog-tiles folder"),
    ):
        teller.item("-", f"{path}  {words}")


def _run(folder: Path, teller: Teller, *, stage: Stage = "release") -> Released:
    project = load_project(folder)
    teller.command(f"assay run{'' if stage == 'release' else f' --stage {stage}'} --key {AUTHOR}")
    log = ProjectLog(project.log, project.config.system)
    return release.run(project, setting_of(project, key=AUTHOR, scorers=open_scorer), log, stage=stage)


def _desk(folder: Path, name: str) -> Desk:
    project = load_project(folder)
    log = ProjectLog(project.log, project.config.system)
    return consenting.open_desk(project.release(), setting_of(project), log, name=name)


def _tell_verdict(released: Released, teller: Teller) -> None:
    verdict = released.verdict
    style = {"allow": "good", "warn": "good", "deny": "bad", "undecided": "open"}[verdict.decision]
    teller.say(f"{verdict.decision.upper()}: {subject_words(verdict)}", style)
    told: dict[str, list[Finding]] = {}
    for finding in verdict.findings:
        waits = finding.check == "approvals" and verdict.decision == "deny"  # nobody approves what is denied
        if finding.status in {"fail", "unknown"} and not waits:
            told.setdefault(_named(finding, verdict), []).append(finding)
    for findings in told.values():
        _tell_finding(findings[0], verdict, teller)
        if len(findings) > 1:
            statuses = [finding.status for finding in findings[1:]]
            counts = f"{statuses.count('fail')} more fail, {statuses.count('unknown')} are not settled"
            teller.say(f"Of the same control {counts}: they are in the report.", indent=5)
    passed = list(dict.fromkeys(_named(finding, verdict) for finding in verdict.findings if finding.status == "pass"))
    passed = [name for name in passed if name not in told]
    teller.item("+", f"passed: {', '.join(passed) or 'nothing'}", "good")


def _named(finding: Finding, verdict: Verdict) -> str:
    """Return the finding's id; of data, where a control finds something of every column, the control's."""
    return finding.id if verdict.stage is UNSET else finding.control


def _tell_finding(finding: Finding, verdict: Verdict, teller: Teller) -> None:
    style = "bad" if finding.status == "fail" and finding.waiver is None else "open"
    waiver = next((use for use in verdict.consents if use.id == finding.waiver), None)
    accepted = (
        f" Accepted in writing by {waiver.by} until {waiver.expires}; it stays {finding.status}." if waiver else ""
    )
    teller.item("x" if finding.status == "fail" else "?", f"{finding.title}: {finding.reason}{accepted}", style)
    if finding.people:
        teller.say(f"In people: {finding.people}", indent=5)
    if finding.remedy and finding.waiver is None:
        teller.say(f"What to do: {finding.remedy}", indent=5)


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _readme() -> str:
    return (
        "# mortgage-approval: a demonstration\n\n"
        f"{MARK} Run that again here and it begins afresh.\n\n"
        "- `assay.yaml` says what is judged, `policy.yaml` under which limits, `card.yaml` what only people can say,\n"
        "  `trust.yaml` who the people are.\n"
        "- `data/README.md` is the datasheet of the applications.\n"
        "- `served/` holds two weeks that were made, and says how.\n"
        "- `.assay/releases/mortgage-approval/1` was denied, `2` was allowed. Open `report.html` in each.\n\n"
        "Try: `assay run --key mila`, `assay verify .assay/releases/mortgage-approval/2`,\n"
        "`assay policy lint policy.yaml`, `assay reasons give data/applications.csv --id application --key mila`.\n"
    )
