"""A trail narrowed to some models: the entries that may bear on them, found by their marks.

Too many is safe and too few is not. So an entry is in it where nobody can tell that it is about others: what was
imported as a whole file, and the digest of a consent whose words are not at hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assay.trail.marks import FILES, MODEL, reached
from assay.trail.projection import require, select_indices
from assay.trail.reading import CONSENT_DIGEST, NO_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from assay.trail.projection import Connection
    from assay.trail.reading import Read

_WHOLE = "import.batch"
_SERVING = ("deployment.finished", "deployment.rolled_back", "model.retired")
_OF_OTHERS = """
SELECT idx FROM (
  SELECT event.idx, event.type, json_extract(body, '$.fields.model') AS model,
    json_extract(body, '$.fields.version') AS version, json_extract(body, '$.fields.model_sha256') AS files
  FROM json_each(?) AS held JOIN event ON event.idx = held.value WHERE body IS NOT NULL
) WHERE model = ? AND (version <> ? OR (version IS NULL AND files IN (SELECT value FROM json_each(?))))
  AND type NOT IN (?, ?, ?)
"""


@dataclass(frozen=True, kw_only=True)
class Narrow:
    """What a view is narrowed to.

    Attributes:
        connection: the projection.
        marks: the marks that may bear on the models.
        models: the models' names, with those that cannot be told apart from them.
        types: index of each entry that it holds, with its type.
        held: entries as the log tells them, as far as they were asked for.
        disclosed: the same with what lies beside the log.
    """

    connection: Connection
    marks: frozenset[str]
    models: frozenset[str]
    types: dict[int, str]
    held: dict[int, Read] = field(default_factory=dict)
    disclosed: dict[int, Read] = field(default_factory=dict)

    @classmethod
    def around(
        cls,
        connection: Connection,
        start: Iterable[str],
        consents: Callable[[Collection[str]], Collection[int]] | None = None,
    ) -> Narrow:
        """Narrow to all that may bear on what some marks are about, and to what cannot be told apart from it.

        Args:
            connection: a projection.
            start: the marks, such as ``model:credit``.
            consents: tells which entries that are digests of consents may be about some model files; by default all.
        """
        marks = reached(connection, start)
        query = "SELECT idx, type FROM mark WHERE mark IN (SELECT value FROM json_each(?))"
        types = dict(connection.execute(query, (json.dumps(sorted(marks)),)).fetchall())
        of_type = "SELECT idx FROM event WHERE type = ?"
        types |= {row[0]: _WHOLE for row in connection.execute(of_type, (_WHOLE,))}
        if consents is None:
            found: Iterable[int] = (row[0] for row in connection.execute(of_type, (CONSENT_DIGEST,)))
        else:
            files = {one.removeprefix(FILES) for one in marks if one.startswith(FILES)}
            found = consents(files | {NO_FILES})  # before there are files, the evidence tells what is approved
        types |= dict.fromkeys(found, CONSENT_DIGEST)
        names = frozenset(one.removeprefix(MODEL) for one in marks if one.startswith(MODEL))
        return cls(connection=connection, marks=frozenset(marks), models=names, types=types)

    def of_version(
        self,
        model: str,
        version: str,
        sha256: str,
        consents: Callable[[Collection[str]], Collection[int]] | None = None,
    ) -> Narrow:
        """Return the same without what is sure to be about other versions of a model alone.

        What ends a version's serving stays: the deployments of the others. Of a decision that names files alone, the
        row of those files tells the version.

        Args:
            model: the model's name.
            version: its version.
            sha256: root digest of the version's files.
            consents: as `around`.
        """
        query = "SELECT model_sha256 FROM standing WHERE model = ? AND version <> ? AND model_sha256 <> ?"
        others = [row[0] for row in self.connection.execute(query, (model, version, sha256))]
        rows = self.connection.execute(
            _OF_OTHERS, (json.dumps(sorted(self.types)), model, version, json.dumps(others), *_SERVING)
        )
        left_out = {row[0] for row in rows}
        if consents is not None:
            files = {one.removeprefix(FILES) for one in self.marks if one.startswith(FILES)} - set(others)
            bound = set(consents(files | {NO_FILES}))
            left_out |= {index for index, kind in self.types.items() if kind == CONSENT_DIGEST} - bound
        types = {index: kind for index, kind in self.types.items() if index not in left_out}
        return replace(self, types=types, held={}, disclosed={})

    def select(self, types: Collection[str], size: int) -> list[Read]:
        """Return the entries of some types (all when none is named) among the first ``size``, in order.

        Raises:
            VerificationError: when the projection lags the size.
        """
        require(self.connection, size)
        wanted = sorted(index for index, kind in self.types.items() if index < size and (not types or kind in types))
        new = [index for index in wanted if index not in self.held]
        if new:
            self.held.update((read.index, read) for read in select_indices(self.connection, new))
        return [self.held[index] for index in wanted if index in self.held]

    def corrected(self, size: int) -> dict[int, int]:
        """Return the index of each corrected entry, with that of the last that corrects it, as `View.corrected`."""
        query = (
            "SELECT later.corrects, later.idx FROM json_each(?1) AS held JOIN event AS later ON {} JOIN event AS"
            " earlier ON earlier.idx = later.corrects WHERE later.idx < ?2 AND later.idx > earlier.idx"
            " AND later.signature = 'holds' AND later.corrects IS NOT NULL AND later.type = earlier.type"
        )
        both = " UNION ".join(query.format(on) for on in ("later.corrects = held.value", "later.idx = held.value"))
        rows = self.connection.execute(f"{both} ORDER BY 2", (json.dumps(sorted(self.types)), size))
        return dict(rows.fetchall())
