"""The scan script against a small server that answers like a waku node, and the backend reading what it wrote."""

import importlib.util
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from status_backend.fleets import FleetError, WakuNode, load_fleet

SCRIPT = Path(__file__).parents[1] / "scan_waku_fleet.py"
PEER = "16Uiu2HAmCDqxtfF1DwBqs7UJ4TgSnjoh6j1RtE1hhQxLLao84jLi"


def load_script():
    spec = importlib.util.spec_from_file_location("scan_waku_fleet", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


scan_waku_fleet = load_script()


class WakuNodeStandIn:
    """Serves /debug/v1/info; fails the first `failures` times."""

    def __init__(self, info: object, failures: int = 0) -> None:
        self.asked = 0
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                node.asked += 1
                ok = self.path == "/debug/v1/info" and node.asked > failures
                self.send_response(200 if ok else 503)
                self.end_headers()
                self.wfile.write(json.dumps(info).encode())

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> "WakuNodeStandIn":
        return self

    def __exit__(self, *args: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def info(port: int, name: str = "store") -> dict:
    return {
        "enrUri": f"enr:-{name}",
        "listenAddresses": [f"/ip4/10.0.0.1/tcp/{port}/p2p/{PEER}", f"/dns4/{name}/tcp/{port}/p2p/{PEER}"],
    }


def scan(output: Path, *arguments: str) -> int:
    fixed = ["--fleet-name", "status-go.test", "--cluster-id", "16", "--output", str(output), "--pause", "0"]
    return scan_waku_fleet.main([*fixed, *arguments])


def test_scan_writes_what_the_backend_reads(tmp_path):
    output = tmp_path / "config" / "fleets.json"
    with WakuNodeStandIn(info(60001, "boot-1")) as boot, WakuNodeStandIn(info(60002), failures=2) as store:
        hosts = ["--bootstrap-nodes", boot.host, "--store-nodes", store.host, "--static-nodes", boot.host]
        assert scan(output, *hosts) == 0
        assert (boot.asked, store.asked) == (1, 3)
    written = json.loads(output.read_text())["status-go.test"]
    assert written["clusterId"] == 16
    assert written["wakuNodes"] == written["discV5BootstrapNodes"] == ["enr:-boot-1"]
    store_node = WakuNode(PEER, "enr:-store", f"/dns4/store/tcp/60002/p2p/{PEER}", f"http://{store.host}", True)
    boot_node = WakuNode(PEER, "enr:-boot-1", f"/dns4/boot-1/tcp/60001/p2p/{PEER}", f"http://{boot.host}", False)
    fleet = load_fleet(output, "status-go.test")
    assert (fleet.name, fleet.cluster_id, fleet.nodes) == ("status-go.test", 16, [store_node, boot_node])
    assert fleet.store_nodes == [store_node]
    assert fleet.relay_nodes == [boot_node, store_node]


@pytest.mark.parametrize("answer", [{}, {"enrUri": "enr:", "listenAddresses": []}, [], "text"])
def test_scan_fails_on_what_is_no_waku_node(tmp_path, capsys, answer):
    with WakuNodeStandIn(answer) as node:
        assert scan(tmp_path / "out.json", "--store-nodes", node.host, "--tries", "2") == 2
        assert node.asked == 2
    assert f"http://{node.host}/debug/v1/info: no usable answer in 2 tries" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_scan_without_hosts_writes_an_empty_fleet(tmp_path):
    assert scan(tmp_path / "out.json") == 0
    assert load_fleet(tmp_path / "out.json", "status-go.test").nodes == []


def test_rest_url_is_derived_where_the_file_has_none(tmp_path):
    path = tmp_path / "fleets.json"
    stores = [{"id": PEER, "enr": "enr:-x", "addr": f"/dns4/store/tcp/60002/p2p/{PEER}", "fleet": "f"}]
    path.write_text(json.dumps({"f": {"clusterId": 16, "storeNodes": stores}}))
    assert [node.rest_url for node in load_fleet(path, "f").nodes] == ["http://store:8645"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("{", "Expecting"),
        ("[]", "an object was expected, not list"),
        ('{"g": {}}', "no fleet 'f', there are: g"),
        ('{"f": {"storeNodes": [{"id": "x"}]}}', "without restUrl"),
    ],
)
def test_bad_files_are_named(tmp_path, text, message):
    path = tmp_path / "fleets.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FleetError, match=message):
        load_fleet(path, "f")
