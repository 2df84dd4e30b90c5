"""A profile in a backend that is a process of its own, and may be killed and come back."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend_process import DEADLINE, PASSWORD, BackendProcess

FLEET = "status-go.test"


def eventually(attempt: Callable[[], Any], what: str) -> Any:
    """For answers that no signal announces."""
    end = time.monotonic() + DEADLINE
    while not (result := attempt()):
        assert time.monotonic() < end, f"{what}: not within {DEADLINE} s"
        time.sleep(0.02)
    return result


class ProfileProcess:
    """With archives of one kind enabled. `account` are further fields of the request that creates the profile."""

    def __init__(self, directory: Path, fleets: Path, kind: str = "codex", **account: Any) -> None:
        directory.mkdir()
        self.directory, self.fleets, self.kind = directory, fleets, kind
        self.process = self._start()
        self.key_uid = self.process.login(
            "CreateAccountAndLogin",
            {
                "rootDataDir": str(self.process.data_dir),
                "displayName": f"{directory.name}_node",
                "password": PASSWORD,
                "customizationColor": "primary",
                "kdfIterations": 10,
                "wakuV2Fleet": FLEET,
                "importInitialDelay": 0,
                **account,
            },
        )["account"]["key-uid"]
        if kind == "codex":
            self.rpc("enableCodexCommunityHistoryArchiveProtocol", {"CodexNodeConfig.DiscoveryPort": "8091"})
        else:
            self.rpc("enableCommunityHistoryArchiveProtocol")

    def _start(self) -> BackendProcess:
        process = BackendProcess(self.directory)
        request = {"dataDir": str(process.data_dir), "wakuFleetsConfigFilePath": str(self.fleets)}
        process.call("InitializeApplication", request)
        return process

    def killed_and_back(self) -> None:
        assert self.process.stop(signal.SIGKILL) == -signal.SIGKILL
        self.process = self._start()
        login = {"password": PASSWORD, "keyUid": self.key_uid, "kdfIterations": 10, "importInitialDelay": 0}
        assert not self.process.login("LoginAccount", login).get("error")

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self.process.rpc(f"wakuext_{method}", *params)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def tries(self, method: str, *params: Any) -> Any:
        """The result, or None for an error."""
        return self.process.rpc(f"wakuext_{method}", *params).get("result")

    def wait(self, kind: str) -> dict[str, Any]:
        return self.process.wait(f"community.{kind}")

    def connect_to(self, other: ProfileProcess) -> None:
        """A magnet link says itself where to connect to."""
        if self.kind == "torrent":
            return
        node = other.rpc("debug")
        self.rpc("connect", node["id"], node["addrs"])

    def texts(self, chat: str) -> list[str]:
        return [message["text"] for message in self.rpc("chatMessages", chat, "", 10)["messages"] or []]
