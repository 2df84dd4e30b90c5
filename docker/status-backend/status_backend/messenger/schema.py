"""The tables of the messenger. Times are unix milliseconds unless a comment says otherwise."""

STEPS = (
    """
    CREATE TABLE communities (
        id TEXT PRIMARY KEY,
        private_key BLOB,             -- only on the control node
        description BLOB NOT NULL,    -- the application message that the community key signed
        joined INTEGER NOT NULL DEFAULT 0,
        joined_at INTEGER NOT NULL DEFAULT 0,             -- unix seconds
        spectated INTEGER NOT NULL DEFAULT 0,
        requested_to_join_at INTEGER NOT NULL DEFAULT 0   -- unix seconds
    );
    CREATE TABLE communities_settings (
        community_id TEXT PRIMARY KEY,
        history_archive_support_enabled INTEGER NOT NULL,
        clock INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE communities_requests_to_join (
        id TEXT PRIMARY KEY,
        public_key TEXT NOT NULL,
        clock INTEGER NOT NULL,               -- unix seconds
        ens_name TEXT NOT NULL DEFAULT '',
        community_id TEXT NOT NULL,
        state INTEGER NOT NULL,
        revealed_accounts TEXT NOT NULL,      -- JSON
        customization_color TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE TABLE chats (
        id TEXT PRIMARY KEY,
        chat_type INTEGER NOT NULL,
        name TEXT NOT NULL DEFAULT '',
        description TEXT NOT NULL DEFAULT '',
        color TEXT NOT NULL DEFAULT '',
        emoji TEXT NOT NULL DEFAULT '',
        active INTEGER NOT NULL DEFAULT 1,
        timestamp INTEGER NOT NULL DEFAULT 0,
        joined INTEGER NOT NULL DEFAULT 0,
        last_clock INTEGER NOT NULL DEFAULT 0,
        unviewed INTEGER NOT NULL DEFAULT 0,
        unviewed_mentions INTEGER NOT NULL DEFAULT 0,
        community_id TEXT NOT NULL DEFAULT '',
        first_message_timestamp INTEGER NOT NULL DEFAULT 0  -- unix seconds, 1: none yet
    );
    CREATE TABLE user_messages (
        id TEXT PRIMARY KEY,
        chat_id TEXT NOT NULL,
        source TEXT NOT NULL,
        clock INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,
        whisper_timestamp INTEGER NOT NULL,
        text TEXT NOT NULL,
        content_type INTEGER NOT NULL,
        message_type INTEGER NOT NULL,
        response_to TEXT NOT NULL DEFAULT '',
        ens_name TEXT NOT NULL DEFAULT '',
        display_name TEXT NOT NULL DEFAULT '',
        seen INTEGER NOT NULL DEFAULT 0,
        mentioned INTEGER NOT NULL DEFAULT 0,
        outgoing_status TEXT NOT NULL DEFAULT '',
        edited_at INTEGER NOT NULL DEFAULT 0,
        deleted_at INTEGER NOT NULL DEFAULT 0,
        deleted_by TEXT NOT NULL DEFAULT '',
        contact_request_state INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX user_messages_by_clock ON user_messages (chat_id, clock, id);
    -- Edits and deletions that came before the message they change.
    CREATE TABLE user_message_changes (
        message_id TEXT NOT NULL,
        source TEXT NOT NULL,
        type INTEGER NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY (message_id, source, type)
    ) WITHOUT ROWID;
    -- Messages of authors who are no members yet, as far as the description that we have says.
    CREATE TABLE held_messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        community_id TEXT NOT NULL,
        chat_id TEXT NOT NULL,
        author TEXT NOT NULL,
        pubsub_topic TEXT NOT NULL,
        content_topic TEXT NOT NULL,
        sealed BLOB NOT NULL,
        timestamp INTEGER NOT NULL,   -- unix nanoseconds
        wrapped BLOB NOT NULL UNIQUE  -- the application message
    );
    CREATE TABLE contacts (
        id TEXT PRIMARY KEY,
        display_name TEXT NOT NULL DEFAULT '',
        nickname TEXT NOT NULL DEFAULT '',
        local_state INTEGER NOT NULL DEFAULT 0,
        local_clock INTEGER NOT NULL DEFAULT 0,
        remote_state INTEGER NOT NULL DEFAULT 0,
        remote_clock INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE waku_messages (
        sig BLOB NOT NULL,            -- the author's uncompressed public key
        timestamp INTEGER NOT NULL,   -- unix seconds
        topic BLOB NOT NULL,          -- four bytes
        payload BLOB NOT NULL,        -- the decrypted application message
        padding BLOB NOT NULL DEFAULT x'',
        hash BLOB PRIMARY KEY,        -- the Waku message hash
        third_party_id TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE INDEX waku_messages_by_topic ON waku_messages (topic, timestamp);
    """,
    """
    ALTER TABLE chats ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE chats ADD COLUMN mute_till INTEGER NOT NULL DEFAULT 0;    -- 0: until it is unmuted
    ALTER TABLE chats ADD COLUMN cleared_at INTEGER NOT NULL DEFAULT 0;   -- clock of the last message that was cleared
    ALTER TABLE communities ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE communities ADD COLUMN mute_till INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE pin_messages (
        message_id TEXT PRIMARY KEY,
        chat_id TEXT NOT NULL,
        source TEXT NOT NULL,
        clock INTEGER NOT NULL,
        pinned INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE emoji_reactions (
        id TEXT PRIMARY KEY,
        message_id TEXT NOT NULL,
        chat_id TEXT NOT NULL,
        source TEXT NOT NULL,
        type INTEGER NOT NULL,
        message_type INTEGER NOT NULL,
        clock INTEGER NOT NULL,
        retracted INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX emoji_reactions_by_message ON emoji_reactions (chat_id, message_id);
    -- What makes a private group chat what it is: each change as whoever made it signed it.
    CREATE TABLE group_events (
        chat_id TEXT NOT NULL,
        event BLOB NOT NULL,
        PRIMARY KEY (chat_id, event)
    ) WITHOUT ROWID;
    -- Own messages as they were sent, to send them again.
    CREATE TABLE sent_messages (
        id TEXT PRIMARY KEY,
        type INTEGER NOT NULL,
        payload BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE status_updates (
        public_key TEXT PRIMARY KEY,
        status_type INTEGER NOT NULL,
        clock INTEGER NOT NULL,       -- unix seconds
        text TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE activity_center_notifications (
        id TEXT PRIMARY KEY,
        type INTEGER NOT NULL,
        chat_id TEXT NOT NULL DEFAULT '',
        community_id TEXT NOT NULL DEFAULT '',
        membership_status INTEGER NOT NULL DEFAULT 0,
        name TEXT NOT NULL DEFAULT '',
        author TEXT NOT NULL DEFAULT '',
        message_id TEXT NOT NULL DEFAULT '',
        reply_message_id TEXT NOT NULL DEFAULT '',
        timestamp INTEGER NOT NULL,
        read INTEGER NOT NULL DEFAULT 0,
        dismissed INTEGER NOT NULL DEFAULT 0,
        deleted INTEGER NOT NULL DEFAULT 0,
        accepted INTEGER NOT NULL DEFAULT 0,
        updated_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    -- One row: until when the notifications were seen.
    CREATE TABLE activity_center_state (id INTEGER PRIMARY KEY CHECK (id = 1), seen_at INTEGER NOT NULL);
    """,
    """
    ALTER TABLE contacts ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX user_messages_by_source ON user_messages (source, chat_id);
    """,
    """
    -- From when until when the store was asked for what was said here: unix seconds, 0 for never.
    ALTER TABLE chats ADD COLUMN synced_to INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE chats ADD COLUMN synced_from INTEGER NOT NULL DEFAULT 0;
    """,
    """
    ALTER TABLE contacts ADD COLUMN customization_color TEXT NOT NULL DEFAULT '';
    ALTER TABLE contacts ADD COLUMN profile_clock INTEGER NOT NULL DEFAULT 0;
    """,
    """
    ALTER TABLE user_messages ADD COLUMN command TEXT NOT NULL DEFAULT '';   -- about a transaction: JSON
    ALTER TABLE user_messages ADD COLUMN replaces TEXT NOT NULL DEFAULT '';  -- the message that is shown no longer
    """,
)
