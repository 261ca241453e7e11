"""How long a regular expression of a mapping may search at the worst, so that one that never ends is refused."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from re import _constants as code  # type: ignore[attr-defined]  # the library's own parser, typed nowhere
from re import _parser as parser  # type: ignore[attr-defined]  # likewise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

FARTHEST = 20_000
"""Characters of a text in which any pattern is looked for."""
NEAREST = 200
"""Characters in which a pattern must be affordable, or it is refused."""
MOST_WAYS = 400_000_000
"""Ways in which one search may try a pattern, from all places together; that is a second or two at the worst."""

_REPEATS = frozenset({code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT})
_AROUND = frozenset({code.ASSERT, code.ASSERT_NOT, code.SUBPATTERN})
_ENDLESS = float("inf")


def first_place(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Where the pattern stands in the beginning of the text, as far as it can be looked for."""
    return pattern.search(text[: farthest(pattern.pattern)])


@lru_cache(maxsize=1024)
def farthest(pattern: str) -> int:
    """In how many characters of a text the pattern can be looked for at bearable cost; 0 if that is too few."""
    items, length = parser.parse(pattern, re.IGNORECASE), FARTHEST
    while length >= NEAREST:
        if length * _ways_of_all(items, length) <= MOST_WAYS:
            return length
        length = length * 3 // 4
    return 0


def _ways_of_all(items: Iterable[tuple[Any, Any]], length: int) -> float:
    """In how many ways `re` may try these, one after the other, from one place; an upper bound."""
    total = 1.0
    for kind, argument in items:
        total *= _ways_of(kind, argument, length)
    return total


def _ways_of(kind: object, argument: Any, length: int) -> float:  # noqa: ANN401 - as the parser gives it
    if kind in _REPEATS:
        least, most, body = argument
        return _ways_of_repeat(min(least, length), min(most, length), _ways_of_all(body, length))
    if kind is code.BRANCH:
        return _ways_of_branches(argument[1], length)
    if kind is code.GROUPREF_EXISTS:
        return sum(_ways_of_all(branch, length) for branch in argument[1:] if branch)
    if kind is code.ATOMIC_GROUP:
        return _ways_of_all(argument, length)
    return _ways_of_all(argument[-1], length) if kind in _AROUND else 1.0


def _ways_of_repeat(least: int, most: int, inside: float) -> float:
    """Every number of times, and each time every way of what is repeated."""
    try:
        return (most - least + 1) * inside**most
    except OverflowError:
        return _ENDLESS


def _ways_of_branches(branches: Iterable[Any], length: int) -> float:
    """Of the branches that begin with different letters only one can be the right one."""
    ways: defaultdict[str, float] = defaultdict(float)
    others = 0.0
    for branch in branches:
        here = _ways_of_all(branch, length)
        if len(branch) and branch[0][0] is code.LITERAL:
            ways[chr(branch[0][1]).casefold()] += here
        else:
            others += here
    return others + max(ways.values(), default=0)
