"""How long the clocks of a run are: the intervals nodes are started with and the deadlines of waits on them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """All figures are seconds.

    The scenarios rest on one inequality: `store_retention < archive_interval`. A message that is archived at the end of
    its interval is by then forgotten by the store node, so whoever gets it later got it from the archive.
    """

    name: str
    store_retention: int
    archive_interval: int
    short_archive_interval: int
    import_initial_delay: int
    step_deadline: float

    @property
    def archive_deadline(self) -> float:
        """Until the next archive of a community must be there: one whole interval and a step."""
        return self.archive_interval + self.step_deadline

    @property
    def test_limit(self) -> float:
        """What takes longer than this in a test whose waits all end in time hangs somewhere else."""
        return 20 * self.step_deadline

    @property
    def short_archive_deadline(self) -> float:
        return self.short_archive_interval + self.step_deadline

    @property
    def forget_deadline(self) -> float:
        """Until the store node must have dropped what it has now."""
        return self.store_retention + self.step_deadline


FAST = Timings(
    name="fast",
    store_retention=4,
    archive_interval=8,
    short_archive_interval=3,
    import_initial_delay=1,
    step_deadline=30,
)

# status-go's own figures: its archive tests use intervals of 80 s and 10 s and an import delay of 5 s.
UPSTREAM = Timings(
    name="upstream",
    store_retention=60,
    archive_interval=80,
    short_archive_interval=10,
    import_initial_delay=5,
    step_deadline=60,
)

BY_NAME = {timings.name: timings for timings in (FAST, UPSTREAM)}
