"""Whose erasures count in a release that is delivered: of people here, and of the project's officers as accepted.

An erasure takes the place of bytes that were signed, so who may erase is never taken from the delivery itself. It shows
the keys of the project's data-protection officers; one that has signed an erasure, and is not accepted, waits for an
administrator, and the release with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.attest import dsse
from assay.attest.keys import PUBLISHED_TEST_KEYS, parse_public_key
from assay.attest.trust import Person, Trust
from assay.errors import VerificationError
from assay.lifecycle.verified_erasures import ERASURES
from assay.trail.erasures import ERASER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assay.attest.keys import PublicKey
    from assay.lifecycle.receiving_checks import Pipeline
    from assay.records.delivery import Delivery


class UnknownOfficersError(VerificationError):
    """Somebody has erased in a release whom nobody here has accepted: their keys wait for an administrator.

    Attributes:
        keys: the keys.
    """

    def __init__(self, message: str, keys: tuple[PublicKey, ...]) -> None:
        self.keys = keys
        super().__init__(message)


def who_erases(name: str, contents: Mapping[str, bytes], delivery: Delivery, pipeline: Pipeline, trust: Trust) -> Trust:
    """Return the people whose erasures count in a release; nobody, where nothing was erased.

    Args:
        name: the release, for messages.
        contents: its files.
        delivery: what it came in, with the keys of the project's officers.
        pipeline: who delivers, with the officers' keys that are accepted.
        trust: the people that this server knows.

    Raises:
        UnknownOfficersError: when a key has erased that nobody has accepted.
        VerificationError: when it is a key that may not erase, or none that is shown.
        DocumentError: when an erasure is none.
    """
    erased = [file for file in contents if file.startswith(f"{ERASURES}/") and file.endswith(".dsse.json")]
    if not erased:
        return Trust()
    known = {one.key.key_id for one in trust.people}
    accepted = [one for one in pipeline.officers if one.key_id not in known]
    known |= {one.key_id for one in accepted}
    shown = {one.key_id: one for one in (parse_public_key(text, name="officers") for text in delivery.officers)}
    unknown: dict[str, PublicKey] = {}
    for file in erased:
        envelope = dsse.parse(contents[file], name=f"{name}: {file}")
        if not known & {one.keyid for one in envelope.signatures}:
            signers = _signers(f"{name}: {file}", envelope, shown)
            unknown |= {one.key_id: one for one in signers}
    if unknown:
        _require_apart(name, unknown, pipeline)
        raise UnknownOfficersError(
            f"{name}: expected erasures by somebody whom this server knows as one who may erase, found some by the key "
            f"{', '.join(f'{one:.16}' for one in unknown)}, which no administrator of the server has accepted. Ask one "
            "to (People, Logs), and push again. Until then the release is not taken",
            tuple(unknown.values()),
        )
    officers = (Person(f"officer {one.key_id:.8} of {pipeline.name}", one, (ERASER,)) for one in accepted)
    return Trust((*trust.people, *officers))


def _signers(name: str, envelope: dsse.Envelope, shown: Mapping[str, PublicKey]) -> tuple[PublicKey, ...]:
    try:
        return dsse.verify(envelope, tuple(shown.values())).keys
    except VerificationError as error:
        raise VerificationError(
            f"{name}: expected an erasure by the key of somebody with the role {ERASER}, known here or shown with the "
            f"delivery, found none ({error}). The project's trust file names who may erase"
        ) from None


def _require_apart(name: str, keys: Mapping[str, PublicKey], pipeline: Pipeline) -> None:
    """Refuse keys by which nobody may erase: a pipeline's own, and those that everybody has."""
    own = {one.key_id for one in pipeline.keys}
    wrong = [one for one in keys if one in own or one in PUBLISHED_TEST_KEYS]
    if wrong:
        what = "signs the pipeline's evidence" if wrong[0] in own else "is a published test key"
        raise VerificationError(f"{name}: expected a key of a person who may erase, found {wrong[0]:.16}, which {what}")
