"""Events about a server as such: who has read what."""

from __future__ import annotations

from assay.trail.fields import Fields, Label, Name, Person


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
