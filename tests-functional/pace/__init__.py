"""How long to wait: deadlines that stretch with the load of this host as it is measured, and what is awaited just now.

`pressure` reads how long the host has stalled, `calibration` measures how fast it is, `host` puts both together, and
`waits` has the waits themselves. Harness and fleet both wait, so this imports neither.
"""

from pace.calibration import Calibration, calibrate
from pace.host import Host, current, use
from pace.waits import Wait, highest_stretch, open_waits, start_counting

__all__ = [
    "Calibration", "Host", "Wait", "calibrate", "current", "highest_stretch", "open_waits", "start_counting", "use",
]  # fmt: skip
