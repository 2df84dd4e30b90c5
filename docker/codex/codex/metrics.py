"""Prometheus metrics, under the original's names."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from .node import CodexNode


class MetricsServer:
    """`/metrics` of one node. `port` is the real one once started."""

    def __init__(self, node: CodexNode, host: str, port: int) -> None:
        self.host, self.port = host, port
        registry = CollectorRegistry()
        registry.register(_Collector(node))
        app = web.Application()
        app.router.add_get("/metrics", lambda request: self._answer(registry))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> None:
        """Listen. Raises OSError."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    @staticmethod
    async def _answer(registry: CollectorRegistry) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Collector:
    def __init__(self, node: CodexNode) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        repository, peers = self._node.repository, self._node.peers
        yield GaugeMetricFamily(
            "codex_repostore_blocks", "blocks held, manifests included", value=repository.total_blocks
        )
        yield GaugeMetricFamily("codex_repostore_bytes_used", "bytes used", value=repository.used)
        yield GaugeMetricFamily("codex_repostore_bytes_reserved", "bytes reserved", value=0)
        yield GaugeMetricFamily("libp2p_peers", "connected peers", value=len(peers))
