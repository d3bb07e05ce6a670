"""A trail narrowed to some models: the entries that may bear on them, found by their marks.

Too many is safe and too few is not. So an entry is in it where nobody can tell that it is about others: what was
imported as a whole file, and the digest of a consent whose words are not at hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assay.trail.marks import FILES, MODEL, reached, together
from assay.trail.projection import require, select_indices
from assay.trail.reading import CONSENT_DIGEST, NO_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from assay.trail.projection import Connection
    from assay.trail.reading import Read

_WHOLE = "import.batch"


def marked(connection: Connection, marks: Iterable[str], types: Iterable[str] = ()) -> dict[int, str]:
    """Return the entries that bear one of some marks, by index, each with its type."""
    asked, wanted = json.dumps(sorted(marks)), json.dumps(sorted(types))
    query = "SELECT mark.idx, mark.type FROM json_each(?) AS one CROSS JOIN mark ON mark.mark = one.value"
    if wanted == "[]":
        return dict(connection.execute(query, (asked,)).fetchall())
    query = (
        "SELECT mark.idx, mark.type FROM json_each(?) AS one CROSS JOIN json_each(?) AS its "
        "CROSS JOIN mark ON mark.mark = one.value AND mark.type = its.value"
    )
    return dict(connection.execute(query, (asked, wanted)).fetchall())


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
        *,
        kinds: Iterable[str] = (),
        types: Iterable[str] = (),
    ) -> Narrow:
        """Narrow to all that may bear on what some marks are about, and to what cannot be told apart from it.

        Args:
            connection: a projection.
            start: the marks, such as ``model:credit``.
            consents: tells which entries that are digests of consents may be about some model files; by default all.
            kinds: follow ties among marks of these kinds alone; by default among all.
            types: only entries of these types, and digests of consents; by default of all types.
        """
        marks = together(connection, start, kinds) if kinds else reached(connection, start)
        types = tuple(types)
        held = marked(connection, marks, types)
        of_type = "SELECT idx FROM event WHERE type = ?"
        if not types or _WHOLE in types:
            held |= {row[0]: _WHOLE for row in connection.execute(of_type, (_WHOLE,))}
        if consents is None:
            found: Iterable[int] = (row[0] for row in connection.execute(of_type, (CONSENT_DIGEST,)))
        else:
            files = {one.removeprefix(FILES) for one in marks if one.startswith(FILES)}
            found = consents(files | {NO_FILES})  # before there are files, the evidence tells what is approved
        held |= dict.fromkeys(found, CONSENT_DIGEST)
        return cls.holding(connection, held, marks=frozenset(marks))

    @classmethod
    def bearing(cls, connection: Connection, marks: Iterable[str], types: Iterable[str] = ()) -> Narrow:
        """Narrow to the entries that bear one of some marks themselves, whatever else may bear on the same.

        Args:
            connection: a projection.
            marks: the marks.
            types: only entries of these types; by default of all.
        """
        wanted = frozenset(marks)
        return cls.holding(connection, marked(connection, wanted, types), marks=wanted)

    @classmethod
    def holding(cls, connection: Connection, types: Mapping[int, str], marks: frozenset[str] = frozenset()) -> Narrow:
        """Narrow to some entries, each by its index with its type."""
        names = frozenset(one.removeprefix(MODEL) for one in marks if one.startswith(MODEL))
        return cls(connection=connection, marks=marks, models=names, types=dict(types))

    def of_files(self, files: Collection[str], consents: Collection[int] | None, size: int) -> Narrow:
        """Leave out entries that the log says to be about other model files, and consents that may not be about these.

        Args:
            files: digests of model files.
            consents: the entries that are digests of consents which may be about them; None: any may.
            size: entries of the trail.
        """
        types = {
            index: kind for index, kind in self.types.items()
            if kind != CONSENT_DIGEST or consents is None or index in consents
        }  # fmt: skip
        near = replace(self, types=types, disclosed={})
        for read in near.select((), size):
            digest = None if read.event is None else getattr(read.event.fields, "model_sha256", None)
            if digest is not None and digest not in files:
                del types[read.index]
        return near

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
