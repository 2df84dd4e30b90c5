"""Names, paths and accounts of status-go's tests.

The addresses are those that Ethereum's development chains give coins to. The second mnemonic has no valid checksum, and
is not the one that its address comes from; status-go takes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

PROJECT_ROOT = str(Path(__file__).resolve().parents[2])
TESTS_DIR = str(Path(__file__).resolve().parents[1])
USER_DIR = "/usr/status-user"  # in a container of status-go's image, and of ours
DEFAULT_DISPLAY_NAME = "Mr_Meeseeks"
ANVIL_NETWORK_ID = 31337
USE_IPV6 = False  # no node here has an IPv6 network


@dataclass(frozen=True)
class Account:
    """`passphrase` is a mnemonic; `password` is what the restored account is given."""

    address: str = ""
    private_key: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)


_MNEMONIC = "test test test test test test test test test test test junk"
_PASSWORD = "Strong12345"

user_1 = Account(
    address="0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    private_key="0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    password=_PASSWORD,
    passphrase=_MNEMONIC,
)
user_2 = Account(
    address="0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    private_key="0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    password=_PASSWORD,
    passphrase="test test test test test test test test test test nest junk",
)
