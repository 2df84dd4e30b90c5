"""`wakuext_*`: what the profile says of itself. Contacts are told at once, others learn it with the next message."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from ..accounts import requests
from ..accounts.store import AccountStore
from ..rpc import Service, ServiceError, rpc
from ..session import Session
from .wakuext_fields import checked

MAX_BIO = 240
CustomizationColor = Annotated[dict, "requests.SetCustomizationColor"]


class ProfileService(Service):
    namespace = "wakuext"

    def __init__(self, session: Session, accounts: AccountStore) -> None:
        self._session = session
        self._accounts = accounts

    @rpc()
    async def set_display_name(self, name: str) -> None:
        try:
            name = requests.display_name(name)
        except ValueError as error:
            raise ServiceError(str(error)) from None
        self._session.settings.set("display-name", name)
        self._change(name=name or self._session.settings.get("name"))

    @rpc()
    async def set_bio(self, bio: str) -> None:
        if len(bio) > MAX_BIO:
            raise ServiceError("invalid bio")
        self._session.settings.set("bio", bio)

    @rpc()
    async def set_customization_color(self, request: CustomizationColor) -> None:
        """Of the profile that is logged in."""
        checked(request, "SetCustomizationColor", {"customizationColor": str, "keyUid": str})
        if request.get("keyUid") != self._session.key_uid:
            raise ServiceError("account not found")
        if not request.get("customizationColor"):
            raise ServiceError("set-customization-color: invalid customization color")
        self._change(customization_color=request["customizationColor"])

    def _change(self, **changes: Any) -> None:
        account = self._accounts.get(self._session.key_uid)
        assert account is not None
        account = replace(account, **changes)
        self._accounts.save(account)
        self._session.account.update(account.to_json())
        for listener in self._session.profile_changed:
            listener()
