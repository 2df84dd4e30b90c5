"""A status-backend: its HTTP functions, its RPC, its signals, and the account that is logged in."""

from __future__ import annotations

import functools
import random
import string
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any, ClassVar

import requests
import tenacity

from clients.account_request import KDF_ITERATIONS, account_request, json_name
from clients.api import ApiClient, ApiResponseError
from clients.container import Container
from clients.http import Http
from clients.node import NodeLike, NodeReport, StorageLike
from clients.rpc import RpcClient
from clients.services.accounts import AccountService
from clients.services.settings import SettingsService
from clients.services.wakuext import WakuextService
from clients.services.wallet import WalletService
from clients.signals import LOGIN_TIMEOUT, Signal, SignalClient, SignalType
from journal.journal import Journal
from resources.constants import user_1
from schemas.library import Library

HTTP_PORT = "http"
NOT_RUNNING = "there is no running node"

schemas = functools.cache(Library)


class StatusBackend(ApiClient, RpcClient, SignalClient):
    """One backend, reached over `node` or a bare URL. Starting and stopping the node itself is not its job.

    After login `public_key` (0x04 and 128 hex digits), `key_uid`, `mnemonic` and `display_name` are the account's."""

    new_node: ClassVar[Callable[..., AbstractContextManager[Mapping[str, Any]]] | None] = None
    """Set while a test runs: starts a node for a backend that is made without one, and gives the other arguments."""

    def __init__(
        self, node: NodeLike | str | Sequence[SignalType | str] | None = None, journal: Journal | None = None, *,
        name: str | None = None, data_dir: str | None = None, await_signals: Sequence[SignalType | str] | None = None,
        init_options: Mapping[str, Any] | None = None, account_options: Mapping[str, Any] | None = None,
        storage: StorageLike | None = None, rng: random.Random | None = None, connect: bool = True,
        privileged: bool = False, ipv6: bool = False,
    ) -> None:  # fmt: skip
        """`data_dir` is a directory as the backend sees it: by default the node's, for a bare URL a temporary one.
        `init_options` and `account_options` go into every InitializeApplication and every request for an account, in
        snake_case or as the node spells them. `storage` is the storage node that it uses, where that is another one.
        Names and passwords that nobody gives are drawn from `rng`. With `connect` the constructor waits until the
        backend is healthy and its signals are connected.

        `StatusBackend(await_signals, privileged=..., ipv6=...)`, as in status-go's tests, starts a node of its own. No
        node needs a privilege here, so none gets it."""
        if ipv6:
            raise NotImplementedError("nodes on an IPv6 network are not offered by this harness")
        if node is None or isinstance(node, (list, tuple)):
            if self.new_node is None:
                raise TypeError("a StatusBackend without a node is made inside a test, where the harness starts one")
            with self.new_node(name or "backend") as own:
                self.__init__(**own, await_signals=node or await_signals, connect=connect)  # type: ignore[misc]
            return
        url = (lambda: node) if isinstance(node, str) else (lambda: node.url(HTTP_PORT))
        self.node = None if isinstance(node, str) else node
        self.name = name or (self.node.name if self.node else "backend")
        self.journal = journal if journal is not None else Journal()
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.data_dir = data_dir or self._default_data_dir()
        self.storage = storage
        self.rng = rng or random.Random()
        self._init_options = dict(init_options or {})
        self._account_options = dict(account_options or {})

        self.public_key = ""
        self.key_uid = ""
        self.mnemonic = ""
        self.display_name = ""
        self.password = ""

        ApiClient.__init__(self, Http(url, node=self.name, journal=self.journal))
        RpcClient.__init__(self, self.http)
        SignalClient.__init__(
            self, lambda: f"{self.ws_url}/signals", node=self.name, journal=self.journal, await_signals=await_signals,
        )  # fmt: skip
        self.journal.add_source(self.name, NodeReport(self.node, self.connection))

        self.wakuext_service = WakuextService(self)
        self.accounts_service = AccountService(self)
        self.settings_service = SettingsService(self)
        self.wallet_service = WalletService(self)
        self.container = Container(self.node) if self.node else None
        if connect:
            self.wait_for_healthy()
            self.connect()

    # where it is

    @property
    def nodes(self) -> list[NodeLike]:
        """The backend's own, and that of the storage beside it: what another machine would be cut off from."""
        return [node for node in (self.node, self.storage and self.storage.node) if node]

    @property
    def base_url(self) -> str:
        return self.http.base_url

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/statusgo"

    @property
    def rpc_url(self) -> str:
        return f"{self.api_url}/CallRPC"

    @property
    def ws_url(self) -> str:
        return self.base_url.replace("http", "ws", 1)

    def _default_data_dir(self) -> str:
        if path := getattr(self.node, "data_path", None):
            return str(path)
        return str(self._scratch())

    def _scratch(self) -> Path:
        """A folder of this client's own, until it is closed."""
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="status-backend-")
        return Path(self._temporary.name)

    # the process

    def container_pause(self) -> None:
        self._container().pause()

    def container_unpause(self) -> None:
        self._container().unpause()

    def container_exec(self, command: str) -> str:
        return self._container().exec(command)

    def kill(self) -> None:
        """SIGKILL to the backend, whose data stays."""
        self._container().kill()

    def extract_data(self, path: str) -> str | None:
        """A copy of a file or folder of the backend; None if it has none of this name."""
        if self.container is None:
            return path
        return self.container.extract(path, self._scratch() / PurePath(path).name)

    def import_data(self, src_path: str, dest_path: str) -> None:
        """Puts a file or folder into the backend."""
        self._container().import_data(src_path, dest_path)

    def _container(self) -> Container:
        if self.container is None:
            raise RuntimeError(f"{self.name} was given by its URL: the harness has no hold on its process")
        return self.container

    def get_version(self) -> str:
        return self.health()["version"]

    def health(self, timeout: float = 5.0) -> dict[str, Any]:
        """The answer of /health; its "version" is "unknown" where the backend is older than that route."""
        response = self.api_request("health", [], timeout, prefix="")
        answer = response.json() if response.status_code == 200 and response.content else {}
        return {"version": "unknown", **answer}

    def wait_for_healthy(self, timeout: float = 10.0) -> dict[str, Any]:
        """Until the backend answers HTTP. A status-backend that is starting refuses connections."""
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(requests.exceptions.ConnectionError),
            stop=tenacity.stop_after_delay(timeout),
            wait=tenacity.wait_exponential(multiplier=0.1, max=1),
            reraise=True,
        )
        return attempts(self.health)

    def init_status_backend(self, **options: Any) -> dict[str, Any]:
        """InitializeApplication; {"accounts": list or None, "centralizedMetricsInfo": {...}}."""
        request = {"dataDir": self.data_dir, "logEnabled": True, "logLevel": "DEBUG", "apiLoggingEnabled": True}
        for name, value in {**self._init_options, **options}.items():
            request[json_name(name)] = value
        return self.api_request_json("InitializeApplication", request)

    def get_node_config(self) -> dict[str, Any]:
        """The node configuration of the account that is logged in, with Go's field names."""
        return self.api_request_json("GetNodeConfig")

    # the account

    def create_account_and_login(
        self, display_name: str | None = None, password: str | None = None, **options: Any
    ) -> Any:
        """CreateAccountAndLogin. Returns at once; `wait_for_login` tells how it went.

        `options` are those of the request, such as `waku_light_client`, `waku_fleet`, `import_initial_delay` and
        `message_archive_interval` (seconds), `codex_config_enabled`, `logos_storage_config_enabled`."""
        return self._login_new("CreateAccountAndLogin", display_name or self._random_name(), password, options)

    def restore_account_and_login(
        self, user: Any = user_1, *, mnemonic: str | None = None, display_name: str = "", password: str | None = None,
        **options: Any,
    ) -> Any:  # fmt: skip
        """RestoreAccountAndLogin, from a mnemonic or from a `user` with `passphrase` and `password`."""
        if mnemonic:
            user = None
        mnemonic = mnemonic or getattr(user, "passphrase", None) or getattr(user, "mnemonic", None)
        if not mnemonic:
            raise ValueError("restoring an account needs its mnemonic, or a user with a passphrase")
        self.journal.register_secret(mnemonic)
        password = password or getattr(user, "password", None)
        return self._login_new("RestoreAccountAndLogin", display_name, password, {"mnemonic": mnemonic, **options})

    def _login_new(self, function: str, display_name: str, password: str | None, options: Mapping[str, Any]) -> Any:
        self.display_name = display_name
        self._set_password(password or self._random_password())
        request = account_request(self.data_dir, display_name, self.password, {**self._account_options, **options})
        self._login_asked_at = self.journal.cursor()
        self.expect_startup()
        return self.api_request_json(function, request)

    def login(
        self, key_uid: str | None = None, user: Any = None, *, password: str | None = None, **options: Any
    ) -> Any:
        """LoginAccount, by default with the account and password that were used last. Connects the signals anew first,
        so that no earlier `node.login` can be mistaken for this one's. Returns at once; see `wait_for_login`."""
        key_uid = key_uid or options.pop("keyUid", None) or self.key_uid
        if not key_uid:
            raise ValueError("login needs a key uid: no account has been used yet")
        self._set_password(password or getattr(user, "password", None) or self.password)
        self.connect()
        request = {"password": self.password, "keyUid": key_uid, "kdfIterations": KDF_ITERATIONS}
        request.update({json_name(name): value for name, value in options.items()})
        self.expect_startup()
        return self.api_request_json("LoginAccount", request)

    def wait_for_login(self, timeout: float = LOGIN_TIMEOUT) -> Signal:
        """Also takes over the account's keys."""
        signal = super().wait_for_login(timeout)
        self.expect_startup()
        event = signal["event"] or {}
        settings, account = event.get("settings") or {}, event.get("account") or {}
        self.public_key = settings.get("public-key", "")
        self.key_uid = account.get("key-uid") or settings.get("key-uid", "")
        self.mnemonic = settings.get("mnemonic") or self.mnemonic
        self.display_name = settings.get("display-name") or account.get("name") or self.display_name
        return signal

    def logout(self, timeout: float = 10.0) -> Any:
        """Logout; that nobody is logged in is no error. `wait_for_logout` waits for the signal.

        :raises requests.exceptions.ReadTimeout: the backend did not return within `timeout` seconds"""
        try:
            return self.api_request_json("Logout", timeout=timeout)
        except ApiResponseError as error:
            if NOT_RUNNING not in error.error:
                raise
            return {"error": error.error}

    def find_public_key(self) -> str:
        """Sets and returns `public_key`: the chat key of the account that is logged in."""
        chat = [account for account in self.accounts_service.get_accounts() if account.get("chat")]
        if not chat:
            raise ValueError(f"no chat account on {self.name}")
        self.public_key = chat[0]["public-key"]
        return self.public_key

    def find_key_uid(self) -> str:
        """The key uid of the account that logged in last."""
        return self.key_uid

    def get_pubkey(self, display_name: str) -> str:
        """The chat key of the account with this name."""
        for account in self.accounts_service.get_accounts() or []:
            if account.get("name") == display_name and account.get("chat"):
                return account["public-key"]
        raise ValueError(f"no chat account named {display_name!r} on {self.name}")

    def _random_name(self) -> str:
        return "user-" + "".join(self.rng.choices(string.ascii_lowercase, k=8))

    def _random_password(self) -> str:
        return "".join(self.rng.choices(string.ascii_letters + string.digits, k=16))

    def _set_password(self, password: str) -> None:
        self.password = password
        self.journal.register_secret(password)

    def verify_json_schema(self, response: Any, method: str) -> None:
        """That an answer or a signal is as the schema of this name says: "wakuext_chats", "signal_node.login".

        :raises AssertionError: it is not
        :raises KeyError: there is no such schema"""
        library = schemas()
        names = [f"replies/{method}", f"replies/statusgo_{method}", f"signals/{method.removeprefix('signal_')}"]
        name = next((name for name in names if name in library), None)
        if name is None:
            raise KeyError(f"no schema {method!r}: {library.folder} has none of {', '.join(names)}")
        assert not (found := library.check(name, response)), f"{method} does not fit {library.path(name)}: {found}"

    # the client itself

    def close(self) -> None:
        """Ends the connections. The backend and its account stay as they are."""
        self.disconnect()
        self.http.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> StatusBackend:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<StatusBackend {self.name}>"
