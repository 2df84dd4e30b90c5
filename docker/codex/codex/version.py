"""Which release of the original this node stands in for; `debug/info` says so, since clients look at it."""

VERSION = "v0.2.5"
REVISION = "bd360322"
CONTRACTS = "a179deb2"
SERVER = "codex-reference/0.1.0"
