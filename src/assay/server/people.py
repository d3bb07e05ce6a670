"""People and pipelines: added, changed, shut out; their keys and the trust file that follows from them.

Whoever manages people does not choose alone whose signature counts: the key of somebody who may approve is made, or
made anew after a reset, when a second person has consented (`assay.server.two_persons`); otherwise an administrator
could reset an approver, sign in as them, and approve. Where there is no second person yet, it is made at once, and the
log says so.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import msgspec

from assay.attest.keys import parse_public_key
from assay.attest.trust import parse_trust
from assay.errors import InputError, NotThereError, RefusedError
from assay.lifecycle.keyring import DEFAULT, Keyring, read_public_keys
from assay.lifecycle.people import is_coded
from assay.lifecycle.storing import publish, shred, staging
from assay.server.permits import PERMITS, incompatible
from assay.server.signing_in import opaque, passwords
from assay.server.store import accounts, passkeys, pipelines, sessions
from assay.server.trust_written import of_pipelines, trust_file
from assay.trail.erasures import ERASER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from assay.server.acting import Role
    from assay.server.home import Home
    from assay.server.outbox import Outbox
    from assay.server.signing_in.oidc import Identity
    from assay.server.store import Rows, Store

SIGNERS: frozenset[Role] = frozenset(PERMITS["approve"]) | frozenset(PERMITS["waive"])
"""Roles whose people have a key."""

FIRST, SERVER = "administrator", "assay serve"
CODE_SECONDS = 3_600
INVITED_SECONDS = 3 * 24 * 3_600

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=,-]{0,199}\Z")


class People:
    """The people of a server.

    Args:
        store: where they are kept.
        home: whose keys and trust file they are.
        outbox: takes the events.
    """

    def __init__(self, store: Store, home: Home, outbox: Outbox) -> None:
        self._store, self._home, self._outbox = store, home, outbox
        self._keyring = Keyring(home.keys)
        self._trusting = threading.Lock()

    def first(self, *, at: int) -> str | None:
        """Return a one-time code for the first administrator; None once somebody has come in.

        Nobody has a password before. A code that was not used is worth nothing once the next is made.
        """
        with self._store.writing() as rows:
            known = accounts.every(rows)
            if any(one.name != FIRST or one.has_password or passkeys.of_account(rows, one.name) for one in known):
                return None
            if not known:
                first = accounts.Account(
                    name=FIRST, roles=("administrator",), created_by=SERVER, created_at=at, changed_at=at
                )
                accounts.add(rows, first)
                self.tell(rows, first, "created", at=at)
            return _code(rows, FIRST, by=SERVER, until=at + CODE_SECONDS)

    def add(self, account: accounts.Account, *, at: int) -> str:
        """Add a person, and return the one-time code by which they come in first.

        Raises:
            InputError: for a name that cannot be one, or is taken.
            RefusedError: for roles that one person cannot have together.
        """
        _check(account)
        with self._store.writing() as rows:
            if accounts.find(rows, account.name) or pipelines.find(rows, account.name):
                raise InputError(f"expected a new name, found {account.name}, who is known")
            accounts.add(rows, account)
            self.tell(rows, account, "created", by=account.created_by, at=at)
            return _code(rows, account.name, by=account.created_by, until=at + INVITED_SECONDS)

    def change(self, account: accounts.Account, *, by: str | None, at: int) -> None:
        """Keep what a person may do from now on; their sessions end, and what they sign counts by their new roles.

        Raises:
            RefusedError: for roles that one person cannot have together, for one's own, or the last administrator's.
        """
        _check(account)
        with self._store.writing() as rows:
            before = require_account(rows, account.name)
            if by == account.name:
                raise RefusedError("expected another administrator to change what you may do, found yourself")
            kept = msgspec.structs.replace(account, changed_at=at)
            accounts.change(rows, kept)
            _require_administrator(rows)
            sessions.close_all(rows, account.name)
            change = "permitted"
            if before.disabled != account.disabled:
                change = "disabled" if account.disabled else "enabled"
            self.tell(rows, kept, change, by=by, at=at)
        self.write_trust()

    def reset(self, name: str, *, by: str, at: int) -> str:
        """Take password, passkeys, sessions and key from a person, and return a one-time code to begin anew.

        Raises:
            RefusedError: for one's own account, or where nobody else could come in as an administrator.
        """
        with self._store.writing() as rows:
            account = require_account(rows, name)
            if by == name:
                raise RefusedError("expected another administrator to reset your account, found yourself")
            accounts.set_password(rows, name, None)
            passkeys.remove_all(rows, name)
            sessions.close_all(rows, name)
            self.tell(rows, account, "reset", by=by, at=at)
            code = _code(rows, name, by=by, until=at + CODE_SECONDS)
        self._drop_key(name)
        self.write_trust()
        return code

    def enrol(self, code: str, password: str, *, at: int) -> str:
        """Set a first password by a one-time code, and return whose it is.

        Raises:
            InputError: for a password that cannot be one; the code still holds then.
            RefusedError: for a code that is unknown, used or old, in the same words.
        """
        digest = opaque.digest(code.strip())
        with self._store.reading() as rows:
            found = accounts.find_code(rows, digest)
        if found is None:
            raise RefusedError("expected a code that holds, found an unknown, used or old one. Ask for another")
        hashed = passwords.hash_of(passwords.check_new(password, name=found.account))
        with self._store.writing() as rows:
            found = accounts.find_code(rows, digest)
            account = None if found is None else accounts.find(rows, found.account)
            if found is None or account is None or found.used_at or found.expires_at <= at or account.disabled:
                raise RefusedError("expected a code that holds, found an unknown, used or old one. Ask for another")
            accounts.use_code(rows, digest, at=at)
            accounts.set_password(rows, account.name, hashed)
            sessions.close_all(rows, account.name)
            self.tell(rows, account, "password-set", by=account.name, at=at)
        return account.name

    def vouched(self, identity: Identity, *, at: int) -> str:
        """Return the account of somebody whom a provider vouches for: made, or brought to what the groups say now.

        Raises:
            RefusedError: when it is disabled, or somebody else has its name here.
        """
        with self._store.writing() as rows:
            bound = accounts.bound_to(rows, identity.issuer, identity.subject)
            before = None if bound is None else accounts.find(rows, bound)
            account = accounts.Account(
                name=identity.account if bound is None else bound, roles=identity.roles, titles=identity.titles,
                systems=identity.systems, created_by=identity.issuer, created_at=at, changed_at=at,
            )  # fmt: skip
            _check(account)
            if before is None:
                if accounts.find(rows, account.name) or pipelines.find(rows, account.name):
                    raise RefusedError(
                        f"expected {account.name} to be nobody's account yet, found that it is: who a provider names "
                        "so is not taken for the same person. An administrator can settle it"
                    )
                accounts.add(rows, account)
                accounts.bind(rows, identity.issuer, identity.subject, account.name, at=at)
                self.tell(rows, account, "created", at=at)
                self.tell(rows, account, "identity-bound", at=at)
            elif before.disabled:
                raise RefusedError(f"expected an account that may sign in, found {before.name} disabled")
            elif (before.roles, before.titles, before.systems) != (account.roles, account.titles, account.systems):
                accounts.change(rows, account)
                sessions.close_all(rows, account.name)
                self.tell(rows, account, "permitted", at=at)
        if signs(account):  # the provider says who it is; no administrator here chose
            self.make_key(account.name, by=None, at=at)
        self.write_trust()
        return account.name

    def make_key(self, name: str, *, by: str | None, at: int, anew: bool = False) -> None:
        """Make the key that a person signs with; one that is there is left, or replaced.

        Raises:
            NotThereError: when there is no such person.
            RefusedError: when nothing that they may do is signed.
        """
        with self._store.reading() as rows:
            if not signs(require_account(rows, name)):
                raise RefusedError(f"expected somebody with a role that signs, found {name}, who has none")
        there = name in self._keyring.names()
        if there and not anew:
            return
        if there:
            self._drop_key(name)
        made = self._keyring.signer(name)
        with self._store.writing() as rows:
            account = require_account(rows, name)
            change = "key-rotated" if there else "key-made"
            self.tell(rows, account, change, by=by, key_sha256=made.key_id, at=at)
        self.write_trust()

    def has_key(self, name: str) -> bool:
        """Say whether somebody has a key to sign with."""
        return name in self._keyring.names()

    def register(self, pipeline: pipelines.Pipeline, *, at: int) -> None:
        """Register a pipeline.

        Raises:
            InputError: for a name that cannot be one, or is taken, without systems, or with a key that is none.
        """
        check_pipeline(pipeline)
        with self._store.writing() as rows:
            if accounts.find(rows, pipeline.name) or pipelines.find(rows, pipeline.name):
                raise InputError(f"expected a new name, found {pipeline.name}, which is known")
            pipelines.add(rows, pipeline)
            self._tell_pipeline(rows, pipeline, "registered", by=pipeline.created_by, at=at)
        self.write_trust()

    def pipeline(self, name: str) -> pipelines.Pipeline:
        """Return a pipeline.

        Raises:
            NotThereError: when there is none.
        """
        with self._store.reading() as rows:
            found = pipelines.find(rows, name)
        if found is None:
            raise NotThereError(f"expected a pipeline, found none named {name!r:.80}")
        return found

    def change_pipeline(self, pipeline: pipelines.Pipeline, change: str, *, by: str, at: int) -> None:
        """Keep what a pipeline may do from now on; its tokens end.

        Raises:
            InputError: without systems, or with a key that is none.
        """
        check_pipeline(pipeline)
        with self._store.writing() as rows:
            pipelines.change(rows, msgspec.structs.replace(pipeline, changed_at=at))
            self._tell_pipeline(rows, pipeline, change, by=by, at=at)
        self.write_trust()

    def make_secret(self, name: str, *, by: str, at: int) -> str:
        """Make a pipeline's secret, in the place of the one before, and return it to be shown once."""
        pipeline, secret = self.pipeline(name), opaque.make()
        with self._store.writing() as rows:
            pipelines.set_secret(rows, name, opaque.digest(secret))
            self._tell_pipeline(rows, pipeline, "secret-made", by=by, at=at)
        return secret

    def _tell_pipeline(self, rows: Rows, pipeline: pipelines.Pipeline, change: str, *, by: str, at: int) -> None:
        fields = {"pipeline": pipeline.name, "change": change, "systems": list(pipeline.systems)}
        self._outbox.say(rows, "pipeline.changed", fields, people={"by": by}, at=at)

    def _drop_key(self, name: str) -> None:
        for path in (self._home.keys / f"{name}.pem", self._home.keys / f"{name}.pub"):
            shred(path)

    def write_trust(self) -> None:
        """Write the trust file anew, whole or not at all: who may sign, by which key, in which roles.

        Who is disabled, or has no key yet, is not in it; who was erased is, by a pseudonym and a key that nobody has.
        """
        with self._trusting:
            with self._store.reading() as rows:
                entries = [*self._of_people(rows), *of_pipelines(rows), *self._own()]
            content = trust_file(entries)
            parse_trust(content)  # what cannot be read is not put in the place of what can
            with staging(self._home.trust) as stage:
                publish(stage, self._home.root, {self._home.trust.name: content})

    def _of_people(self, rows: Rows) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        keys = read_public_keys(self._home.keys)
        for one in accounts.every(rows):
            if (not one.disabled or is_coded(one.name)) and signs(one) and one.name in keys:
                yield one.name, keys[one.name].pem(), (*one.roles, *one.titles)

    def _own(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield the server's own key: it signs erasures that two persons have agreed to; nothing else counts by it."""
        key = read_public_keys(self._home.keys).get(DEFAULT)
        if key is not None:
            yield SERVER, key.pem(), (ERASER,)

    def require_dispensable(self, name: str) -> None:
        """Refuse to let the last administrator go.

        Raises:
            RefusedError: when nobody else could let anybody in.
        """
        with self._store.reading() as rows:
            left = [one for one in accounts.every(rows) if "administrator" in one.roles and not one.disabled]
        if [one.name for one in left] == [name]:
            raise RefusedError(f"expected another administrator beside {name}, found none: make another one first")

    def tell(
        self, rows: Rows, account: accounts.Account, change: str, *, at: int, by: str | None = None,
        key_sha256: str | None = None,
    ) -> None:  # fmt: skip
        """Say in the log that an account has changed."""
        fields = {
            "change": change, "roles": [*account.roles, *account.titles], "systems": list(account.systems or ()),
            "key_sha256": key_sha256,
        }  # fmt: skip
        self._outbox.say(rows, "account.changed", fields, people={"account": account.name, "by": by}, at=at)


def signs(account: accounts.Account) -> bool:
    """Say whether somebody has a role that signs."""
    return bool(SIGNERS & set(account.roles))


def require_account(rows: Rows, name: str) -> accounts.Account:
    """Return an account.

    Raises:
        NotThereError: when there is none.
    """
    found = accounts.find(rows, name)
    if found is None:
        raise NotThereError(f"expected an account, found none named {name!r:.80}")
    return found


def check_pipeline(pipeline: pipelines.Pipeline) -> None:
    """Check what an administrator says of a pipeline.

    Raises:
        InputError: for a name, a system or a key that cannot be one.
    """
    if not _NAME.match(pipeline.name):
        raise InputError(f"pipeline: expected letters, digits, '.', '_', '@' or '-', found {pipeline.name!r:.80}")
    if not pipeline.systems:
        raise InputError(f"pipeline {pipeline.name}: expected at least one system that it writes for, found none")
    _check_words("system", pipeline.systems)
    for key in pipeline.public_keys:
        parse_public_key(key, name=f"public key of {pipeline.name}")


def _check(account: accounts.Account) -> None:
    if not _NAME.match(account.name):
        raise InputError(
            f"name: expected letters, digits, '.', '_', '@' or '-', beginning with a letter or digit, found "
            f"{account.name!r:.80}"
        )
    if not account.roles or "pipeline" in account.roles:
        raise InputError(
            f"{account.name}: expected at least one role of a person, found {', '.join(account.roles) or 'none'}"
        )
    wrong = list(incompatible(account.roles))
    if wrong:
        raise RefusedError("; ".join(wrong))
    _check_words("title", account.titles)
    _check_words("system", account.systems or ())
    taken = sorted(set(account.titles) & {"pipeline", "developer", "validator", "approver", "auditor", "administrator"})
    if taken:
        raise InputError(f"{account.name}: expected titles beside the roles, found {', '.join(taken)}, which is a role")


def _check_words(what: str, words: Sequence[str]) -> None:
    wrong = [word for word in words if not _WORD.match(word)]
    if wrong:
        raise InputError(f"{what}: expected letters, digits and . _ : / + = , -, found {wrong[0]!r:.80}")


def _require_administrator(rows: Rows) -> None:
    """Refuse what leaves nobody who could let anybody in."""
    if not any("administrator" in one.roles and not one.disabled for one in accounts.every(rows)):
        raise RefusedError("expected an administrator to be left, found none: make another one first")


def _code(rows: Rows, account: str, *, by: str, until: int) -> str:
    code = opaque.make()
    accounts.give_code(rows, opaque.digest(code), accounts.Enrolment(account=account, created_by=by, expires_at=until))
    return code
