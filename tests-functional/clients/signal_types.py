"""The types of status-backend's signals, under the names of status-go's own functional tests."""

from __future__ import annotations

from enum import Enum

# Strings that no source or recording confirms; they follow the pattern of their neighbours. Correct them here only.
UNCONFIRMED = {
    "NODE_LOGOUT": "node.logout",
    "COMMUNITY_ARCHIVE_MANIFEST_FETCHED": "community.manifestFetched",
    "COMMUNITY_ARCHIVE_INDEX_DOWNLOAD_COMPLETED": "community.indexDownloadCompleted",
}


class SignalType(Enum):
    # node and account
    NODE_STARTED = "node.started"
    NODE_READY = "node.ready"
    NODE_STOPPED = "node.stopped"
    NODE_CRASHED = "node.crashed"
    NODE_LOGIN = "node.login"
    NODE_LOGOUT = UNCONFIRMED["NODE_LOGOUT"]
    CHAIN_DATA_REMOVED = "chaindata.removed"
    MEDIASERVER_STARTED = "mediaserver.started"
    BACKUP_PERFORMED = "backup.performed"
    UPDATE_AVAILABLE = "update.available"
    LOCAL_NOTIFICATIONS = "local-notifications"

    # messages
    MESSAGES_NEW = "messages.new"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGES_DECRYPT_FAILED = "messages.decrypt.failed"
    BUNDLES_ADDED = "bundles.added"
    STATUS_UPDATES_TIMEDOUT = "status.updates.timedout"

    # Waku
    WAKUV2_PEERSTATS = "wakuv2.peerstats"
    ENVELOPE_SENT = "envelope.sent"
    ENVELOPE_EXPIRED = "envelope.expired"
    HISTORY_REQUEST_STARTED = "history.request.started"
    HISTORY_REQUEST_COMPLETED = "history.request.completed"
    HISTORY_REQUEST_FAILED = "history.request.failed"
    MAILSERVER_AVAILABLE = "mailserver.available"
    MAILSERVER_CHANGED = "mailserver.changed"
    MAILSERVER_NOT_WORKING = "mailserver.not.working"

    # communities
    COMMUNITY_FOUND = "community.found"
    CURATED_COMMUNITIES_UPDATE = "curated.communities.update"

    # community history archives
    COMMUNITY_HISTORY_ARCHIVES_PROTOCOL_ENABLED = "community.historyArchivesProtocolEnabled"
    COMMUNITY_HISTORY_ARCHIVES_PROTOCOL_DISABLED = "community.historyArchivesProtocolDisabled"
    COMMUNITY_CREATING_HISTORY_ARCHIVES = "community.creatingHistoryArchives"
    COMMUNITY_HISTORY_ARCHIVES_CREATED = "community.historyArchivesCreated"
    COMMUNITY_NO_HISTORY_ARCHIVES_CREATED = "community.noHistoryArchivesCreated"
    COMMUNITY_HISTORY_ARCHIVES_SEEDING = "community.historyArchivesSeeding"
    COMMUNITY_HISTORY_ARCHIVES_UNSEEDED = "community.historyArchivesUnseeded"
    COMMUNITY_ARCHIVE_MANIFEST_FETCHED = UNCONFIRMED["COMMUNITY_ARCHIVE_MANIFEST_FETCHED"]
    COMMUNITY_ARCHIVE_INDEX_DOWNLOAD_COMPLETED = UNCONFIRMED["COMMUNITY_ARCHIVE_INDEX_DOWNLOAD_COMPLETED"]
    COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_STARTED = "community.downloadingHistoryArchivesStarted"
    COMMUNITY_HISTORY_ARCHIVE_DOWNLOADED = "community.historyArchiveDownloaded"
    COMMUNITY_IMPORTING_HISTORY_ARCHIVE_MESSAGES = "community.importingHistoryArchiveMessages"
    COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_FINISHED = "community.downloadingHistoryArchivesFinished"

    # what no reference node sends: a wait for one ends with its diagnosis
    LOCAL_PAIRING = "localPairing"
    WALLET = "wallet"
    WALLET_SUGGESTED_ROUTES = "wallet.suggested.routes"
    WALLET_ROUTER_SIGN_TRANSACTIONS = "wallet.router.sign-transactions"
    WALLET_ROUTER_SENDING_TRANSACTIONS_STARTED = "wallet.router.sending-transactions-started"
    WALLET_ROUTER_TRANSACTIONS_SENT = "wallet.router.transactions-sent"
    WALLET_TRANSACTION_STATUS_CHANGED = "wallet.transaction.status-changed"

    # Other names for the same signals. There is none of its own for "import finished".
    COMMUNITY_ARCHIVE_DOWNLOAD_COMPLETED = COMMUNITY_HISTORY_ARCHIVE_DOWNLOADED
    COMMUNITY_IMPORTING_HISTORY_ARCHIVE_MESSAGES_STARTED = COMMUNITY_IMPORTING_HISTORY_ARCHIVE_MESSAGES
    COMMUNITY_IMPORTING_HISTORY_ARCHIVE_MESSAGES_FINISHED = COMMUNITY_DOWNLOADING_HISTORY_ARCHIVES_FINISHED

    def __repr__(self) -> str:
        return self.value  # what an assertion shows


def type_string(signal_type: SignalType | str) -> str:
    """The wire form of a type given as enum member or as its value."""
    return signal_type.value if isinstance(signal_type, SignalType) else signal_type
