"""Steps of the history archives: switch them on, let nodes reach each other's storage, read what happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from clients.signals import SignalType
from clients.status_backend import StatusBackend
from clients.waku import WakuClient, content_topic
from journal.entry import SIGNAL
from steps.eventually import eventually
from steps.step import step

# What a member goes through for one archive, in status-go's order.
IMPORT_ORDER = [
    SignalType.COMMUNITY_ARCHIVE_INDEX_DOWNLOAD_COMPLETED,
    SignalType.COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_STARTED,
    SignalType.COMMUNITY_HISTORY_ARCHIVE_DOWNLOADED,
    SignalType.COMMUNITY_HISTORY_ARCHIVES_SEEDING,
    SignalType.COMMUNITY_IMPORTING_HISTORY_ARCHIVE_MESSAGES,
    SignalType.COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_FINISHED,
]


class StorageAddress(NamedTuple):
    """How another Codex node dials this one: peer id and multiaddresses."""

    peer_id: str
    addrs: list[str]


@step("{nodes} enable history archives")
def enable_archives(*nodes: StatusBackend, bootstrap: str | None = None) -> None:
    """Switch the history archive protocol on, in the dialect that each backend speaks.

    With `bootstrap`, the SPR of a Codex node, their storage can be found by other nodes that know that one.
    """
    overrides = {"BootstrapNodes": [bootstrap]} if bootstrap else {}
    for node in nodes:
        if bootstrap and node.storage:
            node.storage.join(bootstrap)
        node.wakuext_service.enable_archives(overrides)


@step("{nodes} enable history archives over torrents")
def enable_torrents(*nodes: StatusBackend) -> None:
    """Switch the history archive protocol on, over torrents whatever the dialect."""
    for node in nodes:
        wakuext = node.wakuext_service
        if wakuext.archives.dialect.has_preference:
            wakuext.set_archive_distribution_preference("torrent")
        wakuext.enable_community_history_archive_protocol()


def storage_address(node: StatusBackend) -> StorageAddress:
    info = node.wakuext_service.storage_debug()
    return StorageAddress(info["id"], info["addrs"])


@step("the storage of {node} dials that of {peer}")
def connect_storage(node: StatusBackend, peer: StatusBackend) -> None:
    """Let the storage of one backend dial that of another."""
    node.wakuext_service.storage_connect(*storage_address(peer))


def of(community_id: str) -> dict[str, str]:
    """What the events of a community's archive signals have in common."""
    return {"communityId": community_id}


def archive_signals(
    node: StatusBackend, community_id: str, types: Iterable[SignalType] = IMPORT_ORDER
) -> list[SignalType]:
    """The archive signals of a community that a node ever emitted, in their order."""
    wanted = {signal_type.value: signal_type for signal_type in types}
    return [
        wanted[signal["type"]]
        for signal in _signals(node)
        if signal["type"] in wanted and (signal["event"] or {}).get("communityId") == community_id
    ]


def came_from_archive(node: StatusBackend, message_id: str) -> bool:
    """True where the first a node said of a message came after it had begun to import an archive."""
    for signal in _signals(node):
        if signal["type"] == SignalType.COMMUNITY_IMPORTING_HISTORY_ARCHIVE_MESSAGES.value:
            return True
        if signal["type"] == SignalType.MESSAGES_NEW.value and message_id in str(signal["event"]):
            return False
    return False


@step("{store} forgets the messages of {chat_id}")
def wait_until_forgotten(store: WakuClient, chat_id: str, timeout: float) -> None:
    """Until the store node has no message of this chat any more."""
    topic = content_topic(chat_id)
    eventually(
        lambda: not store.store_messages(content_topics=[topic]),
        timeout=timeout,
        message=f"the store node has forgotten the messages on {topic}, the topic of chat {chat_id}",
    )


def _signals(node: StatusBackend) -> list[dict[str, Any]]:
    return [dict(entry.data) for entry in node.journal.entries(node=node.name, kind=SIGNAL)]
