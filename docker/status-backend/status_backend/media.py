"""The media server: a listener of its own, announced by `mediaserver.started`.

It answers /health only: no part of the backend has images to serve yet. Plain HTTP, not the original's TLS.
"""

from __future__ import annotations

from .http import web


class MediaServer:
    def __init__(self, host: str) -> None:
        self._host = host
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str | None = None, port: int = 0) -> None:
        """Listen, on a port that the kernel chooses unless one is given. Does nothing while it listens already."""
        if self._runner is not None:
            return
        app = web.Application()
        app.router.add_get("/health", self._health)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host or self._host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @staticmethod
    async def _health(request: web.Request) -> web.Response:
        return web.Response(text="ok")
