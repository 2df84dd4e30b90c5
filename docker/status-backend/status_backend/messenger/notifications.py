"""`local-notifications`: what the system of whoever uses the backend should show."""

from __future__ import annotations

from typing import Any

from .community import Community


def community_joined(community: Community) -> dict[str, Any]:
    return {
        "id": "0x" + community.id.encode()[-32:].hex(),
        "body": None,
        "bodyType": "communityJoined",
        "title": community.name,
        "message": community.name,
        "category": "communityJoined",
        "deepLink": f"status-app://cr/{community.id}",
        "notificationAuthor": {"id": "", "icon": "", "name": ""},
    }
