"""Chance that a fuzzer decides: a `Random` that draws from bytes, and what it does to a record, a text, a file."""

from __future__ import annotations

import json
import random
from copy import copy
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
KeyPath = tuple[str | int, ...]

DEEP = 700
"""Levels of nesting that a JSON reader still takes and a recursive function does not."""


class ByteDice(random.Random):
    """Draws from the bytes until they run out, then always the least; the same bytes, the same draws."""

    def __new__(cls, data: bytes) -> Self:  # noqa: ARG004 - `Random` would hash its argument
        return super().__new__(cls)

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._at = 0

    def getrandbits(self, k: int, /) -> int:
        """As `Random.getrandbits`, from as many bytes as that takes."""
        size = (k + 7) // 8
        piece = self._data[self._at : self._at + size].ljust(size, b"\0")
        self._at += size
        return int.from_bytes(piece) >> (size * 8 - k)

    def random(self) -> float:
        """As `Random.random`."""
        return self.getrandbits(24) / (1 << 24)


def nested(depth: int, kind: type) -> Json:
    """Lists in lists, or objects in objects."""
    value: Json = "bottom"
    for _ in range(depth):
        value = [value] if kind is list else {"content": value}
    return value


INSTANTS = (
    "9999-12-31T23:59:59.999+0000",
    "9999-12-31T23:59:59.999-1200",
    "0001-01-01T00:00:00.000+1400",
    "2026-02-30T00:00:00.000+0000",
    "2026-03-02T10:00:00",
    "2026-03-02",
    "2026-W10-1",
)
JUNK: tuple[Json, ...] = (
    None, True, False, 0, 1, -1, 3.5, 1e300, float("inf"), float("nan"), 10**40, 10**18,
    "", " ", "null", "x", "\0", "\ud800", "\u202e", "1", "é" * 70_000, "[]", "true", "internal", *INSTANTS,
    [], [[]], [None], [""], [{}], ["x", 1], {}, {"id": None}, {"name": 1}, {"value": []}, {"key": {}}, {"gid": []},
    nested(DEEP, list), nested(DEEP, dict),
)  # fmt: skip


def paths(value: Json) -> Iterator[KeyPath]:
    """Every part of a JSON value below its root, but for depths where no tracker has anything."""
    waiting: list[tuple[KeyPath, Json]] = [((), value)]
    while waiting:
        path, value = waiting.pop()
        parts: Any = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for part, inside in parts if len(path) < 20 else ():
            yield (*path, part)
            waiting.append(((*path, part), inside))


def at(value: Json, path: KeyPath) -> Json:
    """What stands at a path."""
    for part in path:
        value = value[part]
    return value


def mutated(value: Json, dice: random.Random) -> list[KeyPath]:
    """Change one to three parts of a JSON value in place; answer with their paths."""
    changed = []
    for _ in range(dice.randint(1, 3)):
        known = list(paths(value))
        if not known:
            break
        path = dice.choice(known)
        _change(at(value, path[:-1]), path[-1], dice)
        changed.append(path)
    return changed


def _change(holder: Json, part: str | int, dice: random.Random) -> None:
    held = holder[part]
    match dice.randrange(6):
        case 0:
            del holder[part]
        case 1:
            holder[part] = [held]
        case 2:
            holder[part] = str(held)
        case 3 if isinstance(held, list) and held:
            holder[part] = held * dice.randint(2, 3)
        case 4 if isinstance(held, str):
            holder[part] = mutated_text(held, dice)
        case _:
            holder[part] = copy(dice.choice(JUNK))


_PIECES = (*"\n\0\"'[]{}=\\-&<%;,#", "\ud800", "\uff1d", "9" * 20, "ref k7f3q2", "]]>", "\r\n", "../")


def mutated_text(text: str, dice: random.Random) -> str:
    """The text with a piece cut, doubled, or put in."""
    start = dice.randint(0, len(text))
    end = min(len(text), start + dice.randint(0, 12))
    piece: str = dice.choice(("", text[start:end] * 2, *_PIECES))
    return text[:start] + piece + text[end:]


def mutated_bytes(raw: bytes, dice: random.Random) -> bytes:
    """The bytes with some pieces cut, doubled, flipped or put in, or written in another encoding."""
    for _ in range(dice.randint(1, 4)):
        start = dice.randint(0, len(raw))
        end = min(len(raw), start + dice.randint(0, 40))
        piece = raw[start:end]
        match dice.randrange(8):
            case 0:
                raw = raw[:start] + raw[end:]
            case 1:
                raw = raw[:end] + piece + raw[end:]
            case 2:
                raw = raw[:start]
            case 3:
                raw = raw[:start] + bytes(dice.randrange(256) for _ in range(dice.randint(0, 8))) + raw[end:]
            case 4:
                raw = b"\xef\xbb\xbf" + raw
            case 5:
                raw = raw.decode("utf-8", "replace").encode(
                    dice.choice(("utf-16", "utf-32", "cp1252", "utf-7")), "replace"
                )
            case _:
                raw = mutated_text(raw.decode("utf-8", "replace"), dice).encode("utf-8", "surrogatepass")
    return raw


def wire(value: Json, dice: random.Random) -> bytes:
    """A JSON value as a tracker might send it, seldom in an encoding or a length that is wrong."""
    raw = json.dumps(value).encode()
    return mutated_bytes(raw, dice) if dice.randrange(8) == 0 else raw
