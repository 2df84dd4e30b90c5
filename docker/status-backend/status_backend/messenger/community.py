"""A community: its signed description, and how this account stands to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from coincurve import PrivateKey, PublicKey
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError

from ..protocol import application, ids
from ..protocol.application import Application, MalformedMessage, Type
from ..protocol.communities_pb2 import (
    CommunityChat,
    CommunityDescription,
    CommunityMember,
    CommunityPermissions,
    CommunityTokenPermission,
)
from . import clock, muting

AUTO_ACCEPT = CommunityPermissions.AUTO_ACCEPT
MANUAL_ACCEPT = CommunityPermissions.MANUAL_ACCEPT
OWNER = CommunityMember.ROLE_OWNER
ADMIN = CommunityMember.ROLE_ADMIN
TOKEN_MASTER = CommunityMember.ROLE_TOKEN_MASTER
NO_ROLE = CommunityMember.ROLE_NONE
_BANNED, _ERASED = 0, 4  # in pendingAndBannedMembers; the latter unconfirmed
_APPROVED = 0  # state of a token permission
_CHANNEL_PERMISSIONS = (
    CommunityTokenPermission.CAN_VIEW_CHANNEL,
    CommunityTokenPermission.CAN_VIEW_AND_POST_CHANNEL,
)


@dataclass(frozen=True)
class Community:
    """`signed` is the application message that carries the description. Only the control node has `private_key`."""

    id: str
    description: CommunityDescription
    signed: bytes
    private_key: PrivateKey | None = None
    joined: bool = False
    joined_at: int = 0
    spectated: bool = False
    requested_to_join_at: int = 0
    muted: bool = False
    mute_till: int = 0
    groups_with_keys: frozenset[bytes] = frozenset()  # those that can be read, of the encrypted ones

    @property
    def is_control_node(self) -> bool:
        return self.private_key is not None

    @property
    def clock(self) -> int:
        return self.description.clock

    @property
    def name(self) -> str:
        return self.description.identity.display_name

    @property
    def public_key(self) -> PublicKey:
        return ids.parse_public_key(self.id)

    @property
    def access(self) -> int:
        return self.description.permissions.access

    def has_member(self, public_key: str) -> bool:
        return public_key in self.description.members and public_key not in self.description.ban_list

    def is_banned(self, public_key: str) -> bool:
        return public_key in self.description.ban_list

    @property
    def erased(self) -> set[str]:
        """Those that are banned with all that they wrote."""
        bans = self.description.banned_members
        return {key for key in self.description.ban_list if key in bans and bans[key].delete_all_messages}

    def role(self, public_key: str) -> int:
        roles = self.description.members[public_key].roles if public_key in self.description.members else []
        return roles[0] if roles else NO_ROLE

    def manages(self, public_key: str) -> bool:
        """Whether this member may do what a community leaves to a few: pin, delete what others wrote."""
        return self.has_member(public_key) and self.role(public_key) in (OWNER, ADMIN, TOKEN_MASTER)

    def permissions(self, type_: int, chat_id: str | None = None) -> list[CommunityTokenPermission]:
        """The token permissions of this type, by their ids; of this channel, if one is named."""
        found = sorted(self.description.token_permissions.items())
        return [p for _, p in found if p.type == type_ and (chat_id is None or chat_id in p.chat_ids)]

    def is_gated(self, chat_id: str) -> bool:
        """Whether one has to own something to see this channel. Then it has a key of its own."""
        return any(self.permissions(type_, chat_id) for type_ in _CHANNEL_PERMISSIONS)

    def may_view(self, chat_id: str, public_key: str) -> bool:
        channel = self.description.chats.get(chat_id.removeprefix(self.id))
        if channel is None or not self.has_member(public_key):
            return False
        return not self.is_gated(chat_id) or public_key in channel.members

    def may_post(self, chat_id: str, public_key: str) -> bool:
        if not self.is_gated(chat_id) or not self.may_view(chat_id, public_key):
            return self.may_view(chat_id, public_key)
        listed = self.description.chats[chat_id.removeprefix(self.id)].members[public_key]
        return listed.channel_role == CommunityMember.CHANNEL_ROLE_POSTER

    def chat_ids(self) -> list[str]:
        return [self.id + channel for channel in self.description.chats]

    def ordered_channels(self) -> Iterator[tuple[str, CommunityChat]]:
        yield from sorted(self.description.chats.items(), key=lambda item: (item[1].position, item[0]))

    # Changing

    def draft(self) -> CommunityDescription:
        """A copy of the description to change and hand to `publish`."""
        copy = CommunityDescription()
        copy.CopyFrom(self.description)
        return copy

    def group(self, chat_id: str) -> bytes | None:
        """Under whose keys this channel is encrypted: its own, or the community's. None: it is not."""
        if self.is_gated(chat_id):
            return chat_id.encode()
        return ids.from_hex(self.id) if self.description.encrypted else None

    def described_as(self, description: CommunityDescription) -> Community:
        """As it would be with this description."""
        return replace(self, description=description)

    def publish(self, description: CommunityDescription) -> Community:
        """With this description, its clock moved on, signed anew. Only on the control node."""
        assert self.private_key is not None
        description.clock = clock.tick(self.description.clock)
        return replace(self, description=description, signed=sign(description, self.private_key))

    def with_description(self, message: Application) -> Community:
        return replace(self, description=read_description(message, self.id), signed=message.wrapped)

    # Showing

    def to_json(self, viewer: str) -> dict[str, Any]:
        description, member = self.description, self.has_member(viewer)
        role = self.role(viewer)
        manages = self.is_control_node or self.manages(viewer)
        open_to_viewer = not member and not self.is_banned(viewer)
        body = {
            "id": self.id,
            "memberRole": role,
            "isControlNode": self.is_control_node,
            "verified": False,
            "joined": self.joined,
            "joinedAt": self.joined_at,
            "spectated": self.spectated,
            "requestedAccessAt": 0,
            "name": self.name,
            "description": description.identity.description,
            "introMessage": description.intro_message,
            "outroMessage": description.outro_message,
            "tags": list(description.tags),
            "chats": {id_: self._channel_json(id_, channel, viewer) for id_, channel in self.ordered_channels()},
            "categories": {
                id_: {"id": id_, "name": category.name, "position": category.position}
                for id_, category in sorted(description.categories.items(), key=lambda item: item[1].position)
            },
            "images": None,
            "permissions": to_dict(description.permissions),
            "members": {key: to_dict(description.members[key]) for key in self.members()},
            "canRequestAccess": open_to_viewer and self.access == MANUAL_ACCEPT,
            "canManageUsers": manages,
            "canDeleteMessageForEveryone": manages,
            "canJoin": open_to_viewer and self.access == AUTO_ACCEPT,
            "color": description.identity.color,
            "requestedToJoinAt": self.requested_to_join_at,
            "isMember": member,
            **muting.shown(self.muted, self.mute_till),
            "adminSettings": {
                "pinMessageAllMembersEnabled": description.admin_settings.pin_message_all_members_enabled,
            },
            "encrypted": description.encrypted,
            "pendingAndBannedMembers": {
                key: _ERASED if key in self.erased else _BANNED for key in description.ban_list
            },
            "tokenPermissions": {
                id_: permission_json(permission) for id_, permission in sorted(description.token_permissions.items())
            },
            "communityTokensMetadata": None,
            "activeMembersCount": description.active_members_count,
            "pubsubTopic": "",
            "pubsubTopicKey": "",
            "shard": None,
            "lastOpenedAt": 0,
            "clock": description.clock,
        }
        if not self.requested_to_join_at:
            del body["requestedToJoinAt"]
        return body

    def _channel_json(self, id_: str, channel: CommunityChat, viewer: str) -> dict[str, Any]:
        chat_id = self.id + id_
        may_post, may_view = self.may_post(chat_id, viewer), self.may_view(chat_id, viewer)
        return channel_json(id_, channel, may_view) | {
            "canPost": may_post,
            "canPostReactions": may_post or (may_view and channel.viewers_can_post_reactions),
            "tokenGated": self.is_gated(chat_id),
            "missingEncryptionKey": self.group(chat_id) not in (None, *self.groups_with_keys),
        }

    def members(self) -> list[str]:
        """Public keys: owner first, then by the time of joining."""
        members = self.description.members
        return sorted(members, key=lambda key: (not members[key].roles, members[key].last_update_clock, key))


def create(description: CommunityDescription) -> Community:
    """A new community with a fresh key, its clock at 1 as nothing was published yet."""
    key = PrivateKey()
    id_ = ids.community_id(key.public_key)
    description.clock, description.ID = 1, id_
    return Community(id_, description, sign(description, key), key, joined=True, joined_at=clock.now_s())


def sign(description: CommunityDescription, key: PrivateKey) -> bytes:
    return application.wrap(description.SerializeToString(deterministic=True), Type.COMMUNITY_DESCRIPTION, key)


def read_description(message: Application, community_id: str) -> CommunityDescription:
    """MalformedMessage unless it is a description signed by the key of this community."""
    if message.type != Type.COMMUNITY_DESCRIPTION:
        raise MalformedMessage(f"a message of type {message.type}, not a community description")
    if ids.community_id(message.author) != community_id:
        raise MalformedMessage(f"a description of {community_id} signed by {message.from_}")
    try:
        return CommunityDescription.FromString(message.payload)
    except DecodeError as error:
        raise MalformedMessage(f"not a community description: {error}") from error


def channel_json(id_: str, channel: CommunityChat, member: bool) -> dict[str, Any]:
    return {
        "id": id_,
        "name": channel.identity.display_name,
        "color": channel.identity.color,
        "emoji": channel.identity.emoji,
        "description": channel.identity.description,
        "members": None,
        "permissions": to_dict(channel.permissions),
        "canPost": member,
        "canView": member,
        "canPostReactions": member,
        "viewersCanPostReactions": channel.viewers_can_post_reactions,
        "position": channel.position,
        "categoryID": channel.category_id,
        "tokenGated": False,
        "hideIfPermissionsNotMet": channel.hide_if_permissions_not_met,
        "missingEncryptionKey": False,
    }


def permission_json(permission: CommunityTokenPermission) -> dict[str, Any]:
    criteria = [to_dict(one) for one in permission.token_criteria]
    return to_dict(permission) | {"token_criteria": criteria, "state": _APPROVED}


def changes_json(community: Community, viewer: str, **changes: Any) -> dict[str, Any]:
    """An entry of `communityChanges`; `changes` are those of its fields that are not empty."""
    body: dict[str, Any] = {
        "community": community.to_json(viewer),
        "controlNodeChanged": None,
        "membersAdded": {},
        "membersRemoved": {},
        "membersBanned": {},
        "membersUnbanned": {},
        "tokenPermissionsAdded": {},
        "tokenPermissionsModified": {},
        "tokenPermissionsRemoved": {},
        "chatsRemoved": {},
        "chatsAdded": {},
        "chatsModified": {},
        "categoriesRemoved": [],
        "categoriesAdded": {},
        "categoriesModified": {},
        "memberWalletsRemoved": [],
        "memberWalletsAdded": {},
        "memberAdded": False,
        "memberRemoved": False,
        "memberSoftRemoved": False,
    }
    assert changes.keys() <= body.keys()
    return body | changes


def to_dict(message: Any) -> dict[str, Any]:
    """Go's encoding/json of a protobuf struct: names as in the .proto file, numbers as numbers, empty ones left out."""
    return _numbers(message, MessageToDict(message, preserving_proto_field_name=True, use_integers_for_enums=True))


def _numbers(message: Any, body: dict[str, Any]) -> dict[str, Any]:
    """Protobuf's JSON writes 64-bit integers as text, Go's does not."""
    for field in message.DESCRIPTOR.fields:
        if field.name not in body:
            continue
        value = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                body[field.name] = {key: _numbers(item, body[field.name][key]) for key, item in value.items()}
        elif field.message_type is not None:
            if not field.is_repeated:
                _numbers(value, body[field.name])
        elif field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64):
            body[field.name] = list(value) if field.is_repeated else value
    return body
