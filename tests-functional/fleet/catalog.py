"""The nodes that we know: how each is started, in a container and as a process.

The arguments are those of the original programs, so the same functions start the real images: give `image`.
Ports and addresses are placeholders (see NodeSpec); what a node must know of another is passed in as that Node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fleet.node import Node
from fleet.spec import HealthCheck, NodeSpec

DOCKER_DIR = Path(__file__).resolve().parents[2] / "docker"
CLUSTER_ID = 16
SHARDS = (32, 64)  # 32: protected topics and the default, 64: non-protected
FLEET_NAME = "status-go.test"
WAKU_REST_PORT = 8645
STACKS = "SIGUSR1"  # our nodes go on after it
FLEETS_CONFIG = "config/wakufleetconfig.json"  # in the data directory of a status-backend


def waku_boot(
    name: str = "boot-1",
    *,
    static_nodes: Sequence[str] = (),
    store_node: str | None = None,
    image: str | None = None,
    **common: object,
) -> NodeSpec:
    """A relay that backends publish to and receive from.

    `static_nodes` and `store_node` are multiaddresses (a store's `listenAddresses`); the rest as in `waku_node`.
    """
    arguments = ["--store=false", *(f"--staticnode={address}" for address in static_nodes)]
    if store_node:
        arguments.append(f"--storenode={store_node}")
    return waku_node(name, arguments, image=image, **common)


def waku_store(
    name: str = "store",
    *,
    retention_seconds: int = 60,
    static_nodes: Sequence[str] = (),
    image: str | None = None,
    **common: object,
) -> NodeSpec:
    """A relay that keeps messages for `retention_seconds` and answers store queries; its database is on disk."""
    arguments = [
        "--store=true",
        f"--store-message-retention-policy=time:{retention_seconds}",
        "--store-message-db-url=sqlite://{data}/store.sqlite3",
        *(f"--staticnode={address}" for address in static_nodes),
    ]
    return waku_node(name, arguments, image=image, **common)


def waku_node(
    name: str,
    arguments: Sequence[str],
    *,
    cluster_id: int = CLUSTER_ID,
    shards: Iterable[int] = SHARDS,
    node_key: str | None = None,
    log_level: str = "INFO",
    image: str | None = None,
    env: Mapping[str, str] | None = None,
) -> NodeSpec:
    """Any Waku node. `node_key`: 32 bytes in hex, else one is made at random at every start."""
    common = [
        "--rest=true",
        "--rest-admin=true",
        "--rest-address={host}",
        "--rest-port={port:rest}",
        "--listen-address={host}",
        "--tcp-port={port:p2p}",
        f"--cluster-id={cluster_id}",
        *(f"--shard={shard}" for shard in shards),
        "--relay=true",
        "--filter=true",
        "--lightpush=true",
        f"--log-level={log_level}",
    ]
    if node_key:
        common.append(f"--nodekey={node_key}")
    return NodeSpec(
        name=name,
        kind="waku",
        image=image or "waku",
        command=(*common, *arguments, f"--dns4-domain-name={name}"),  # an address may change when a container restarts
        process=("{python}", "-m", "wakunode", *common, *arguments),
        python_path=(DOCKER_DIR / "waku",),
        ports={"rest": WAKU_REST_PORT, "p2p": 60000},
        health=HealthCheck("rest", "/debug/v1/info"),
        env=dict(env or {}),
        drop_capabilities=image is None,
        stacks_signal="" if image else STACKS,
    )


def codex(
    name: str,
    *,
    bootstrap_nodes: Sequence[str] = (),
    block_retries: int | None = None,
    block_ttl_seconds: int | None = None,
    storage_quota_bytes: int | None = None,
    log_level: str = "INFO",
    process_api_port: int | None = None,
    image: str | None = None,
    env: Mapping[str, str] | None = None,
) -> NodeSpec:
    """A storage node. `bootstrap_nodes` are SPRs (`spr:...`); what is not given is left to the program.

    `process_api_port`: the port of a process in whose place this one is started; a container always has its own 8080.
    """
    arguments = [
        "--data-dir={data}",
        "--api-bindaddr={host}",
        "--api-port={port:api}",
        "--listen-addrs=/ip4/{host}/tcp/{port:p2p}",
        f"--log-level={log_level}",
        *(f"--bootstrap-node={spr}" for spr in bootstrap_nodes),
    ]
    optional = {"block-retries": block_retries, "block-ttl": block_ttl_seconds, "storage-quota": storage_quota_bytes}
    arguments += [f"--{option}={value}" for option, value in optional.items() if value is not None]
    same_port = [f"--api-port={process_api_port}"] if process_api_port else []  # the last one counts
    return NodeSpec(
        name=name,
        kind="codex",
        image=image or "codex",
        command=("codex", *arguments),
        process=("{python}", "-m", "codex", *arguments, *same_port),
        python_path=(DOCKER_DIR / "codex",),
        ports={"api": 8080, "p2p": 8070},
        health=HealthCheck("api", "/api/codex/v1/debug/info"),
        env=dict(env or {}),
        drop_capabilities=image is None,
        stacks_signal="" if image else STACKS,
    )


def status_backend(
    name: str,
    *,
    bootstrap_nodes: Sequence[Node] = (),
    store_nodes: Sequence[Node] = (),
    static_nodes: Sequence[Node] | None = None,
    fleet_name: str = FLEET_NAME,
    cluster_id: int = CLUSTER_ID,
    codex: Node | None = None,
    dialect: str | None = None,
    image: str | None = None,
    source: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> NodeSpec:
    """A status-backend. Its entrypoint asks the Waku nodes who they are and writes that to FLEETS_CONFIG.

    `static_nodes`: the bootstrap nodes by default. Without any Waku node it starts without a fleet. `codex` is the
    storage node that it uses instead of an embedded one, `dialect` the archive API that it speaks; only the reference
    image can do with either. `source` is another source tree of the reference backend, with an absolute path.
    """
    folder = source or DOCKER_DIR / "status-backend"
    static_nodes = bootstrap_nodes if static_nodes is None else static_nodes
    waku = {"--bootstrap-nodes": bootstrap_nodes, "--store-nodes": store_nodes, "--static-nodes": static_nodes}
    scan: list[str] = []
    if any(waku.values()):
        scan = ["--fleet-name", fleet_name, "--cluster-id", str(cluster_id)]
        for option, nodes in waku.items():
            scan += [option, *map(_scan_host, nodes)] if nodes else []
    archives = {"STATUS_BACKEND_CODEX_URL": "http://{}:{}".format(*codex.address("api"))} if codex else {}
    if dialect:
        archives["STATUS_BACKEND_ARCHIVE_DIALECT"] = dialect
    scan_env = _scan_env("python3 /usr/local/bin/scan_waku_fleet.py", scan, "{data}/" + FLEETS_CONFIG)
    return NodeSpec(
        name=name,
        kind="status-backend",
        image=image or str(source or "status-backend"),
        command=("status-backend", "--address", "{host}:{port:http}"),
        process=(
            "sh",
            str(folder / "entrypoint.sh"),
            *("{python}", "-m", "status_backend", "--address", "{host}:{port:http}"),
        ),
        python_path=(folder, DOCKER_DIR / "codex"),
        ports={"http": 3333},
        health=HealthCheck("http", "/health", method="POST", body="[]"),
        env={**scan_env, **archives, **(env or {})},
        # The entrypoint splits the command at blanks, which paths of this machine may hold: so it has none of them.
        process_env=_scan_env("python3 -m scan_waku_fleet", scan, FLEETS_CONFIG),
        data_path="/usr/status-user",
        drop_capabilities=image is None,
        stacks_signal="SIGQUIT" if image else STACKS,  # a Go program ends by it
    )


def _scan_env(program: str, arguments: Sequence[str], output: str) -> dict[str, str]:
    return {"SCAN_WAKU_FLEET": " ".join((program, *arguments, "--output", output))} if arguments else {}


def _scan_host(node: Node) -> str:
    """HOST where the port is the usual one: the original's scan script knows no other form."""
    host, port = node.address("rest")
    return host if port == WAKU_REST_PORT else f"{host}:{port}"
