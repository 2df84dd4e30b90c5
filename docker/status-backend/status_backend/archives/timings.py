"""Every wait of the archives, in seconds. The defaults are status-go's."""

from __future__ import annotations

from dataclasses import dataclass

SEVEN_DAYS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Timings:
    """`polling` asks only the own storage node, so it is done more often than the original's once a second."""

    import_initial_delay: float = 300.0
    description_timeout: float = 10.0  # for the description of a channel of which an archive holds messages
    key_timeout: float = 3600.0  # for the key of an encrypted archive or index, before it is looked at again
    slow_chunks_per_second: float = 1.0
    fast_chunks_per_second: float = 100.0

    call_timeout: float = 30.0  # of one call to the storage node, unless the caller sets another
    index_timeout: float = 20.0  # one attempt at the index: for its manifest, and again for its data
    archives_timeout: float = 20.0  # one attempt at the archives that are missing
    trigger_timeout: float = 30.0
    polling_interval: float = 0.1
    polling_timeout: float = 30.0
    first_retry_after: float = 0.5  # doubled after each failed attempt …
    last_retry_after: float = 4.0  # … up to this
