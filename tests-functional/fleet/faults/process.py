"""Faults of a node's process: killed, stopped for a while, frozen."""

from __future__ import annotations

from fleet.faults.asking import answering, silent
from fleet.faults.errors import FaultNotHealed, FaultNotVerified
from fleet.faults.life import Fault, Tell
from fleet.node import Node
from fleet.spec import NodeState

KILLED = 137  # 128 + SIGKILL


class _Down(Fault):
    """The node is down during the block, and started again with its data when it ends. In docker its published ports
    are others then, and whoever asks `node.url()` gets the new ones."""

    def __init__(self, name: str, node: Node, tell: Tell) -> None:
        super().__init__(name, [node], tell)
        self.node = node

    def prove(self) -> str:
        state, code, silence = self.node.state(), self.node.exit_code(), silent(self.node)
        if state is not NodeState.EXITED or silence is None:
            raise FaultNotVerified(
                f"{self} did nothing: the node is {state.value} and "
                + (f"does not answer ({silence})" if silence else "answers its health check")
            )
        return f"exit code {code}; {silence}"

    def heal(self) -> None:
        """A test may have started it already. Raises StartError: that it comes back is for the node to see to."""
        if self.node.state() is NodeState.EXITED:
            self.node.start()

    def prove_healed(self) -> str:
        state, answer = self.node.state(), answering(self.node)
        if state is not NodeState.RUNNING or answer is None:
            raise FaultNotHealed(f"{self}: it was started again, is {state.value}, and does not answer")
        return answer


class Kill(_Down):
    """SIGKILL: nothing is flushed, no connection is closed by the node."""

    NAME = "kill"

    def __init__(self, node: Node, tell: Tell) -> None:
        super().__init__(self.NAME, node, tell)

    def inject(self) -> None:
        self.node.kill()

    def prove(self) -> str:
        proof = super().prove()
        if (code := self.node.exit_code()) != KILLED:
            raise FaultNotVerified(f"{self} did nothing: the node had ended with exit code {code} by itself")
        return proof


class Restart(_Down):
    """An orderly end by the node's stop signal, and a new start after the block."""

    NAME = "restart"

    def __init__(self, node: Node, tell: Tell) -> None:
        super().__init__(self.NAME, node, tell)

    def inject(self) -> None:
        self.node.stop()


class Pause(Fault):
    """Frozen: connections stay open, the kernel takes what is sent to it, nothing is answered."""

    def __init__(self, node: Node, tell: Tell) -> None:
        super().__init__("pause", [node], tell)
        self.node = node

    def inject(self) -> None:
        self.node.pause()

    def prove(self) -> str:
        self.confirm()
        if (silence := silent(self.node)) is None:
            raise FaultNotVerified(f"{self} did nothing: the node answers its health check")
        return silence

    def confirm(self) -> None:
        if (state := self.node.state()) is not NodeState.PAUSED:
            raise FaultNotVerified(f"{self}: the node is {state.value}, not paused")

    def heal(self) -> None:
        if self.node.state() is NodeState.PAUSED:
            self.node.resume()

    def prove_healed(self) -> str:
        if (answer := answering(self.node)) is None:
            raise FaultNotHealed(f"{self}: it was resumed, is {self.node.state().value}, and does not answer")
        return answer
