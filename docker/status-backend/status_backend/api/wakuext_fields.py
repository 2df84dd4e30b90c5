"""The fields of request objects, whose types Go checks when it reads a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..rpc import INVALID_PARAMS, RpcError, ServiceError

# By a field's name its type; `[str]` is a list of texts.
Fields = Mapping[str, type | list[type]]

_GO = {str: "string", bool: "bool", int: "int", list: "[]string", dict: "struct"}
_JSON = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}

COMMUNITY = {
    "communityId": str,
    "name": str,
    "description": str,
    "color": str,
    "emoji": str,
    "introMessage": str,
    "outroMessage": str,
    "membership": int,
    "tags": list,
    "ensOnly": bool,
    "historyArchiveSupportEnabled": bool,
    "pinMessageAllMembersEnabled": bool,
}
FETCH = {"communityKey": str, "tryDatabase": bool, "waitForResponse": bool}
JOIN = {"communityId": str, "addressesToReveal": list, "airdropAddress": str, "signatures": list, "ensName": str}
CHANNEL = {"identity": dict, "permissions": dict}
IDENTITY = {"display_name": str, "description": str, "color": str, "emoji": str}
PERMISSIONS = {"access": int}
MESSAGE = {"chatId": str, "text": str, "contentType": int, "responseTo": str}
CONTACT = {"id": str, "message": str, "nickname": str, "displayName": str}
EDIT = {"id": str, "text": str}
PIN = {"chat_id": str, "message_id": str, "pinned": bool}
MUTE = {"chatId": str, "communityId": str, "categoryId": str, "mutedType": int}
CLEAR = {"id": str, "preserveHistory": bool}
CATEGORY: Fields = {
    "communityId": str,
    "categoryId": str,
    "categoryName": str,
    "chatId": str,
    "chatIds": [str],
    "position": int,
}
ROLE = {"communityId": str, "user": str, "role": int}
USER = {"communityId": str, "user": str}
BAN = {**USER, "deleteAllMessages": bool}
PERMISSION: Fields = {
    "communityId": str,
    "permissionId": str,
    "type": int,
    "tokenCriteria": [dict],
    "isPrivate": bool,
    "chatIds": [str],
}
PERMISSION_CHECK: Fields = {"communityId": str, "chatId": str, "addresses": [str]}
ACTIVITY: Fields = {"cursor": str, "limit": int, "activityTypes": [int], "readType": int, "accepted": bool}


def checked(request: dict[str, Any], struct: str, fields: Fields, argument: int = 0) -> dict[str, Any]:
    """The request, if each of these fields is absent, null or of its type. Other fields are left alone, as Go does."""
    for name, wanted in fields.items():
        value = request.get(name)
        if value is None:
            continue
        if isinstance(wanted, list) and type(value) is list:
            values, wanted = value, wanted[0]
        else:
            values, wanted = [value], list if isinstance(wanted, list) else wanted
        for item in values:
            if type(item) is not wanted:
                field = f"Go struct field {struct}.{name} of type {_GO[wanted]}"
                text = f"json: cannot unmarshal {_JSON[type(item)]} into {field}"
                raise RpcError(f"invalid argument {argument}: {text}", INVALID_PARAMS)
    return request


def required(request: dict[str, Any], struct: str, fields: Fields, prefix: str, *names: str) -> dict[str, Any]:
    """As checked, and none of these texts is missing or empty."""
    checked(request, struct, fields)
    for name in names:
        if not (request.get(name) or "").strip():
            raise ServiceError(f"{prefix}: invalid {name}")
    return request


def checked_channel(chat: dict[str, Any], argument: int = 1) -> dict[str, Any]:
    """A CommunityChat, with what it holds."""
    checked(chat, "CommunityChat", CHANNEL, argument)
    checked(chat.get("identity") or {}, "ChatIdentity", IDENTITY, argument)
    checked(chat.get("permissions") or {}, "CommunityPermissions", PERMISSIONS, argument)
    return chat
