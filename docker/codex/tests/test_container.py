"""The node as a container. Needs an engine and CODEX_IMAGE, the tag of an image built from the Dockerfile here."""

import asyncio
import os
import uuid

import pytest
from support import PATIENCE, PREFIX, blob, http

IMAGE = os.environ.get("CODEX_IMAGE")
pytestmark = pytest.mark.skipif(not IMAGE, reason="CODEX_IMAGE names no image to test")


@pytest.fixture
def containers():
    docker = pytest.importorskip("docker")
    client = docker.from_env()
    name = f"codex-test-{uuid.uuid4().hex[:8]}"
    network = client.networks.create(name, labels={"codex.test": name})
    started = []

    def run(*options):
        container = client.containers.run(
            IMAGE,
            list(options),
            detach=True,
            network=name,
            ports={"8080/tcp": ("127.0.0.1", None)},
            labels={"codex.test": name},
        )
        started.append(container)
        return container

    yield run
    for container in started:
        container.remove(force=True, v=True)
    network.remove()
    client.close()


async def port_of(container):
    """The published port of the REST interface, once it answers."""
    async with asyncio.timeout(PATIENCE):
        while True:
            container.reload()
            assert container.status in ("created", "running"), container.logs().decode()
            published = container.ports.get("8080/tcp")
            if published:
                port = int(published[0]["HostPort"])
                try:
                    await http(port, "GET", PREFIX + "/peerid")
                    return port
                except (OSError, asyncio.IncompleteReadError):
                    pass
            await asyncio.sleep(0.1)


async def test_containers_exchange_a_dataset_at_announced_addresses(containers):
    a, b = containers(), containers()
    port_a, port_b = await port_of(a), await port_of(b)
    info = (await http(port_a, "GET", PREFIX + "/debug/info")).json()
    assert info["addrs"] and not any("0.0.0.0" in addr or "127.0.0.1" in addr for addr in info["addrs"])
    cid = (await http(port_a, "POST", PREFIX + "/data", {}, blob(200_000))).text
    connected = await http(port_b, "GET", f"{PREFIX}/connect/{info['id']}?addrs={info['addrs'][0]}")
    assert connected.text == "Successfully connected to peer"
    assert (await http(port_b, "GET", f"{PREFIX}/data/{cid}/network/stream")).body == blob(200_000)


async def test_a_container_runs_unprivileged_finds_providers_and_ends_cleanly(containers):
    boot = containers()
    spr = (await http(await port_of(boot), "GET", PREFIX + "/spr", {"Accept": "text/plain"})).text
    a = containers(f"--bootstrap-node={spr}")
    c = containers("codex", f"--bootstrap-node={spr}")  # as the original's image wants it
    cid = (await http(await port_of(a), "POST", PREFIX + "/data", {}, b"across")).text
    assert (await http(await port_of(c), "GET", f"{PREFIX}/data/{cid}/network/stream")).body == b"across"
    assert c.exec_run("id -u").output.strip() == b"1000"
    c.kill("SIGINT")
    assert (await asyncio.to_thread(c.wait, timeout=PATIENCE))["StatusCode"] == 0


async def test_a_killed_container_keeps_its_datasets_and_identity(containers):
    a = containers("--storage-quota=1MiB")
    port = await port_of(a)
    cid = (await http(port, "POST", PREFIX + "/data", {"Content-Type": "text/plain"}, blob(200_000))).text
    before = [(await http(port, "GET", PREFIX + path)).text for path in ("/peerid", "/space", "/data")]
    refused = await http(port, "POST", PREFIX + "/data", {}, blob(2 << 20))
    assert refused.status == 500 and refused.text.startswith("Unable to store block zDx")
    a.kill("SIGKILL")
    a.wait(timeout=PATIENCE)
    a.start()
    port = await port_of(a)
    assert [(await http(port, "GET", PREFIX + path)).text for path in ("/peerid", "/space", "/data")] == before
    answer = await http(port, "GET", f"{PREFIX}/data/{cid}")
    assert answer.body == blob(200_000) and answer.headers["Content-Type"] == "text/plain"
