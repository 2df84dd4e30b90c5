import json
from pathlib import Path

import pytest

from status_backend import node_config
from status_backend.accounts.requests import parse
from status_backend.db import Database
from status_backend.node_config import NodeConfig, OverrideError
from status_backend.rpc import ServiceError
from status_backend.settings import Settings

ROOT = Path("/data")


@pytest.fixture
def db(tmp_path):
    database = Database.open(tmp_path / "a.db")
    yield database
    database.close()


def make(db: Database, **options) -> NodeConfig:
    request = parse(json.dumps(options), "CreateAccount")
    return NodeConfig(db, node_config.initial(ROOT, "0x01", "installation", request))


def test_archives_are_off_unless_asked_for(db):
    config = make(db)
    assert [config[section]["Enabled"] for section in ("TorrentConfig", "CodexConfig", "LogosStorageConfig")] == [
        False
    ] * 3
    assert config["TorrentConfig"]["DataDir"] == "/data/data/archivedata"


def test_what_the_account_request_asks_for_arrives(db):
    config = make(
        db,
        TorrentConfigEnabled=True,
        torrentConfigPort=9025,
        codexConfigEnabled=True,
        codexConfigBootstrapNode="spr:abc",
        logosStorageConfigEnabled=True,
        logosStorageConfigBootstrapNode="spr:def",
        wakuV2LightClient=True,
        wakuV2Fleet="status-go.test",
        networkId=31337,
    )
    assert config["TorrentConfig"]["Enabled"] and config["TorrentConfig"]["Port"] == 9025
    assert config["CodexConfig"]["Enabled"] and config["CodexConfig"]["CodexNodeConfig"]["BootstrapNodes"] == [
        "spr:abc"
    ]
    storage = config["LogosStorageConfig"]
    assert storage["Enabled"] and storage["NodeConfig"]["BootstrapNodes"] == ["spr:def"]
    assert config["WakuV2Config"]["LightClient"] and config["ClusterConfig"]["Fleet"] == "status-go.test"
    assert config["NetworkId"] == 31337


def test_changes_persist_and_reading_changes_nothing(db):
    config = make(db)
    config.set("TorrentConfig.Enabled", True)
    config["TorrentConfig"]["Port"] = 1
    again = NodeConfig(db)
    assert again["TorrentConfig"] == config["TorrentConfig"]
    assert again["TorrentConfig"]["Enabled"] and again["TorrentConfig"]["Port"] == 0
    with pytest.raises(KeyError, match="Nope"):
        config.set("TorrentConfig.Nope", 1)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("DiscoveryPort", "8091", 8091),
        ("Nat", "none", "none"),
        ("BootstrapNodes", "spr:a, spr:b", ["spr:a", "spr:b"]),
        ("BootstrapNodes", '["spr:a"]', ["spr:a"]),
        ("BootstrapNodes", "", []),
        ("MetricsEnabled", "true", True),
    ],
)
def test_overrides_take_the_type_of_the_field(db, field, text, value):
    make(db).apply_overrides({f"CodexNodeConfig.{field}": text})
    assert NodeConfig(db)["CodexConfig"]["CodexNodeConfig"][field] == value


def test_overrides_of_the_other_dialect(db):
    config = make(db)
    config.apply_overrides({"NodeConfig.DiscoveryPort": "8092"}, section=node_config.LOGOS_STORAGE)
    assert config["LogosStorageConfig"]["NodeConfig"]["DiscoveryPort"] == 8092


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("CodexNodeConfig.Nope", "1", "unknown field 'Nope'"),
        ("Nope.DiscoveryPort", "1", "unknown field 'Nope'"),
        ("Enabled.X", "1", "unknown field 'X'"),
        ("CodexNodeConfig", "1", "it is a struct"),
        ("CodexNodeConfig.DiscoveryPort", "many", "invalid literal"),
        ("Enabled", "yes", "'yes' is no bool"),
        ("CodexNodeConfig.BootstrapNodes", "[1]", "a list of strings"),
    ],
)
def test_bad_overrides_name_the_key_and_change_nothing(db, key, text, message):
    config = make(db)
    before = dict(config)
    with pytest.raises(OverrideError, match=f"failed to apply CodexConfig override '{key}': .*{message}") as caught:
        config.apply_overrides({"CodexNodeConfig.Nat": "changed", key: text})
    assert isinstance(caught.value, ServiceError)
    assert dict(config) == before == dict(NodeConfig(db))


def test_settings_persist_in_the_order_they_came(db):
    settings = Settings(db)
    settings.update({"b": [1], "a": None})
    settings.set("b", {"x": 1})
    assert list(Settings(db).all().items()) == [("b", {"x": 1}), ("a", None)]
    assert settings.get("nope", 3) == 3
