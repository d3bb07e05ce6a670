"""Which model an image holds, by what pipelines have signed into the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.trail import projection
from assay.trail.delivered import apart_among

if TYPE_CHECKING:
    from assay.trail.projection import Connection
    from assay.trail.reading import Read

BUILT = "image.built"


def builds_of(connection: Connection, image_sha256: str, *, size: int) -> list[Read]:
    """Return the entries that say what an image holds: signed by a known key, not corrected since, and believed here.

    What a pipeline delivered about another's model is kept and not believed (`assay.trail.delivered`).

    They are looked up by what they are about, as `assay.trail.events.make_event` has it; an entry that was recorded as
    being about something else is not found.

    Args:
        connection: a projection that reaches the size.
        image_sha256: digest of the image's manifest.
        size: entries that count.

    Raises:
        VerificationError: when the projection lags the size.
    """
    projection.require(connection, size)
    about = "SELECT DISTINCT idx FROM subject WHERE sha256 = ? AND idx < ? ORDER BY idx"
    found = [projection.at_index(connection, idx) for (idx,) in connection.execute(about, (image_sha256, size))]
    said = [one for one in found if one is not None and one.type == BUILT and one.counts and one.event is not None]
    kept = [one for one in said if one.event is not None and one.event.fields.image_sha256 == image_sha256]
    if not kept:
        return []
    later = (
        "SELECT corrects, idx FROM event WHERE type = ? AND corrects IS NOT NULL AND signature = 'holds' AND idx < ?"
    )
    corrections = dict.fromkeys(connection.execute(later, (BUILT, size)))
    apart = apart_among(connection, {one.index for one in kept} | {idx for _, idx in corrections}, size)
    corrected = {before for before, idx in corrections if before < idx and idx not in apart}
    return [one for one in kept if one.index not in corrected | apart]
