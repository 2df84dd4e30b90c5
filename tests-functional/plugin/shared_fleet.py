"""The nodes that all tests of a run share: two Waku nodes and a Codex node to find others by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clients.waku import WakuClient
from fleet import catalog
from fleet.node import Node, Runtime
from fleet.run import Run
from plugin.options import Settings

BOOT = "boot-1"
STORE = "store"
CODEX = "codex-bootstrap"


@dataclass(frozen=True)
class SharedFleet:
    """Started by the controller; a worker attaches to the same nodes."""

    boot: Node
    store: Node
    codex: Node

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.boot, self.store, self.codex)

    def share(self) -> dict[str, Any]:
        return {"boot": self.boot.handle, "store": self.store.handle, "codex": self.codex.handle}

    @classmethod
    def join(cls, shared: dict[str, Any], runtime: Runtime) -> SharedFleet:
        return cls(**{role: runtime.attach(handle) for role, handle in shared.items()})


def start_shared_fleet(runtime: Runtime, run: Run, settings: Settings) -> SharedFleet:
    """boot-1 needs to know the store's address, which the kernel or the engine chooses, so the store comes first."""
    log_dir = run.run_dir / "fleet"
    retention = settings.timings.store_retention
    store, codex = runtime.start(
        [
            catalog.waku_store(STORE, retention_seconds=retention),
            catalog.codex(CODEX, image=settings.codex_image or None),
        ],
        log_dir,
    )
    static_node = WakuClient(store.url, node=STORE).info()["listenAddresses"][0]
    (boot,) = runtime.start([catalog.waku_boot(BOOT, static_nodes=[static_node])], log_dir)
    return SharedFleet(boot, store, codex)
