"""What the RPC methods of communities accept, with the original's texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..protocol.communities_pb2 import CommunityPermissions
from ..rpc import ServiceError

_MAX_NAME, _MAX_DESCRIPTION, _MAX_INTRO, _MAX_OUTRO, _MAX_TAGS = 30, 140, 1400, 80, 3
SIGNATURE_SIZE = 65


def community_request(request: Mapping[str, Any]) -> None:
    """A CreateCommunity or EditCommunity request, which the original does not tell apart here."""
    checks = {
        "name": 1 <= len(_text(request, "name")) <= _MAX_NAME,
        "description": 1 <= len(_text(request, "description")) <= _MAX_DESCRIPTION,
        "color": bool(_text(request, "color")),
        "membership": request.get("membership") in CommunityPermissions.Access.values()[1:],
        "intro message": len(_text(request, "introMessage")) <= _MAX_INTRO,
        "outro message": len(_text(request, "outroMessage")) <= _MAX_OUTRO,
        "tags": _texts(request.get("tags") or []) and len(request.get("tags") or []) <= _MAX_TAGS,
    }
    for field, valid in checks.items():
        if not valid:
            raise ServiceError(f"create-community: invalid {field}")


def join_request(request: Mapping[str, Any]) -> None:
    """A RequestToJoinCommunity request. Signatures are optional, but then there is one for each address."""
    addresses, signatures = request.get("addressesToReveal") or [], request.get("signatures") or []
    airdrop = request.get("airdropAddress") or ""
    if not _text(request, "communityId"):
        raise _refuse("invalid community id")
    if not addresses or not _texts(addresses):
        raise _refuse("no addresses to reveal")
    if airdrop and airdrop not in addresses:
        raise _refuse("airdrop address is not in the set of addresses to reveal")
    if signatures and len(signatures) != len(addresses):
        raise _refuse("the number of signatures must match the number of addresses to reveal")
    if not all(_is_signature(signature) for signature in signatures):
        raise _refuse("invalid signature")


def _refuse(reason: str) -> ServiceError:
    return ServiceError(f"request-to-join-community: {reason}")


def _text(request: Mapping[str, Any], key: str) -> str:
    value = request.get(key)
    return value if isinstance(value, str) else ""


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _is_signature(text: Any) -> bool:
    try:
        return len(bytes.fromhex(text.removeprefix("0x"))) == SIGNATURE_SIZE
    except (AttributeError, ValueError):
        return False
