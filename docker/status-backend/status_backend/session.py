"""What a login gives to the parts of the backend that live from login to logout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import coincurve

from .db import Database
from .fleets import WakuFleet
from .node_config import NodeConfig
from .rpc import Service
from .settings import Settings
from .signals import SignalHub


@dataclass
class Session:
    """One logged-in profile.

    `listen_host` is the host of --address: what embedded listeners bind to. `public_key` is the chat key's, `0x04…`.
    `account` is the profile as `InitializeApplication` lists it; `options` is the CreateAccountAndLogin,
    RestoreAccountAndLogin or LoginAccount request as it came (without its secrets), e.g. `messageArchiveInterval`.
    `announce_media` tells once more where the media server listens. `profile_changed` are called when the profile's
    name or colour is another.
    """

    key_uid: str
    name: str
    data_dir: Path
    listen_host: str
    chat_key: coincurve.PrivateKey
    public_key: str
    db: Database
    settings: Settings
    node_config: NodeConfig
    signals: SignalHub
    fleet: WakuFleet | None
    account: dict[str, Any]
    options: dict[str, Any]
    announce_media: Callable[[], None] = lambda: None
    profile_changed: list[Callable[[], None]] = field(default_factory=list)


class Part(Protocol):
    """A part of the backend that is made at login: its services are offered by RPC while it runs."""

    @property
    def services(self) -> Sequence[Service]: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...
