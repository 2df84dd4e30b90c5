"""What is shown of a public key: compressed form, colour ring, emoji and the three-word alias.

Compressed key, colour id and colour hash are the original's. The emoji and the alias are not: its word and emoji lists
are not part of this project, so ours come from small lists of the same shape, deterministic per key.
"""

from __future__ import annotations

import itertools

import base58
import coincurve

from ..protocol.ids import SECP256K1_PUB, compressed_key

_COLORS = 32
_SEGMENT_LENGTHS = 5
_PALETTE = 11

_ADJECTIVES = (
    "Amber Bold Brave Bright Brisk Calm Clear Crisp Curious Dapper Deep Eager Early Fair Fancy Fleet Gentle Glad "
    "Golden Grand Happy Hardy Honest Humble Jolly Keen Kind Lively Loyal Lucky Mellow Merry Mighty Modest Neat "
    "Noble Olive Patient Placid Plucky Polite Proud Quick Quiet Rapid Rosy Ruby Scarlet Serene Sharp Silent Silver "
    "Smooth Sober Steady Sturdy Sunny Swift Tidy Tranquil Vivid Warm Wise Witty"
).split()
_ANIMALS = (
    "Albatross Alpaca Antelope Badger Barracuda Beaver Bison Bobcat Buffalo Caribou Cheetah Condor Cormorant Coyote "
    "Crane Curlew Dolphin Eagle Egret Falcon Ferret Finch Flamingo Gannet Gazelle Gecko Heron Ibex Ibis Jackal "
    "Jaguar Kestrel Kingfisher Koala Lemur Leopard Lynx Magpie Marmot Marten Moose Narwhal Ocelot Osprey Otter "
    "Panther Pelican Petrel Plover Puffin Quail Raven Salmon Seal Shrew Sparrow Stork Swallow Tapir Tern Turtle "
    "Walrus Weasel Wombat"
).split()
# Faces, animals, food: one code point each, all in Unicode 6.
_EMOJI = [
    chr(code)
    for start, end in ((0x1F400, 0x1F43E), (0x1F330, 0x1F37C), (0x1F600, 0x1F640))
    for code in range(start, end)
]
_EMOJI_COUNT = 14


def parse_public_key(text: str) -> coincurve.PublicKey:
    """From `0x04…`, `0x02…`/`0x03…` (with or without 0x), `0xe701…` or `zQ3…`; ValueError if it is none."""
    if text.startswith("z"):
        data = base58.b58decode(text[1:])
        if not data.startswith(SECP256K1_PUB):
            raise ValueError("not a secp256k1 public key")
        data = data[len(SECP256K1_PUB) :]
    else:
        data = bytes.fromhex(text.removeprefix("0x")).removeprefix(SECP256K1_PUB)
    return coincurve.PublicKey(data)


def multiformat_key(key: coincurve.PublicKey, base: str) -> str:
    """`base` is a multibase letter: z (base58btc) or f (hex); ValueError for another."""
    if base == "z":
        return compressed_key(hex_key(key, compressed=True))
    if base == "f":
        return "f" + (SECP256K1_PUB + key.format(compressed=True)).hex()
    raise ValueError(f"multibase {base!r} is not supported")


def hex_key(key: coincurve.PublicKey, compressed: bool) -> str:
    return "0x" + key.format(compressed=compressed).hex()


def color_id(public_key: str) -> int:
    return int.from_bytes(parse_public_key(public_key).format(compressed=False), "big") % _PALETTE


def color_hash(public_key: str) -> list[list[int]]:
    """Pairs [segment length, colour index]; neighbours never share a colour."""
    value = int.from_bytes(_compress(public_key), "big") >> 12 & (1 << 80) - 1
    pairs = [[digit // _COLORS + 1, digit % _COLORS] for digit in _digits(value, _COLORS * _SEGMENT_LENGTHS)]
    for before, pair in itertools.pairwise(pairs):
        if pair[1] == before[1]:
            pair[1] = (pair[1] + 1) % _COLORS
    return pairs


def emoji_hash(public_key: str) -> list[str]:
    value = int.from_bytes(_compress(public_key)[11:22], "big")
    digits = _digits(value, len(_EMOJI))
    return [_EMOJI[digit] for digit in ([0] * _EMOJI_COUNT + digits)[-_EMOJI_COUNT:]]


def alias(public_key: str) -> str:
    """Two adjectives and an animal."""
    value = int.from_bytes(_compress(public_key)[-8:], "big")
    first, second = value % 64, value // 64 % 63
    second += second >= first  # never the same word twice
    return f"{_ADJECTIVES[first]} {_ADJECTIVES[second]} {_ANIMALS[value // 4096 % 64]}"


def _compress(public_key: str) -> bytes:
    return parse_public_key(public_key).format(compressed=True)


def _digits(value: int, base: int) -> list[int]:
    digits: list[int] = []
    while value:
        value, digit = divmod(value, base)
        digits.insert(0, digit)
    return digits or [0]
