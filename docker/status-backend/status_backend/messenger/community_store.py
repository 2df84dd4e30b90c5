"""Communities, their settings and the requests to join them, on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from coincurve import PrivateKey

from ..db import Database, Row
from ..protocol import application
from ..protocol.communities_pb2 import CommunityDescription
from .community import Community, read_description

PENDING, DECLINED, ACCEPTED, CANCELED = 1, 2, 3, 4


@dataclass(frozen=True)
class RequestToJoin:
    """`clock` is in unix seconds. Revealed accounts have the shape in which they are shown."""

    id: str
    public_key: str
    community_id: str
    clock: int
    state: int = PENDING
    ens_name: str = ""
    customization_color: str = ""
    revealed_accounts: Sequence[dict[str, Any]] = field(default=())

    def to_json(self, viewer: str) -> dict[str, Any]:
        body = {
            "id": self.id,
            "publicKey": self.public_key,
            "clock": self.clock,
            "ensName": self.ens_name,
            "chatId": "",
            "communityId": self.community_id,
            "state": self.state,
            "our": self.public_key == viewer,
            "deleted": False,
            "revealedAccounts": list(self.revealed_accounts),
            "customizationColor": self.customization_color,
            "shareFutureAddresses": False,
        }
        for optional in ("ensName", "revealedAccounts", "customizationColor"):
            if not body[optional]:
                del body[optional]
        return body


class CommunityStore:
    """Reads what is on disk each time. A description that has not changed since is neither checked nor parsed again."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._parsed: dict[str, tuple[bytes, CommunityDescription]] = {}  # by id: what was signed, what it says
        self._private_keys: dict[str, PrivateKey] = {}  # by id, which is the public one

    def get(self, community_id: str) -> Community | None:
        row = self._db.one("SELECT * FROM communities WHERE id = ?", (community_id,))
        return self.keyed(self._community(row)) if row else None

    def all(self) -> list[Community]:
        return [self.keyed(self._community(row)) for row in self._db.query("SELECT * FROM communities ORDER BY rowid")]

    def keyed(self, community: Community) -> Community:
        """With what is known of the keys of its encrypted channels."""
        if not community.description.token_permissions:
            return community
        groups = {group for chat_id in community.chat_ids() if (group := community.group(chat_id)) is not None}
        known = {row["group_id"] for row in self._db.query("SELECT DISTINCT group_id FROM hash_ratchet_keys")}
        return replace(community, groups_with_keys=frozenset(groups & known))

    def save(self, community: Community) -> None:
        values = {
            "id": community.id,
            "private_key": community.private_key.secret if community.private_key else None,
            "description": community.signed,
            "joined": community.joined,
            "joined_at": community.joined_at,
            "spectated": community.spectated,
            "requested_to_join_at": community.requested_to_join_at,
            "muted": community.muted,
            "mute_till": community.mute_till,
        }
        upsert(self._db, "communities", values)

    def _community(self, row: Row) -> Community:
        return Community(
            id=row["id"],
            description=self._description(row["id"], row["description"]),
            signed=row["description"],
            private_key=self._private_key(row["id"], row["private_key"]),
            joined=bool(row["joined"]),
            joined_at=row["joined_at"],
            spectated=bool(row["spectated"]),
            requested_to_join_at=row["requested_to_join_at"],
            muted=bool(row["muted"]),
            mute_till=row["mute_till"],
        )

    def _private_key(self, community_id: str, secret: bytes | None) -> PrivateKey | None:
        if secret and community_id not in self._private_keys:
            self._private_keys[community_id] = PrivateKey(secret)
        return self._private_keys[community_id] if secret else None

    def _description(self, community_id: str, signed: bytes) -> CommunityDescription:
        """Shared by all who ask: `Community.draft` gives a copy to change."""
        known, description = self._parsed.get(community_id, (b"", None))
        if description is None or known != signed:
            description = read_description(application.unwrap(signed), community_id)
            self._parsed[community_id] = signed, description
        return description

    # Settings

    def settings(self) -> list[dict[str, Any]]:
        rows = self._db.query("SELECT * FROM communities_settings ORDER BY community_id")
        return [_settings_json(row) for row in rows]

    def settings_of(self, community_id: str) -> dict[str, Any] | None:
        row = self._db.one("SELECT * FROM communities_settings WHERE community_id = ?", (community_id,))
        return _settings_json(row) if row else None

    def save_settings(self, community_id: str, archives: bool) -> dict[str, Any]:
        upsert(
            self._db,
            "communities_settings",
            {"community_id": community_id, "history_archive_support_enabled": archives},
            key="community_id",
        )
        return {"communityId": community_id, "historyArchiveSupportEnabled": archives, "clock": 0}

    def delete_settings(self, community_id: str) -> None:
        self._db.execute("DELETE FROM communities_settings WHERE community_id = ?", (community_id,))

    # Requests to join

    def request(self, id_: str) -> RequestToJoin | None:
        row = self._db.one("SELECT * FROM communities_requests_to_join WHERE id = ?", (id_,))
        return _request(row) if row else None

    def requests(self, where: str, params: Sequence[Any] = ()) -> list[RequestToJoin]:
        rows = self._db.query(f"SELECT * FROM communities_requests_to_join WHERE {where} ORDER BY clock, id", params)
        return [_request(row) for row in rows]

    def save_request(self, request: RequestToJoin) -> None:
        values = {
            "id": request.id,
            "public_key": request.public_key,
            "clock": request.clock,
            "ens_name": request.ens_name,
            "community_id": request.community_id,
            "state": request.state,
            "revealed_accounts": json.dumps(list(request.revealed_accounts)),
            "customization_color": request.customization_color,
        }
        upsert(self._db, "communities_requests_to_join", values)


def upsert(db: Database, table: str, values: dict[str, Any], key: str = "id") -> None:
    columns = ", ".join(values)
    marks = ", ".join(f":{column}" for column in values)
    updates = ", ".join(f"{column} = excluded.{column}" for column in values if column != key)
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {updates}", values)


def _settings_json(row: Row) -> dict[str, Any]:
    return {
        "communityId": row["community_id"],
        "historyArchiveSupportEnabled": bool(row["history_archive_support_enabled"]),
        "clock": row["clock"],
    }


def _request(row: Row) -> RequestToJoin:
    return RequestToJoin(
        id=row["id"],
        public_key=row["public_key"],
        community_id=row["community_id"],
        clock=row["clock"],
        state=row["state"],
        ens_name=row["ens_name"],
        customization_color=row["customization_color"],
        revealed_accounts=json.loads(row["revealed_accounts"]),
    )
