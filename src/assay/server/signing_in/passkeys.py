"""Passkeys (Web Authentication level 2, https://www.w3.org/TR/webauthn-2/): registered, and signed in by.

The device must have verified its user (PIN, finger, face), the origin and the relying party must be exactly ours, a
challenge is random, bound to the browser that asked, and answered once within five minutes. A count of signatures that
does not grow tells of a copied device: it is refused.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

import msgspec
import webauthn
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from assay.errors import InputError, RefusedError
from assay.records.canonical import parse_record
from assay.server.signing_in import opaque
from assay.server.store import passkeys, sessions

if TYPE_CHECKING:
    from assay.server.signing_in.cookies import Site
    from assay.server.store import Rows, Store

FLOW_SECONDS = 300
MOST_PASSKEYS = 20
_LONGEST_LABEL = 60
_MOST_ANSWER_BYTES = 16_384
_REGISTER, _SIGN_IN = "passkey-register", "passkey"


class _Flow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    challenge: str
    account: str | None


def begin_registering(rows: Rows, site: Site, account: str, handle: str, holder: str, *, at: int) -> dict[str, Any]:
    """Return what a browser needs to make a passkey (PublicKeyCredentialCreationOptions).

    Args:
        rows: a transaction that writes.
        site: where we are.
        account: whose it will be.
        handle: what the device keeps of whose it is: no name, since it may show it to others.
        holder: the browser's cookie, or its digest.
        at: now.

    Raises:
        InputError: when the account has many already.
    """
    there = passkeys.of_account(rows, account)
    if len(there) >= MOST_PASSKEYS:
        raise InputError(f"expected fewer than {MOST_PASSKEYS} passkeys, found {len(there)}. Remove one first")
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name="Assay",
        user_name=account,
        user_id=handle.encode(),
        timeout=FLOW_SECONDS * 1000,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=_bytes(one.id)) for one in there],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    _begin(rows, _REGISTER, holder, _Flow(_text(options.challenge), account), at=at)
    return options_to_json_dict(options)


def finish_registering(
    store: Store, site: Site, answer: str, *, holder: str, account: str, label: str, at: int
) -> passkeys.Passkey:
    """Keep a passkey that a device has made.

    Args:
        store: where.
        site: where we are.
        answer: what the browser returned, JSON.
        holder: the browser's cookie, or its digest.
        account: whose it is.
        label: what the person calls it.
        at: now.

    Raises:
        RefusedError: when it does not hold.
    """
    flow = _ended(store, _REGISTER, holder, at)
    if flow.account != account:
        raise RefusedError("expected a passkey of who began, found another's. Begin again")
    try:
        found = webauthn.verify_registration_response(
            credential=_credential(answer),
            expected_challenge=_bytes(flow.challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except WebAuthnException as error:
        raise RefusedError(f"expected a passkey made for {site.origin}, found: {error}") from None
    made = passkeys.Passkey(
        id=_text(found.credential_id),
        account=account,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        label=" ".join(label.split())[:_LONGEST_LABEL] or "passkey",
        synced=found.credential_backed_up,
        created_at=at,
    )
    with store.writing() as rows:
        if passkeys.find(rows, made.id) is not None:
            raise RefusedError("expected a new passkey, found one that is registered")
        passkeys.add(rows, made)
    return made


def begin_signing_in(rows: Rows, site: Site, holder: str, *, at: int) -> dict[str, Any]:
    """Return what a browser needs to sign in (PublicKeyCredentialRequestOptions); whose it is, the passkey tells."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host, timeout=FLOW_SECONDS * 1000, user_verification=UserVerificationRequirement.REQUIRED
    )
    _begin(rows, _SIGN_IN, holder, _Flow(_text(options.challenge), None), at=at)
    return options_to_json_dict(options)


def finish_signing_in(store: Store, site: Site, answer: str, *, holder: str, at: int) -> str:
    """Return the account whose passkey has answered.

    Raises:
        RefusedError: in the same words whether the passkey is unknown or does not hold.
    """
    wrong = RefusedError("expected the answer of a passkey that is registered here, found another")
    flow = _ended(store, _SIGN_IN, holder, at)
    credential = _credential(answer)
    with store.reading() as rows:
        known = passkeys.find(rows, str(credential.get("id", "")))
    if known is None:
        raise wrong
    try:
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=_bytes(flow.challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except WebAuthnException:
        raise wrong from None
    with store.writing() as rows:
        passkeys.used(rows, known.id, sign_count=found.new_sign_count, at=at)
    return known.account


def _begin(rows: Rows, kind: str, holder: str, flow: _Flow, *, at: int) -> None:
    content = msgspec.json.encode(flow).decode()
    sessions.begin_flow(rows, opaque.digest(f"{kind}.{holder}"), kind, content, expires_at=at + FLOW_SECONDS)


def _ended(store: Store, kind: str, holder: str, at: int) -> _Flow:
    """End a flow for good, whatever comes of the answer: a challenge is answered once."""
    with store.writing() as rows:
        kept = sessions.end_flow(rows, opaque.digest(f"{kind}.{holder}"), kind, at=at)
    if kept is None:
        raise RefusedError("expected the answer to what this browser began, found none or an old one. Begin again")
    return parse_record(kept.encode(), _Flow, name="flow")


def _credential(answer: str) -> dict[str, Any]:
    try:
        found = json.loads(answer) if len(answer) <= _MOST_ANSWER_BYTES else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise RefusedError("expected the answer of a passkey, found something else")
    return found


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
