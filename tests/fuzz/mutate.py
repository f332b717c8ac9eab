"""Mutations of bytes and of JSON-like values. All randomness comes from the generator that is given."""

import copy
import json
from random import Random
from typing import Any

WORDS = (
    b"\x00" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\x00\x00\x00\x80",
    b"\x01\x00\x00\x00",
)
NUMBERS = (
    0,
    -1,
    1,
    2,
    3,
    16,
    255,
    1024,
    2**15,
    2**16,
    2**31 - 1,
    2**31,
    -(2**31),
    2**53,
    2**63,
    -(2**63),
    2**64,
    10**30,
)
FLOATS = (0.5, -0.0, 1e-320, 1e308, -1e308, float("nan"), float("inf"), float("-inf"))
TEXTS = (
    *(
        "",
        " ",
        "%d",
        "%s%n",
        "{}",
        "${args}",
        "../../x",
        "/dev/zero",
        "/etc/passwd",
        "C:\\x",
        "a/b",
        "..",
        "nan",
        "1e400",
    ),
    *(
        "\x00",
        "a\nb",
        "\x1b[31m",
        "\r",
        "\u202e",
        "\ud800",
        "é",
        "😀",
        "pickle",
        "zstd",
        "__class__",
        "os.system",
    ),
    *("x" * 300, "0" * 5000),
)
HUGE_TEXT = "y" * 1_000_000


def mutate_bytes(rng: Random, data: bytes) -> bytes:
    """One to four changes: flipped bits, other bytes, cut, inserted, repeated, moved or zeroed stretches."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        _change(rng, changed)
    return bytes(changed)


def _change(rng: Random, data: bytearray) -> None:
    at = rng.randrange(len(data) + 1)
    length = min(len(data) - at, rng.choice((1, 1, 2, 4, 8, 64, 1024)))
    match rng.randrange(9):
        case 0 | 1 if at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        case 2 if at < len(data):
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        case 3:
            data[at : at + 4] = rng.choice(WORDS)
        case 4:
            del data[at : at + length]
        case 5:
            data[at:at] = rng.randbytes(rng.choice((1, 2, 4, 16, 256)))
        case 6:
            data[at:at] = data[at : at + length] * rng.choice((1, 2, 16))
        case 7:
            data[at : at + length] = bytes(length)
        case 8 if rng.random() < 0.5:
            del data[at:]


def mutate_value(rng: Random, value: Any, *, changes: int | None = None) -> Any:
    """A copy of nested dicts and lists with one to three odd values, keys lost, added, renamed or doubled."""
    changed = copy.deepcopy(value)
    for _ in range(changes or rng.choice((1, 1, 1, 2, 3))):
        holder, key = _somewhere(rng, changed)
        if holder is None:
            return odd_value(rng, changed)
        _change_entry(rng, holder, key)
    return changed


def odd_value(rng: Random, before: Any) -> Any:
    """Something else than ``before``, often of its type."""
    if type(before) in (int, float) and rng.random() < 0.4:
        return rng.choice((before + 1, -before, before * 2, before * 1_000_003, before / 7, float(before)))
    if isinstance(before, str) and rng.random() < 0.4:
        return rng.choice(
            (before + "x", before.upper(), before[:-1], before * 50, f"../{before}", before + "\n")
        )
    if isinstance(before, list) and rng.random() < 0.5:
        return rng.choice((before * 3, before[:-1], before[::-1], [before], before * 200))
    kind = rng.randrange(10)
    if kind < 3:
        return rng.choice(NUMBERS)
    if kind < 5:
        return rng.choice(FLOATS)
    if kind < 8:
        return HUGE_TEXT if rng.random() < 0.03 else rng.choice(TEXTS)
    return rng.choice((None, True, False, [], {}, [None], {"": 0}, [[]], _deep(rng.choice((20, 100)))))


def json_bytes(rng: Random, value: Any) -> bytes:
    """``value`` as JSON text, now and then in a form that ``json.dumps`` would not write."""
    text = json.dumps(value, default=str)
    match rng.randrange(60):
        case 0:
            return text.encode("utf-16")
        case 1:
            return b"\xef\xbb\xbf" + text.encode()
        case 2:
            return text.replace("0", "1" + "0" * 400, 1).encode()
        case 3:
            return ("[" * 100_000 + text).encode()
        case 4:
            return (text[:-1] + "," + text[1:]).encode()  # every key twice
        case 5 | 6 | 7 | 8:
            return mutate_bytes(rng, text.encode())
    return text.encode()


def _deep(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def _somewhere(rng: Random, value: Any) -> tuple[Any, Any]:
    """A dict or list inside of ``value`` and one of its keys; (None, None) if there is none."""
    holder, key = None, None
    while isinstance(value, (dict, list)) and value and (holder is None or rng.random() < 0.85):
        holder = value
        key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
        value = holder[key]
    return holder, key


def _change_entry(rng: Random, holder: Any, key: Any) -> None:
    match rng.randrange(8):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[rng.choice(TEXTS)] = copy.deepcopy(holder[key])
        case 2 if isinstance(holder, dict):
            holder[f"{key}{rng.choice(('', '_', ' '))}"] = holder.pop(key)
        case 3:
            other = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
            holder[key], holder[other] = holder[other], holder[key]
        case _:
            holder[key] = odd_value(rng, holder[key])
