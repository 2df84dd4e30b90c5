"""The fields of request objects, whose types Go checks when it reads a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..rpc import INVALID_PARAMS, RpcError

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


def checked(request: dict[str, Any], struct: str, fields: Mapping[str, type], argument: int = 0) -> dict[str, Any]:
    """The request, if each of these fields is absent, null or of its type. Other fields are left alone, as Go does."""
    for name, wanted in fields.items():
        value = request.get(name)
        if value is not None and type(value) is not wanted:
            found = _JSON[type(value)]
            field = f"Go struct field {struct}.{name} of type {_GO[wanted]}"
            raise RpcError(f"invalid argument {argument}: json: cannot unmarshal {found} into {field}", INVALID_PARAMS)
    return request


def checked_channel(chat: dict[str, Any], argument: int = 1) -> dict[str, Any]:
    """A CommunityChat, with what it holds."""
    checked(chat, "CommunityChat", CHANNEL, argument)
    checked(chat.get("identity") or {}, "ChatIdentity", IDENTITY, argument)
    checked(chat.get("permissions") or {}, "CommunityPermissions", PERMISSIONS, argument)
    return chat
