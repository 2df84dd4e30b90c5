"""aiohttp, imported without the certificates of the system.

It reads them as it is imported, a fifth of the processor time of a start, for what hardly any backend does: call
somebody over https. `session` reads them for who does.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _no_certificates() -> Iterator[None]:
    """OpenSSL's two variables name nothing."""
    names = "SSL_CERT_FILE", "SSL_CERT_DIR"
    before = {name: os.environ[name] for name in names if name in os.environ}
    os.environ.update(dict.fromkeys(names, os.devnull))
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]
        os.environ.update(before)


with _no_certificates():
    import aiohttp
    from aiohttp import WSCloseCode, web

__all__ = ["WSCloseCode", "aiohttp", "session", "web"]


def session(*urls: str, **options: Any) -> aiohttp.ClientSession:
    """For calls to these addresses. Who serves one of https: must have a certificate that the system trusts."""
    secure = any(url.lower().startswith(("https:", "wss:")) for url in urls)
    trusted = ssl.create_default_context() if secure else True
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted), **options)
