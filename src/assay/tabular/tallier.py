"""A tally that grows batch by batch: a training loop, a stream, a day of decisions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from assay.errors import DataError
from assay.records.tally import Source, Tally
from assay.tabular.engine import session
from assay.tabular.tallying import checked, tally_batch

if TYPE_CHECKING:
    from assay.records.tally import Roles
    from assay.tabular.values import Value


class Tallier:
    """Counts batches; the sum is the tally of all rows at once, bit for bit.

    Batches of a table in memory are one source: its ``rows_sha256`` is the SHA-256 of the batches' own digests in
    hexadecimal, one a line, in the order in which they came.
    """

    def __init__(
        self, roles: Roles, *, low: float = 0.0, high: float = 1.0, memory: str = "1GB", threads: int | None = None
    ) -> None:
        """Start with no rows.

        Args:
            roles: which column means what.
            low: lower edge of the histogram of scores.
            high: upper edge; a score outside the edges is an error.
            memory: the engine's budget for one batch.
            threads: at most so many; all cores if None.

        Raises:
            DataError: when the edges make no sense.
        """
        if not (low < high and high - low < float("inf")):
            raise DataError(f"expected finite edges with low < high, found low={low!r} and high={high!r}")
        self._edges = (float(low) + 0.0, float(high) + 0.0)  # -0.0 is 0.0
        self._memory, self._threads = memory, threads
        self._seen: Counter[Value] = Counter()
        self._sum = Tally(roles=roles, rows=0)
        self._digests: list[str] = []
        self._statements: dict[tuple[str, str], None] = {}

    def update(self, frame: Any) -> None:  # noqa: ANN401 - any table
        """Add a batch: whatever `tally_rows` takes. A batch that cannot be counted changes nothing.

        Raises:
            DataError: when the batch cannot be read or counted.
        """
        seen = Counter(self._seen)
        with session(memory=self._memory, threads=self._threads) as engine:
            batch = tally_batch(engine, frame, self._sum.roles, name=None, seen=seen, edges=self._edges)
        kept = tuple(source for source in batch.sources if source.rows_sha256 is None)
        added = self._sum + msgspec.structs.replace(batch, sources=kept)
        for source in batch.sources:
            if source.rows_sha256 is not None:
                self._digests.append(source.rows_sha256)
                self._statements[source.engine, source.sql] = None
        self._sum, self._seen = added, seen

    @property
    def tally(self) -> Tally:
        """The tally of all batches so far.

        Raises:
            DataError: for no rows, a column that is null throughout, or a positive class that did not occur.
        """
        total = checked(self._sum, self._seen, name="the batches")
        if not self._digests:
            return total
        return msgspec.structs.replace(total, sources=(*total.sources, self._batches()))

    def _batches(self) -> Source:
        import hashlib  # noqa: PLC0415 - for one call

        lines = "".join(f"{digest}\n" for digest in self._digests)
        engines = {engine for engine, _ in self._statements}
        note = f"-- {len(self._digests)} batches, added; rows_sha256 is the SHA-256 of their digests, one a line\n"
        return Source(
            rows_sha256=hashlib.sha256(lines.encode()).hexdigest(),
            engine=", ".join(sorted(engines)),
            sql=note + "\n".join(sql for _, sql in self._statements),
        )
