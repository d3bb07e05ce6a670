"""Events of lineage that pipelines report from outside, by OpenLineage; names stand beside the log."""

from __future__ import annotations

from typing import Literal

from assay.trail.fields import Count, Fields, Name, Sha256


class LineageReported(Fields, kw_only=True):
    """A pipeline reports what a run, a job or a dataset is and does, in an OpenLineage event.

    Names of jobs and datasets may hold a person's, and facets anything: the event is kept beside the log, under a salt,
    and the log holds the digest of both.

    Attributes:
        about: what the event is about.
        system: the system that its namespace belongs to, by the server's settings.
        pipeline: who reported it.
        run: the run's id, a UUID.
        state: the transition of the run.
        reads: how many datasets it reads.
        writes: how many it writes.
        reported_sha256: digest of salt and event.
    """

    about: Literal["run", "job", "dataset"]
    system: Name
    pipeline: Name
    run: Name | None = None
    state: Literal["start", "running", "complete", "abort", "fail", "other"] | None = None
    reads: Count = 0
    writes: Count = 0
    reported_sha256: Sha256
