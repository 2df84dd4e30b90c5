"""The state of the process: no data directory yet, initialised, or logged in to one profile.

Creating, restoring and logging in answer at once and tell their outcome by `node.login`, as the original does.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from . import logs, parts, signal_types
from .accounts import derivation, profile, requests
from .accounts.derivation import ExtendedKey
from .accounts.keypairs import Keypairs
from .accounts.keystore import Keystore, KeystoreError
from .accounts.profile import OpenProfile, ProfilePaths
from .accounts.requests import InvalidRequest, Request
from .accounts.store import Account, AccountStore
from .api.accounts import AccountsService
from .api.settings import SettingsService
from .api.wakuext_profile import ProfileService
from .api.wallet import WalletService
from .db import DatabaseError
from .fleets import FleetError, WakuFleet, load_fleet, load_fleets
from .media import MediaServer
from .rpc import Dispatcher, Service
from .session import Part, Session
from .signals import SignalHub

log = logging.getLogger(__name__)

_EXPECTED = (InvalidRequest, DatabaseError, KeystoreError, FleetError)


class Backend:
    """One per process. All methods run on the event loop; what takes long goes to a thread."""

    def __init__(self, listen_host: str, build_parts: Callable[[Session], list[Part]] = parts.build) -> None:
        self.signals = SignalHub()
        self.dispatcher = Dispatcher()
        self._listen_host = listen_host
        self._build_parts = build_parts
        self._media = MediaServer(listen_host)
        self._root: Path | None = None
        self._accounts: AccountStore | None = None
        self._fleets_config: Path | None = None
        self._session: Session | None = None
        self._running: AsyncExitStack | None = None
        self._switching = asyncio.Lock()  # one login, logout or password change at a time
        self._jobs: set[asyncio.Task[None]] = set()
        self._closing = False
        # The original has an RPC client from its start to the logout, and again from the next start on.
        self.rpc_available = False

    @property
    def session(self) -> Session | None:
        return self._session

    # Called before a login

    async def initialize(self, request: Request) -> dict[str, Any]:
        """Open the data directory; may be called again at any time."""
        requests.validate_initialize(request)
        if request.get("logEnabled"):
            logs.to_file(Path(request.get("logDir") or request["dataDir"]), request.get("logLevel", ""))
        if request.get("wakuFleetsConfigFilePath"):
            self._fleets_config = Path(request["wakuFleetsConfigFilePath"])
        accounts = self._open_root(Path(request["dataDir"]))
        await self._start_media(request.get("mediaServerAddress", ""))
        self.rpc_available = True
        listed = [account.to_json() for account in accounts.all()]
        return {"accounts": listed or None, "centralizedMetricsInfo": {"enabled": False, "userConfirmed": False}}

    def open_accounts(self, root: str) -> list[dict[str, Any]]:
        if not root:
            raise InvalidRequest("open-accounts: no data dir")
        return [account.to_json() for account in self._open_root(Path(root)).all()]

    def fleets(self) -> dict[str, dict[str, Any]]:
        """The fleets of the configured file. None are built in: this backend never calls a public network."""
        return load_fleets(self._fleets_config) if self._fleets_config else {}

    # Login and logout

    def create_account_and_login(self, request: Request) -> None:
        requests.validate_create(request)
        mnemonic = derivation.random_mnemonic()
        self._begin(partial(self._create, request, mnemonic, keep_mnemonic=True))

    def restore_account_and_login(self, request: Request) -> None:
        requests.validate_restore(request)
        try:
            mnemonic = derivation.normalize_words(request["mnemonic"])
        except derivation.InvalidMnemonic as error:
            raise InvalidRequest(f"restore-account: {error}") from None
        self._begin(partial(self._create, request, mnemonic, keep_mnemonic=False))

    def login_account(self, request: Request) -> None:
        requests.validate_login(request)
        self._begin(partial(self._login, request))

    async def logout(self) -> None:
        """InvalidRequest where nobody is logged in. A login under way is waited for."""
        async with self._switching:
            if self._session is None:
                raise InvalidRequest("there is no running node")
            await self._stop()
            self._announce_media()

    async def change_password(self, request: Request) -> None:
        """Logs the profile out first, as the original does: its databases are written anew."""
        requests.validate_change_password(request)
        async with self._switching:
            root, account = self._known_account(request["keyUid"])
            old, new = request["oldPassword"], request["newPassword"]
            await asyncio.to_thread(profile.check_password, root, account, old)
            if self._session and self._session.key_uid == account.key_uid:
                await self._stop()
                self._announce_media()
            await asyncio.to_thread(profile.change_password, root, account, old, new)

    async def verify_password(self, request: Request) -> None:
        """WrongPassword, or KeystoreError where the profile has no key of `address`, if one is named."""
        requests.require(request, "verify-password", "password")
        if request.get("address"):
            root, account = self._owner_of(request["address"])
        else:
            root, account = self._known_account(request.get("keyUid", ""))
        await asyncio.to_thread(profile.check_password, root, account, request["password"], request.get("address"))

    async def delete_account(self, key_uid: str) -> None:
        """Forget a profile and remove its files. Not the one that is logged in."""
        async with self._switching:
            root, account = self._known_account(key_uid)
            if self._session and self._session.key_uid == account.key_uid:
                raise InvalidRequest("delete-multiaccount: the profile is logged in")
            assert self._accounts is not None
            self._accounts.delete(account.key_uid)
            await asyncio.to_thread(ProfilePaths(root, account.key_uid).remove)

    async def close(self) -> None:
        """The end of the process: whatever runs is ended in order, and nothing new begins."""
        self._closing = True
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        if self._session is not None:
            await self._stop()
        await self._media.stop()
        if self._accounts is not None:
            self._accounts.close()

    # The work behind them

    def _begin(self, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._closing:
            raise InvalidRequest("the process is ending")
        task = asyncio.create_task(self._report(job))
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def _report(self, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a login; whatever goes wrong is told by node.login."""
        async with self._switching:
            try:
                await job()
            except _EXPECTED as error:
                log.warning("login failed: %s", error)
                self.signals.emit(signal_types.NODE_LOGIN, {"error": str(error)})
            except Exception as error:
                log.exception("login failed")
                self.signals.emit(signal_types.NODE_LOGIN, {"error": str(error) or type(error).__name__})

    async def _create(self, request: Request, mnemonic: str, keep_mnemonic: bool) -> None:
        self._refuse_second_login()
        root = Path(request["rootDataDir"])
        accounts = self._open_root(root)
        if request.get("logEnabled"):
            logs.to_file(Path(request.get("logDir") or root), request.get("logLevel", ""))
        master = await asyncio.to_thread(ExtendedKey.from_mnemonic, mnemonic)
        if accounts.get(derivation.key_uid(master.key)):
            raise InvalidRequest("account already exists")
        self._find_fleet(request.get("wakuV2Fleet"))  # a fleet that is not there must not leave a profile behind
        kdf_iterations = request.get("kdfIterations") or requests.DEFAULT_KDF_ITERATIONS
        kept = mnemonic if keep_mnemonic else None
        opened = await asyncio.to_thread(profile.create, root, master, request, kdf_iterations, kept)
        accounts.save(opened.account)
        await self._start(root, opened, request)

    async def _login(self, request: Request) -> None:
        self._refuse_second_login()
        root, account = self._known_account(request["keyUid"])
        opened = await asyncio.to_thread(profile.unlock, root, account, request["password"])
        opened.account = replace(account, timestamp=int(time.time()))
        assert self._accounts is not None
        self._accounts.save(opened.account)
        await self._start(root, opened, request)

    async def _start(self, root: Path, opened: OpenProfile, request: Request) -> None:
        """Start the parts in turn; if one fails all that was begun is undone."""
        async with AsyncExitStack() as stack:
            stack.callback(opened.close)
            session = self._make_session(root, opened, request)
            keystore = Keystore(ProfilePaths(root, session.key_uid).keystore)
            own: list[Service] = [
                AccountsService(Keypairs(session.db), keystore),
                SettingsService(session.settings, session.node_config),
                WalletService(),
                ProfileService(session, self._open_root(root)),
            ]
            for service in own:
                self._register(stack, service)
            for part in self._build_parts(session):
                stack.push_async_callback(part.stop)
                await part.start()
                for service in part.services:
                    self._register(stack, service)
            self._running = stack.pop_all()
        self._session = session
        self.rpc_available = True
        log.info("logged in: %s", session.key_uid)
        self._announce_media()
        self.signals.emit(signal_types.NODE_STARTED)
        self.signals.emit(signal_types.NODE_READY)
        self.signals.emit(
            signal_types.NODE_LOGIN,
            {"settings": session.settings.shown(), "account": session.account},
        )

    async def _stop(self) -> None:
        running, self._running, self._session = self._running, None, None
        assert running is not None
        self.rpc_available = False
        try:
            await running.aclose()
        finally:
            log.info("logged out")
            self.signals.emit(signal_types.NODE_STOPPED)

    def _register(self, stack: AsyncExitStack, service: Service) -> None:
        self.dispatcher.register(service)
        stack.callback(self.dispatcher.unregister, service)

    def _make_session(self, root: Path, opened: OpenProfile, request: Request) -> Session:
        fleet = self._find_fleet(request.get("wakuV2Fleet") or opened.node_config["ClusterConfig"]["Fleet"])
        if fleet is not None:
            opened.node_config.set("ClusterConfig.Fleet", fleet.name)
            opened.node_config.set("ClusterConfig.ClusterID", fleet.cluster_id)
        return Session(
            key_uid=opened.account.key_uid,
            name=opened.account.name,
            data_dir=root,
            listen_host=self._listen_host,
            chat_key=opened.chat_key,
            public_key=derivation.public_key_hex(opened.chat_key),
            db=opened.db,
            settings=opened.settings,
            node_config=opened.node_config,
            signals=self.signals,
            fleet=fleet,
            account=opened.account.to_json(),
            options={**opened.kept_options, **requests.without_secrets(request)},
            announce_media=self._announce_media,
        )

    def _find_fleet(self, name: str | None) -> WakuFleet | None:
        """None where no fleet is asked for or no file was given: the profile works alone. Else it must be there."""
        if not name or self._fleets_config is None:
            return None
        return load_fleet(self._fleets_config, name)

    def _open_root(self, root: Path) -> AccountStore:
        if self._accounts is None or root != self._root:
            accounts = AccountStore(root)
            if self._accounts is not None:
                self._accounts.close()
            self._root, self._accounts = root, accounts
        return self._accounts

    def _known_account(self, key_uid: str) -> tuple[Path, Account]:
        if self._root is None or self._accounts is None:
            raise InvalidRequest("no data dir: call InitializeApplication first")
        account = self._accounts.get(key_uid)
        if account is None:
            raise InvalidRequest(f"account not found: {key_uid}")
        return self._root, account

    def _owner_of(self, address: str) -> tuple[Path, Account]:
        """The profile whose key store has this key."""
        for account in self._accounts.all() if self._accounts else ():
            root, _ = self._known_account(account.key_uid)
            if Keystore(ProfilePaths(root, account.key_uid).keystore).has(address):
                return root, account
        raise InvalidRequest(f"no key for given address {address}")

    def _refuse_second_login(self) -> None:
        if self._session is not None:
            raise InvalidRequest("node is already running")

    async def _start_media(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        if address and not port.isdecimal():
            raise InvalidRequest(f"invalid media server address: {address}")
        await self._media.start(host or None, int(port or 0))
        self._announce_media()

    def _announce_media(self) -> None:
        self.signals.emit(signal_types.MEDIA_SERVER_STARTED, {"port": self._media.port})
