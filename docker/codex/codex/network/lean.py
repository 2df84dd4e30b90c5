"""libp2p, imported without what a Codex node does not use of it.

`libp2p/__init__.py` imports every transport, discovery, key type and measurement of the library and all that those
need: most of the processor time of a node's start. While it is imported here the modules of LEFT_OUT are empty: any
name can be imported from them, and what it stands for can do nothing. Whoever imports one of them later gets the real
one.
"""

from __future__ import annotations

import importlib
import importlib.abc
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# A Codex node speaks TCP, Noise and mplex, and its key is one of secp256k1.
LEFT_OUT = (
    "cryptography.x509",
    "libp2p.bitswap",
    "libp2p.crypto.ecc",
    "libp2p.crypto.keystore",
    "libp2p.crypto.rsa",
    "libp2p.discovery",
    "libp2p.host.routed_host",
    "libp2p.identity_utils",
    "libp2p.kad_dht",
    "libp2p.metrics",
    "libp2p.peer.persistent",
    "libp2p.pubsub",
    "libp2p.rcmgr.prometheus_exporter",
    "libp2p.relay",
    "libp2p.security.insecure",
    "libp2p.security.pnet",
    "libp2p.security.secio",
    "libp2p.security.tls",
    "libp2p.stream_muxer.yamux",
    "libp2p.transport.quic",
    "libp2p.transport.websocket",
    "multiaddr.resolvers",
)


def import_libp2p() -> None:
    """Import libp2p; nothing happens if it is imported already."""
    gaps = _Gaps()
    sys.meta_path.insert(0, gaps)
    try:
        importlib.import_module("libp2p")
    finally:
        sys.meta_path.remove(gaps)
        gaps.forget()


class _Gaps(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds empty modules under the names of LEFT_OUT."""

    def __init__(self) -> None:
        self._made: list[ModuleType] = []

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        left_out = any(fullname == name or fullname.startswith(name + ".") for name in LEFT_OUT)
        return ModuleSpec(fullname, self, is_package=True) if left_out else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        self._made.append(module)

    def forget(self) -> None:
        for module in self._made:
            del sys.modules[module.__name__]
            parent, _, name = module.__name__.rpartition(".")
            if parent in sys.modules:
                delattr(sys.modules[parent], name)


class _Empty(ModuleType):
    """A module from which every name can be imported."""

    def __getattr__(self, name: str) -> _NothingType:
        if name.startswith("__"):
            raise AttributeError(name)
        return _NothingType(name, (_Nothing,), {"__module__": self.__name__})


class _NothingType(type):
    def __getattr__(cls, name: str) -> _NothingType:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls


class _Nothing(Exception, metaclass=_NothingType):
    """Can be made, named in annotations and `except`, and inherited from."""

    def __init__(self, *args: object, **options: object) -> None: ...

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__module__}.{type(self).__name__} is left out of libp2p here")
