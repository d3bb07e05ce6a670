"""What people do: approve, waive, revoke. Each act is a signed file beside the release; the log holds its digest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from assay.attest import dsse
from assay.attest.consent import Act, consent_entry, consent_id, consent_statement, read_consent
from assay.attest.keys import Signer, parse_private_key
from assay.attest.statement import EVIDENCE, VERDICT
from assay.errors import InputError, VerificationError, suggest
from assay.lifecycle.project import read_file
from assay.lifecycle.setting import now
from assay.lifecycle.storing import publish, staging
from assay.policy.consents import may_revoke, refusal_of
from assay.records.canonical import parse_record, sha256_hex
from assay.records.consent import Approval, Bound, Revocation, SignedConsent, Waiver
from assay.records.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from assay.attest.trust import Trust
    from assay.lifecycle.setting import Log, Setting

CONSENTS = "consents"


def consent_files(paths: Iterable[Path]) -> dict[str, bytes]:
    """Return consents, and the approvers' words beside them, by the name that they have in a release folder.

    Args:
        paths: files of consents, folders of them, or release folders; a folder that is not there holds none.

    Raises:
        InputError: when a file cannot be read.
    """
    found: dict[str, bytes] = {}
    for path in paths:
        folder = path / CONSENTS if (path / CONSENTS).is_dir() else path
        files = sorted(folder.glob("*.json")) if folder.is_dir() or path.name == CONSENTS else [path]
        for file in files:
            for one, what in ((file, "a consent"), (file.with_suffix(".txt"), "the approver's words")):
                if one is file or one.is_file():
                    found[f"{CONSENTS}/{one.name}"] = read_file(one, what)
    return found


def read_consents(files: Mapping[str, bytes], trust: Trust) -> tuple[SignedConsent, ...]:
    """Read every approval, waiver and revocation among some files; what does not count is told, not left out.

    Args:
        files: consents and words, as `consent_files` returns them.
        trust: who people are.

    Raises:
        DocumentError: for a file that is not a consent.
        VerificationError: for a consent whose parts contradict each other.
    """
    found = []
    for path, content in sorted(files.items()):
        name = path.removeprefix(f"{CONSENTS}/")
        if name.endswith(".json"):
            comment = files.get(path.removesuffix(".json") + ".txt", b"").decode("utf-8", "replace")
            found.append(read_consent(dsse.parse(content, name=name), trust, comment=comment, name=name))
    return tuple(found)


@dataclass(frozen=True)
class Desk:
    """One person before one decided release.

    Attributes:
        folder: the release's folder.
        verdict: the verdict that lies there.
        setting: policy, trust and keys.
        signer: the key that the person signs with.
        log: where the act is recorded.
    """

    folder: Path
    verdict: Verdict
    setting: Setting
    signer: Signer
    log: Log

    @property
    def title(self) -> str:
        """The release's name and version."""
        return f"{self.verdict.model} {self.verdict.version}"

    @property
    def evidence_path(self) -> Path:
        """The evidence that is decided on anew after the act."""
        return self.folder / EVIDENCE

    @property
    def bound(self) -> Bound:
        """The digests that the act is bound to."""
        return Bound(
            model_sha256=self.verdict.model_sha256,
            datasets=self.verdict.datasets,
            policy_sha256=self.verdict.policy.sha256,
            evidence_sha256=self.verdict.evidence_sha256,
        )

    def sign(self, act: Act, *, revoked_sha256: str | None = None, words: str = "") -> str:
        """Sign an act, record it in the log and keep it beside the release; return its id."""
        payload = consent_statement(act, revoked_sha256=revoked_sha256)
        envelope = dsse.sign(payload, [self.signer])
        identity = consent_id(payload)
        contents = {f"{identity}.json": envelope.content()}
        if words:
            contents[f"{identity}.txt"] = words.encode()
        with staging(self.folder / CONSENTS) as stage:
            # Who consented, and in which words, stays beside the release, where it can be erased.
            self.log.append([consent_entry(envelope)])
            publish(stage, self.folder / CONSENTS, contents)
        return identity

    def require_role(self, role: str) -> None:
        """Check that the trust file knows the signer in this role.

        Raises:
            InputError: naming the roles that it gives.
        """
        known = self.setting.trust.identity_of(self.signer.key_id)
        if known is None:
            raise InputError(
                f"expected the key of {self.signer.name} in the trust file, found it for nobody: an act by an unknown "
                "key counts for nothing. Add the person there (assay keys public NAME prints the key)"
            )
        name, roles = known
        if name != self.signer.name:
            raise InputError(f"expected to sign as {name}, whose key this is, found {self.signer.name}")
        if role not in roles:
            raise InputError(f"expected a role of {name} ({', '.join(roles)}), found {role!r}{suggest(role, roles)}")


def open_desk(folder: Path, setting: Setting, log: Log, *, name: str, key: Path | None = None) -> Desk:
    """Put a person before a decided release.

    Args:
        folder: the release's folder.
        setting: policy, trust and keys.
        log: where the act is recorded.
        name: who signs, as the trust file names them.
        key: private key file; by default the key of that name in the project.

    Raises:
        InputError: when release, key or person is missing.
        VerificationError: when the verdict was decided on other evidence than lies beside it.
    """
    verdict = parse_record(read_file(folder / VERDICT, "a decided release"), Verdict, name=VERDICT)
    if sha256_hex(read_file(folder / EVIDENCE, "evidence")) != verdict.evidence_sha256:
        raise VerificationError(
            f"{folder / VERDICT} was decided on other evidence than lies beside it: nobody can consent to that. "
            f"Decide again with: assay gate {folder / EVIDENCE}"
        )
    if key is not None:
        signer = Signer(name, parse_private_key(read_file(key, "a private key"), name=str(key)))
    elif name in setting.keyring.names():
        signer = setting.keyring.signer(name)
    else:
        near = suggest(name, setting.keyring.names())
        raise InputError(
            f"expected the key of {name} in {setting.keyring.folder}, found none{near}. Make one with: "
            f"assay keys new {name} (or name a file with --key)"
        )
    return Desk(folder=folder, verdict=verdict, setting=setting, signer=signer, log=log)


def approve(desk: Desk, *, role: str, comment: str = "") -> str:
    """Sign an approval of exactly what was decided on; return its id.

    Raises:
        InputError: when the person has not that role, or is the author.
    """
    desk.require_role(role)
    _refuse_author(desk, "approve")
    act = Approval(role=role, by=desk.signer.name, bound=desk.bound, comment=comment, at=now(), salt=_salt())
    return desk.sign(act, words=comment)


def waive(desk: Desk, *, control: str, role: str, reason: str, compensating: str, expires: str) -> str:
    """Sign the acceptance of a finding until a day; return its id.

    Raises:
        InputError: for an unknown control, a day that is none, or a person who has not that role.
    """
    desk.require_role(role)
    _refuse_author(desk, "waive")
    known = [finding.control for finding in desk.verdict.findings] + [finding.id for finding in desk.verdict.findings]
    if control not in known:
        raise InputError(
            f"expected a control or finding of {desk.title}, found {control!r}{suggest(control, known)}. "
            f"They are: {', '.join(dict.fromkeys(known))}"
        )
    try:
        date.fromisoformat(expires)
    except ValueError:
        raise InputError(f"expected the last day as YYYY-MM-DD, found {expires!r}") from None
    for what, text in (("reason", reason), ("compensating control", compensating)):
        if not text.strip():
            raise InputError(f"expected a {what}, found an empty text")
    act = Waiver(
        model=desk.verdict.model,
        version=desk.verdict.version,
        control=control,
        role=role,
        by=desk.signer.name,
        reason=reason,
        compensating=compensating,
        expires=expires,
        bound=desk.bound,
        at=now(),
        salt=_salt(),
    )
    _refuse_useless(desk, act)
    return desk.sign(act)


def _refuse_useless(desk: Desk, act: Waiver) -> None:
    """Refuse a waiver that no gate would obey, while the person who signs is there to hear why."""
    policy, wrong = desk.setting.policy, None
    if policy.sha256 == desk.verdict.policy.sha256:
        wrong = refusal_of(policy, act, at=act.at)
    elif act.expires < act.at[:10]:
        wrong = f"expired on {act.expires}"  # all that can be said without the policy that it was decided under
    if wrong is not None:
        raise InputError(f"this waiver would not be obeyed, so nothing was signed: {wrong}")


def _salt() -> str:
    """Return 128 random bits: without them, whoever knows the rest of a consent could guess its name from its id."""
    return secrets.token_urlsafe(16)


def revoke(desk: Desk, consent: str, *, reason: str) -> str:
    """Sign the withdrawal of an approval or waiver, by its id; return the revocation's id.

    Raises:
        InputError: when there is no such consent, or it is neither the signer's own nor theirs to take back.
    """
    path = desk.folder / CONSENTS / f"{consent}.json"
    if not path.is_file():
        known = sorted(found.stem for found in path.parent.glob("*.json"))
        raise InputError(
            f"expected the id of a consent of {desk.title}, found {consent!r}{suggest(consent, known)}. "
            f"They are: {', '.join(known) or 'none'}"
        )
    envelope = dsse.parse(read_file(path, "a consent"), name=path.name)
    payload = dsse.decode_base64(envelope.payload, path.name)
    given = read_consent(envelope, desk.setting.trust, name=path.name)
    roles = (desk.setting.trust.identity_of(desk.signer.key_id) or ("", ()))[1]
    if given.signer != desk.signer.name and not may_revoke(desk.setting.policy, roles):
        raise InputError(
            f"expected {given.signer or 'whoever gave it'}, or somebody in a role that the policy names for approvals "
            f"or waivers, to take {consent} back, found {desk.signer.name} ({', '.join(roles) or 'nobody known'}): no "
            "gate would obey it, so nothing was signed"
        )
    act = Revocation(revokes=consent, by=desk.signer.name, reason=reason, at=now(), salt=_salt())
    return desk.sign(act, revoked_sha256=sha256_hex(payload))


def _refuse_author(desk: Desk, act: str) -> None:
    verdict_author = desk.setting.project.config.model.author if desk.setting.project is not None else None
    if desk.signer.name == verdict_author:
        raise InputError(
            f"expected somebody else than the author to {act}, found {verdict_author}, who made this version"
        )
