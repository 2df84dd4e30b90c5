"""One interface for three dialects of the archive API."""

from __future__ import annotations

import pytest

from clients.archives import DialectError, stringified

COMMUNITY = "0x02" + "ab" * 32


def speak(server, dialect):
    answers = {"wakuext_communities": [], "wakuext_enableCommunityHistoryArchiveProtocol": None}
    if dialect != "torrent":
        answers["wakuext_getMessageArchiveInterval"] = 604_800_000_000_000
        answers["wakuext_debug"] = {"id": "16Uiu2", "addrs": ["/ip4/127.0.0.1/tcp/1"], "spr": "spr:x"}
        answers["wakuext_hasCommunityArchive"] = True
        answers["wakuext_getDownloadedMessageArchiveIDs"] = None
        answers["wakuext_connect"] = None
        answers["wakuext_updateMessageArchiveInterval"] = 10
    if dialect == "codex":
        answers["wakuext_getArchiveDistributionPreference"] = "torrent"
        answers["wakuext_setArchiveDistributionPreference"] = "codex"
        answers["wakuext_enableCodexCommunityHistoryArchiveProtocol"] = None
    if dialect == "logos_storage":
        answers["wakuext_enableLogosStorageCommunityHistoryArchiveProtocol"] = None
    for method, result in answers.items():
        server.methods[method] = lambda *params, result=result: {"result": result}


def calls_of(server, *methods):
    return [call for call in server.calls if call[0] in methods]


@pytest.mark.parametrize("dialect", ["torrent", "codex", "logos_storage"])
def test_the_dialect_is_found_out_once(backend, server, dialect):
    speak(server, dialect)
    backend.create_account_and_login()
    assert backend.wakuext_service.detect_archive_dialect() == dialect
    asked = len(server.calls)
    assert backend.wakuext_service.detect_archive_dialect() == dialect
    assert len(server.calls) == asked


def test_codex_is_preferred_before_it_is_enabled(backend, server):
    speak(server, "codex")
    backend.wakuext_service.enable_archives(
        {"DiscoveryPort": 8091, "CodexNodeConfig.Nat": "none", "BootstrapNodes": ["spr:a"]}
    )
    methods = "wakuext_setArchiveDistributionPreference", "wakuext_enableCodexCommunityHistoryArchiveProtocol"
    overrides = {
        "CodexNodeConfig.DiscoveryPort": "8091",
        "CodexNodeConfig.Nat": "none",
        "CodexNodeConfig.BootstrapNodes": '["spr:a"]',
    }
    assert calls_of(server, *methods) == [(methods[0], [{"preference": "codex"}]), (methods[1], [overrides])]


def test_logos_storage_has_its_own_prefix_and_no_preference(backend, server):
    speak(server, "logos_storage")
    backend.wakuext_service.enable_archives({"DiscoveryPort": 8091})
    method = "wakuext_enableLogosStorageCommunityHistoryArchiveProtocol"
    assert calls_of(server, method) == [(method, [{"NodeConfig.DiscoveryPort": "8091"}])]


def test_torrents_have_no_storage_node(backend, server):
    speak(server, "torrent")
    backend.wakuext_service.enable_archives()
    assert calls_of(server, "wakuext_enableCommunityHistoryArchiveProtocol")
    with pytest.raises(DialectError, match="no storage node to configure"):
        backend.wakuext_service.enable_archives({"DiscoveryPort": 1})
    with pytest.raises(DialectError, match="the torrent dialect has no storage node"):
        backend.wakuext_service.storage_debug()


def test_archives_of_a_community(backend, server):
    speak(server, "codex")
    archives = backend.wakuext_service.archives
    assert archives.interval() == 604_800
    archives.set_interval(10.0)
    assert calls_of(server, "wakuext_updateMessageArchiveInterval")[0][1] == [10]
    assert archives.exists(COMMUNITY) is True
    assert archives.downloaded_ids(COMMUNITY) == []
    peer = archives.storage_debug()
    backend.wakuext_service.storage_connect(peer["id"], peer["addrs"])
    assert calls_of(server, "wakuext_connect") == [("wakuext_connect", ["16Uiu2", ["/ip4/127.0.0.1/tcp/1"]])]


def test_the_dialects_own_words(backend, server):
    speak(server, "codex")
    backend.wakuext_service.enable_codex_community_history_archive_protocol({"CodexNodeConfig.DiscoveryPort": 8091})
    method = "wakuext_enableCodexCommunityHistoryArchiveProtocol"
    assert calls_of(server, method) == [(method, [{"CodexNodeConfig.DiscoveryPort": "8091"}])]
    assert backend.wakuext_service.get_message_archive_interval() == 604_800_000_000_000


def test_overrides_are_strings():
    given = {"a": 1, "b": True, "c": None, "d": ["x", "y"], "e": ("x",), "f": "text"}
    assert stringified(given) == {"a": "1", "b": "true", "c": "", "d": '["x", "y"]', "e": '["x"]', "f": "text"}
