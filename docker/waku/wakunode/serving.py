"""Bind an aiohttp application to a port, which the kernel chooses where it is 0."""

from __future__ import annotations

from aiohttp import web


class CannotListen(OSError):
    """The address or port cannot be bound."""


async def listen(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, int]:
    """Serve `app`; the runner that ends it, and the port it is bound to."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return runner, runner.addresses[0][1]
