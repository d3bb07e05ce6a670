"""`assay serving check`: is what runs what was approved?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli.options import format_option, print_machine, project_option
from assay.cli.release import CODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assay.lifecycle.serving import Checked, Serving

_MARKS = {
    "approved": "approved    ",
    "lapsed": "LAPSED      ",
    "not-approved": "NOT APPROVED",
    "unknown": "unknown     ",
}


@click.group()
def serving() -> None:
    """Compare what runs with what was approved.

    \b
    Example:
      assay serving check --folder /srv/models/credit
    """  # noqa: D301 - click's own mark for text that is not to be wrapped


@serving.command()
@project_option
@click.option("--folder", "folders", type=Path, multiple=True, help="The folder, or file, that a model is served from.")
@click.option("--manifest", "manifests", type=Path, multiple=True, help="A Kubernetes manifest; - reads it.")
@click.option("--endpoint", "endpoints", multiple=True, metavar="URL", help="An address that tells the digest in JSON.")
@click.option("--field", default="model_sha256", show_default=True, help="Where the digest stands in that JSON: a.b.c.")
@click.option("--mlflow", metavar="URL", help="An MLflow server; with --model, and --alias or --version.")
@click.option("--model", help="The registered model in MLflow (default: the project's).")
@click.option("--alias", help="The alias that serves, such as champion.")
@click.option("--version", help="The version, instead of an alias.")
@format_option("text", "json")
def check(
    project: Path | None,
    folders: tuple[Path, ...],
    manifests: tuple[Path, ...],
    endpoints: tuple[str, ...],
    field: str,
    mlflow: str | None,
    model: str | None,
    alias: str | None,
    version: str | None,
    form: str,
) -> int:
    """Say whether what runs is what was approved, and whether the approval still stands.

    What runs is known by the digest over its files: hashed in a folder and in an MLflow registry; reported by the
    annotation assay/model-sha256 of a Kubernetes workload, and by an endpoint. A release stands while its record
    verifies and today's time changes nothing: evidence ages, waivers and approvals end.

    \b
    Examples:
      assay serving check --folder /srv/models/credit
      assay serving check --manifest deployment.yaml --endpoint http://credit.internal/health --field model.sha256
      assay serving check --mlflow http://mlflow.internal:5000 --alias champion

    \b
    Exit codes: 0 all of it is approved, 1 something is not or has lapsed, 2 wrong input, 3 it cannot be told.
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters import here  # noqa: PLC0415 - only when called
    from assay.errors import InputError  # noqa: PLC0415
    from assay.lifecycle.serving import overall  # noqa: PLC0415

    if not (folders or manifests or endpoints or mlflow):
        raise InputError("expected a place where a model runs: give --folder, --manifest, --endpoint or --mlflow")
    found = here.project_at(project)
    running = [
        *_places(folders, manifests, endpoints, field),
        *_registered(mlflow, model or found.config.model.name, alias, version),
    ]
    checked = here.check_serving(running, found)
    print_machine(_document(checked) if form == "json" else _text(checked))
    return CODES[overall(checked)]


def _places(folders: Sequence[Path], manifests: Sequence[Path], endpoints: Sequence[str], field: str) -> list[Serving]:
    from assay.adapters.serving_places import at_endpoint, in_folder, in_manifest  # noqa: PLC0415 - only when called

    found = [in_folder(path) for path in folders]
    found += [one for path in manifests for one in in_manifest(path)]
    return found + [at_endpoint(address, field=field) for address in endpoints]


def _registered(server: str | None, model: str, alias: str | None, version: str | None) -> list[Serving]:
    if server is None:
        return []
    from assay.adapters.mlflow_registry import in_registry  # noqa: PLC0415 - only when called

    return [in_registry(server, model, alias=alias, version=version)]


def _text(checked: Sequence[Checked]) -> str:
    return "\n".join(f"{_MARKS[one.status]}  {one.serving.where}\n              {one.words}" for one in checked) + "\n"


def _document(checked: Sequence[Checked]) -> str:
    from dataclasses import asdict  # noqa: PLC0415 - only when called

    import msgspec  # noqa: PLC0415

    listed = [{**asdict(one.serving), **asdict(one), "serving": None} for one in checked]
    for one in listed:
        del one["serving"]
    return msgspec.json.format(msgspec.json.encode({"serving": listed}), indent=1).decode()
