"""What a node is started with, and how sizes and times are written on a command line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .errors import ConfigError

KiB, MiB, GiB, TiB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass
class CodexConfig:
    """Configuration of one node. Times are seconds, sizes bytes; defaults are the original's."""

    data_dir: Path
    listen_addrs: list[str] = field(default_factory=lambda: ["/ip4/0.0.0.0/tcp/0"])
    nat: str = "any"
    disc_port: int = 8090
    bootstrap_nodes: list[str] = field(default_factory=list)
    net_privkey: Path = Path("key")  # relative to data_dir
    block_retries: int = 3000
    storage_quota: int = 20 * GiB
    block_ttl: int = 30 * DAY
    block_maintenance_interval: int = 10 * MINUTE
    block_maintenance_number: int = 1000
    max_peers: int = 160
    announce_interval: float = 30 * MINUTE

    def __post_init__(self) -> None:
        self.data_dir = Path(self.data_dir)
        self.net_privkey = self.data_dir / (self.net_privkey or "key")
        if not 0 <= self.disc_port <= 65535:
            raise ConfigError(f"disc-port: {self.disc_port} is not a port")
        for name in ("block_retries", "storage_quota", "block_ttl", "max_peers"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name.replace('_', '-')}: {getattr(self, name)} is negative")


_SIZE_UNITS = {
    "": 1,
    "b": 1,
    "k": KiB,
    "kb": 1000,
    "kib": KiB,
    "m": MiB,
    "mb": 1000**2,
    "mib": MiB,
    "g": GiB,
    "gb": 1000**3,
    "gib": GiB,
    "t": TiB,
    "tb": 1000**4,
    "tib": TiB,
}
_TIME_UNITS = {"ms": 0.001, "s": 1, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}


def parse_size(text: str) -> int:
    """Bytes in `20GiB`, `500mb`, `200000`, ...; raises ConfigError."""
    match = re.fullmatch(r"(\d+)\s*([a-z]*)", text.strip().lower())
    if not match or match[2] not in _SIZE_UNITS:
        raise ConfigError(f"not a size: {text!r} (examples: 200000, 500mb, 20GiB)")
    return int(match[1]) * _SIZE_UNITS[match[2]]


def parse_duration(text: str) -> int:
    """Seconds in `30d`, `1h30m`, `90s`, `600`, ...; raises ConfigError."""
    text = text.strip().lower().replace(" ", "")
    if text.isdigit():
        return int(text)
    parts = re.findall(r"(\d+)(ms|[smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ConfigError(f"not a time: {text!r} (examples: 30d, 1h30m, 90s)")
    return int(sum(int(number) * _TIME_UNITS[unit] for number, unit in parts))
