"""The request that creates or restores an account, made from the keyword arguments of the tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KDF_ITERATIONS = 256_000

# Keyword arguments whose JSON name is not simply their camelCase.
_NAMES = {
    "waku_light_client": "wakuV2LightClient",
    "waku_fleet": "wakuV2Fleet",
    "verify_ens_contract_address": "verifyENSContractAddress",
    "status_proxy_enabled": "StatusProxyEnabled",
    "status_proxy_stage_name": "StatusProxyStageName",
}

DEFAULTS: Mapping[str, Any] = {
    "kdfIterations": KDF_ITERATIONS,
    "customizationColor": "primary",
    "logEnabled": True,
    "logToStderr": True,
    "logLevel": "DEBUG",
    "wakuV2LightClient": False,
    "torrentConfigEnabled": False,
    "torrentConfigPort": 9025,
    "thirdpartyServicesEnabled": True,
    "testNetworksEnabled": True,
    "networkId": 31337,
}


def account_request(data_dir: str, display_name: str, password: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """`options` may be in snake_case ("import_initial_delay") or as the node spells them ("importInitialDelay"); None
    leaves the key out. A backend ignores keys that it does not know."""
    request = {"rootDataDir": data_dir, "displayName": display_name, "password": password, **DEFAULTS}
    request.update({json_name(name): value for name, value in options.items()})
    return {name: value for name, value in request.items() if value is not None}


def json_name(name: str) -> str:
    """`message_archive_interval` as `messageArchiveInterval`; a name that is camelCase already stays."""
    if name in _NAMES:
        return _NAMES[name]
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
