"""Events about a server as such: who has read what, and whose policy is in force."""

from __future__ import annotations

from assay.trail.fields import Fields, Label, Name, Person, Sha256


class RecordRead(Fields, kw_only=True):
    """Somebody has read what not everybody lists.

    Attributes:
        what: what kind of thing, such as ``model-version``.
        which: the page or file, as the path of its address.
        by: who; none for a pipeline.
        pipeline: which; none for a person.
    """

    what: Name
    which: Label
    by: Person | None = None
    pipeline: Name | None = None


class PolicyAdopted(Fields, kw_only=True):
    """Somebody has put a policy in force for a system: from then on the server decides under it.

    Attributes:
        system: the AI system.
        policy: the policy's name.
        version: its version.
        policy_sha256: its digest.
        before_sha256: digest of the one that was in force before; none for the first.
        by: who adopted it.
    """

    system: Label
    policy: Label
    version: Label
    policy_sha256: Sha256
    before_sha256: Sha256 | None = None
    by: Person
