"""The reference nodes as the catalog describes them, started on both runtimes."""

import json
from dataclasses import replace

import pytest
import requests

from fleet import HealthCheck, NodeSpec, NodeState, StartError, catalog


def get(node, path):
    answer = requests.get(node.url() + path, timeout=10)
    answer.raise_for_status()
    return answer.json()


def test_reference_nodes_find_each_other_and_end_cleanly(start):
    """Store, relay, two storage nodes and a backend: the order of a run."""
    store, codex = start(catalog.waku_store(retention_seconds=30), catalog.codex("codex-1"))
    [address, *_] = get(store, "/debug/v1/info")["listenAddresses"]
    spr = get(codex, "/api/codex/v1/debug/info")["spr"]
    boot, other = start(
        catalog.waku_boot(static_nodes=[address]),
        catalog.codex("codex-2", bootstrap_nodes=[spr], block_retries=2, storage_quota_bytes=2**30),
    )
    backend = start(catalog.status_backend("backend", bootstrap_nodes=[boot], store_nodes=[store]))

    fleets = json.loads(backend.exec(["cat", catalog.FLEETS_CONFIG]).output)
    assert fleets[catalog.FLEET_NAME]["clusterId"] == catalog.CLUSTER_ID
    [known] = fleets[catalog.FLEET_NAME]["storeNodes"]
    assert known["id"] == address.rpartition("/")[2]

    nodes = [backend, other, boot, codex, store]
    assert [(node.name, node.stop()) for node in nodes] == [(node.name, 0) for node in nodes]


def test_backend_whose_fleet_does_not_answer_is_no_started_node(start):
    store = start(catalog.waku_store())
    spec = catalog.status_backend("backend", bootstrap_nodes=[store])
    store.stop()
    impatient = {
        field: {name: f"{command} --tries 1" for name, command in getattr(spec, field).items()}
        for field in ("env", "process_env")
    }
    with pytest.raises(StartError, match="exit code 2"):
        start(replace(spec, **impatient))


def test_backend_starts_without_a_fleet(start):
    backend = start(catalog.status_backend("lonely"))
    assert backend.state() is NodeState.RUNNING


@pytest.mark.parametrize(
    "spec",
    [
        catalog.waku_boot(static_nodes=["/dns4/store/tcp/60002/p2p/16U"], store_node="/dns4/store/tcp/60002/p2p/16U"),
        catalog.waku_store(node_key="11" * 32, env={"A": "b"}),
        catalog.codex("codex", block_ttl_seconds=60),
        catalog.status_backend("backend"),
    ],
    ids=lambda spec: spec.name,
)
def test_description_survives_json(spec):
    assert NodeSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_foreign_image_is_run_with_the_originals_command_line():
    assert catalog.codex("codex", image="codexstorage/nim-codex:0.2.5").command[0] == "codex"
    spec = catalog.status_backend("backend", image="statusgo-1234:latest")
    assert spec.image == "statusgo-1234:latest"
    assert spec.command == ("status-backend", "--address", "{host}:{port:http}")
    assert not spec.drop_capabilities


@pytest.mark.parametrize("name", ["", "Alice", "a_b", "-a", "a" * 64])
def test_name_that_is_no_dns_name_is_refused(name):
    with pytest.raises(ValueError, match="DNS name"):
        catalog.codex(name)


def test_health_check_needs_a_port_of_the_node():
    with pytest.raises(ValueError, match="health check uses port 'rpc'"):
        NodeSpec("a", "tiny", "tiny", (), (), {"http": 80}, HealthCheck("rpc"))
