"""Who is to blame for a failure, and what says so."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

PRODUCT, HARNESS, HOST, FAULT, HANG = "product", "harness", "host", "fault not verified", "hang"

_HOST_ERRORS = {errno.ENOSPC: "disk full", errno.ENOMEM: "out of memory", errno.EMFILE: "too many open files"}
# By name: the report knows neither fleet nor clients, and a node that misbehaves shows itself by these.
_NODE_ERRORS = {
    "ApiResponseError",
    "ApiDecodeError",
    "ApiHTTPError",
    "RestError",
    "StartError",
    "NodeGone",
    "SignalConnectionError",
}
_FAULT_ERRORS = {"FaultNotVerified", "FaultNotHealed"}


@dataclass(frozen=True)
class Verdict:
    """`of` is product, harness, host, fault not verified or hang; `evidence` are the statements it rests on."""

    of: str
    evidence: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "evidence": list(self.evidence)}


def of_exception(error: BaseException, host: Sequence[str], place: str = "", *, in_test: bool = True) -> Verdict:
    """`host`: what was wrong with it while the test ran. `place`: the file and line that raised. `in_test`: it was the
    test itself that failed, and not what is done before and after it."""
    chain = list(_chain(error))
    said = f"{type(error).__name__}{f' at {place}' if place else ''}: {_first_line(error)}"
    for link in chain:
        if type(link).__name__ == "Hang":
            return Verdict(HANG, (_first_line(link), *getattr(link, "evidence", ()), *host))
    for link in chain:
        if isinstance(link, MemoryError):
            return Verdict(HOST, (f"out of memory: {said}", *host))
        if isinstance(link, OSError) and link.errno in _HOST_ERRORS:
            return Verdict(HOST, (f"{_HOST_ERRORS[link.errno]}: {said}", *host))
    names = {base.__name__ for link in chain for base in type(link).__mro__}
    if names & _FAULT_ERRORS:
        return Verdict(FAULT, (said, *host))
    waited = isinstance(error, TimeoutError)
    severe = [text for text in host if waited or not text.startswith("overload")]
    if severe:
        return Verdict(HOST, (*severe, said))
    if waited or isinstance(error, AssertionError) or names & _NODE_ERRORS or (in_test and "Failed" in names):
        return Verdict(PRODUCT, (said, *host))
    return Verdict(HARNESS, (said, *host))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else "(no text)"
