"""`assay approve`, `assay waive`, `assay revoke`: what people sign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assay.cli._push import deliver_to_server, server_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.lifecycle.consenting import Desk

_RELEASE = click.argument("release", required=False, type=click.Path(path_type=Path))


def _signer(verb: Callable[..., None]) -> Callable[..., None]:
    verb = click.option("--key", type=Path, help="Private key file (default: .assay/keys/NAME.pem).")(verb)
    verb = server_option(verb)
    return click.option("--as", "name", required=True, help="Who signs: the name of a key, as in the trust file.")(verb)


def _next(desk: Desk) -> str:
    return f"Decide again with: assay gate {desk.evidence_path}"


@click.command()
@_RELEASE
@_signer
@click.option("--role", required=True, help="The role in which you consent; the trust file must give it to you.")
@click.option("--comment", default="", help="Words kept beside the release; only their digest enters the log.")
def approve(release: Path | None, name: str, key: Path | None, role: str, comment: str, server: str | None) -> None:
    """Consent, signed, to exactly what was tested: this model, data, policy and evidence. Void when one changes.

    RELEASE is a release folder (default: the version in assay.yaml). The author cannot approve.

    \b
    Example:
      assay approve .assay/releases/mortgage-approval/2 --as vera --role validator
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters.here import open_desk, project_of  # noqa: PLC0415 - only when called
    from assay.lifecycle import consenting  # noqa: PLC0415

    desk = open_desk(release, name=name, key=key)
    consenting.approve(desk, role=role, comment=comment)
    click.echo(f"{name} approved {desk.title} as {role}. {_next(desk)}", err=True)
    deliver_to_server(project_of(release), server)


@click.command()
@_RELEASE
@_signer
@click.option("--control", required=True, help="The control, or control/finding, whose failing is accepted.")
@click.option("--role", required=True, help="The role in which you accept; the policy must permit it.")
@click.option("--reason", required=True, help="Why the risk is acceptable.")
@click.option("--compensating", required=True, help="What limits the harm meanwhile.")
@click.option("--expires", required=True, metavar="YYYY-MM-DD", help="Last day on which it holds.")
def waive(
    release: Path | None,
    name: str,
    key: Path | None,
    control: str,
    role: str,
    reason: str,
    compensating: str,
    expires: str,
    server: str | None,
) -> None:
    """Accept the risk of one finding, signed, until a date. The finding stays what it is, and the report says so.

    \b
    Example:
      assay waive --as rosa --role risk-owner --control race-gap --expires 2027-02-01 \\
        --reason "..." --compensating "every denial is read by a second underwriter"
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters.here import open_desk, project_of  # noqa: PLC0415 - only when called
    from assay.lifecycle import consenting  # noqa: PLC0415

    desk = open_desk(release, name=name, key=key)
    consenting.waive(desk, control=control, role=role, reason=reason, compensating=compensating, expires=expires)
    click.echo(
        f"{name} accepted {control} of {desk.title} until {expires}. {_next(desk)}",
        err=True,
    )
    deliver_to_server(project_of(release), server)


@click.command()
@click.argument("consent")
@_RELEASE
@_signer
@click.option("--reason", required=True, help="Why.")
def revoke(consent: str, release: Path | None, name: str, key: Path | None, reason: str, server: str | None) -> None:
    """Take back an approval or a waiver (CONSENT is its id, as the verdict names it), signed.

    \b
    Example:
      assay revoke 1f0c9a2b77e4d310 --as vera --reason "the sample was not the one we thought"
    """  # noqa: D301 - click's own mark for text that is not to be wrapped
    from assay.adapters.here import open_desk, project_of  # noqa: PLC0415 - only when called
    from assay.lifecycle import consenting  # noqa: PLC0415

    desk = open_desk(release, name=name, key=key)
    consenting.revoke(desk, consent, reason=reason)
    click.echo(
        f"{name} revoked {consent} of {desk.title}. Decide again with: assay gate {desk.evidence_path}", err=True
    )
    deliver_to_server(project_of(release), server)
