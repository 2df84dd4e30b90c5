"""How a community is laid out, and who helps to run it: categories, order of channels, roles. On the control node."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from ..protocol.communities_pb2 import CommunityCategory, CommunityDescription
from ..rpc import ServiceError
from .communities import Communities
from .community import ADMIN, TOKEN_MASTER, Community, changes_json, to_dict
from .context import Context
from .response import Response


class Organisation:
    def __init__(self, context: Context, communities: Communities) -> None:
        self._context = context
        self._communities = communities

    # Categories

    def create_category(self, request: Mapping[str, Any]) -> Response:
        community = self._communities.controlled(request.get("communityId") or "")
        draft, id_ = community.draft(), str(uuid.uuid4())
        category = draft.categories[id_]
        category.category_id, category.name = id_, _name(request)
        category.position = len(draft.categories) - 1
        _assign(draft, id_, request.get("chatIds") or [], community.id)
        return self._publish(community, draft, categoriesAdded={id_: to_dict(category)})

    def edit_category(self, request: Mapping[str, Any]) -> Response:
        community = self._communities.controlled(request.get("communityId") or "")
        draft = community.draft()
        category = _category(draft, request)
        category.name = _name(request)
        _assign(draft, category.category_id, request.get("chatIds") or [], community.id)
        return self._publish(community, draft, categoriesModified={category.category_id: to_dict(category)})

    def delete_category(self, request: Mapping[str, Any]) -> Response:
        """Its channels stay, in no category."""
        community = self._communities.controlled(request.get("communityId") or "")
        draft = community.draft()
        id_ = _category(draft, request).category_id
        _assign(draft, id_, [], community.id)
        del draft.categories[id_]
        _number(draft.categories.values())
        return self._publish(community, draft, categoriesRemoved=[id_])

    def reorder_categories(self, request: Mapping[str, Any]) -> Response:
        community = self._communities.controlled(request.get("communityId") or "")
        draft = community.draft()
        _move(draft.categories, _category(draft, request).category_id, request.get("position") or 0)
        modified = {id_: to_dict(category) for id_, category in draft.categories.items()}
        return self._publish(community, draft, categoriesModified=modified)

    # Channels

    def reorder_channel(self, request: Mapping[str, Any]) -> Response:
        """Into this category (none if empty), at this position of it."""
        community = self._communities.controlled(request.get("communityId") or "")
        draft = community.draft()
        id_ = (request.get("chatId") or "").removeprefix(community.id)
        if id_ not in draft.chats:
            raise ServiceError("chat not found")
        category_id = request.get("categoryId") or ""
        if category_id and category_id not in draft.categories:
            raise ServiceError("category not found")
        channel = draft.chats[id_]
        left, channel.category_id = channel.category_id, category_id
        _number(other for other in draft.chats.values() if other.category_id == left)
        neighbours = {key: other for key, other in draft.chats.items() if other.category_id == category_id}
        _move(neighbours, id_, request.get("position") or 0)
        modified = {
            key: {"ChatModified": None, "PositionModified": other.position, "CategoryModified": other.category_id}
            for key, other in draft.chats.items()
            if other != community.description.chats[key]
        }
        return self._publish(community, draft, chatsModified=modified)

    # Roles

    def add_role(self, request: Mapping[str, Any]) -> Response:
        return self._set_role(request, add=True)

    def remove_role(self, request: Mapping[str, Any]) -> Response:
        return self._set_role(request, add=False)

    def _set_role(self, request: Mapping[str, Any], add: bool) -> Response:
        community = self._communities.controlled(request.get("communityId") or "")
        user, role = request.get("user") or "", request.get("role") or 0
        if role not in (ADMIN, TOKEN_MASTER):
            raise ServiceError("invalid role")
        if not community.has_member(user):
            raise ServiceError("member not found")
        draft = community.draft()
        for members in (draft.members, *(channel.members for channel in draft.chats.values())):
            if user in members:
                roles = [other for other in members[user].roles if other != role]
                del members[user].roles[:]
                members[user].roles.extend([*roles, role] if add else roles)
        return self._publish(community, draft)

    def _publish(self, community: Community, draft: CommunityDescription, **changes: Any) -> Response:
        with self._context.work() as response:
            published = self._communities.publish(response, community, draft)
            body = changes_json(published, self._context.public_key, **changes)
            response.add("communityChanges", community.id, body)
        return response


def _name(request: Mapping[str, Any]) -> str:
    name = request.get("categoryName") or ""
    if not name.strip():
        raise ServiceError("community-category: invalid category name")
    return name


def _category(draft: CommunityDescription, request: Mapping[str, Any]) -> CommunityCategory:
    id_ = request.get("categoryId") or ""
    if id_ not in draft.categories:
        raise ServiceError("category not found")
    return draft.categories[id_]


def _assign(draft: CommunityDescription, category_id: str, chat_ids: Iterable[str], community_id: str) -> None:
    """Makes these channels, in this order, all that the category has."""
    wanted = [chat_id.removeprefix(community_id) for chat_id in chat_ids]
    if unknown := [id_ for id_ in wanted if id_ not in draft.chats]:
        raise ServiceError(f"chat not found: {unknown[0]}")
    for id_, channel in draft.chats.items():
        if channel.category_id == category_id and id_ not in wanted:
            channel.category_id = ""
    for position, id_ in enumerate(wanted):
        draft.chats[id_].category_id, draft.chats[id_].position = category_id, position
    _number(channel for channel in draft.chats.values() if not channel.category_id)


def _number(items: Iterable[Any]) -> None:
    """Positions without gaps, in the order that there is."""
    for position, item in enumerate(sorted(items, key=lambda item: item.position)):
        item.position = position


def _move(items: Mapping[str, Any], moved: str, position: int) -> None:
    others = sorted((key for key in items if key != moved), key=lambda key: items[key].position)
    others.insert(max(0, position), moved)
    for number, key in enumerate(others):
        items[key].position = number
