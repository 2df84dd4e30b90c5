"""The type strings of all signals, in one place so that a correction is one line.

Marked "unconfirmed": the string follows the pattern of its neighbours, but was never seen on the wire.
"""

# Node and account
NODE_STARTED = "node.started"
NODE_READY = "node.ready"
NODE_STOPPED = "node.stopped"
NODE_CRASHED = "node.crashed"
NODE_LOGIN = "node.login"
NODE_LOGOUT = "node.logout"  # unconfirmed: known from a listener's list only
CHAIN_DATA_REMOVED = "chaindata.removed"
MEDIA_SERVER_STARTED = "mediaserver.started"

# Messenger
MESSAGES_NEW = "messages.new"
MESSAGE_DELIVERED = "message.delivered"
MESSAGES_DECRYPT_FAILED = "messages.decrypt.failed"
COMMUNITY_FOUND = "community.found"
STATUS_UPDATES_TIMED_OUT = "status.updates.timedout"
CURATED_COMMUNITIES_UPDATE = "curated.communities.update"
BACKUP_PERFORMED = "backup.performed"
UPDATE_AVAILABLE = "update.available"
BUNDLES_ADDED = "bundles.added"
LOCAL_NOTIFICATIONS = "local-notifications"

# Transport
WAKU_PEER_STATS = "wakuv2.peerstats"
ENVELOPE_SENT = "envelope.sent"
ENVELOPE_EXPIRED = "envelope.expired"
HISTORY_REQUEST_STARTED = "history.request.started"
HISTORY_REQUEST_COMPLETED = "history.request.completed"
HISTORY_REQUEST_FAILED = "history.request.failed"
MAILSERVER_AVAILABLE = "mailserver.available"
MAILSERVER_CHANGED = "mailserver.changed"
MAILSERVER_NOT_WORKING = "mailserver.not.working"

# Community history archives
HISTORY_ARCHIVES_PROTOCOL_ENABLED = "community.historyArchivesProtocolEnabled"
HISTORY_ARCHIVES_PROTOCOL_DISABLED = "community.historyArchivesProtocolDisabled"
CREATING_HISTORY_ARCHIVES = "community.creatingHistoryArchives"
HISTORY_ARCHIVES_CREATED = "community.historyArchivesCreated"
NO_HISTORY_ARCHIVES_CREATED = "community.noHistoryArchivesCreated"
HISTORY_ARCHIVES_SEEDING = "community.historyArchivesSeeding"
HISTORY_ARCHIVES_UNSEEDED = "community.historyArchivesUnseeded"
DOWNLOADING_HISTORY_ARCHIVES_STARTED = "community.downloadingHistoryArchivesStarted"
HISTORY_ARCHIVE_DOWNLOADED = "community.historyArchiveDownloaded"
IMPORTING_HISTORY_ARCHIVE_MESSAGES = "community.importingHistoryArchiveMessages"
DOWNLOADING_HISTORY_ARCHIVES_FINISHED = "community.downloadingHistoryArchivesFinished"
MANIFEST_FETCHED = "community.manifestFetched"  # unconfirmed
INDEX_DOWNLOAD_COMPLETED = "community.indexDownloadCompleted"  # unconfirmed
