"""Words and phrases of five languages in ticket text: which of them stand there and are not denied."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from operator import add
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sync.ticket import Language

Key = tuple["Language", str]
"""A phrase as a mapping writes it, with its language."""
_Part = tuple[bool, str, bool]
"""A word of a phrase: whether others may stand before it, the word, and whether it is a stem."""

READ_AT_MOST = 20_000
"""Characters of a text that are looked at; a pasted log of megabytes costs no more than this."""

_SHORTEST_STEM = 3
_SHORTEST_JAPANESE = 2
_WORDS_REMEMBERED = 20_000  # a language's common words; looking one up costs ten times as much
_AROUND = 40  # characters of a snippet on either side of the phrase
_GAP = 3  # words that an … in a phrase may stand for
_JAPANESE_GAP = 10  # characters that it may stand for there

_JAPANESE = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_HAS_JAPANESE = re.compile(f"[{_JAPANESE}]")
_WRAP = re.compile(rf"(?<=[{_JAPANESE}、。])(?:[^\S\n]+\n?|\n)[^\S\n]*(?=[{_JAPANESE}])")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)
_WORD = re.compile(rf"[^\W{_JAPANESE}]+")
_SPLIT = re.compile(f"({_WORD.pattern})")
_PART = re.compile(rf"(\.{{3}})?\s*([^\W{_JAPANESE}]+)(\*?)")
_LETTERS = "A-Za-z0-9À-ÖØ-öø-ÿЀ-ѯ"
_ORDINARY = re.compile(rf"(?:[{_LETTERS}]+(?:(?<=[{_LETTERS}]{{3}})\*)?[ '\n-])+")
_ORDINARY_JAPANESE = re.compile(r"(?:[ぁ-ゖァ-ヺー一-鿿]{2,}\n)+")
_ELLIPSIS = "..."  # what … is once it is normalised
_CLAUSE_ENDS = re.compile(r"[.,;:!?()\[\]…–—]|\s-\s|\n\s*[\n*•-]")
_JAPANESE_CLAUSE = "。、.,!?;:()\n"
_ENDINGS = "\u3041-\u309f」』"  # what may stand between a Japanese stem and its negation: no new content word


class Negation(Protocol):
    """How one language says no; `Lexicon` tells how each part is understood."""

    @property
    def before(self) -> Sequence[str]:
        """Words that deny a phrase that follows."""

    @property
    def after(self) -> Sequence[str]:
        """Words, or in Japanese endings, that deny a phrase they follow."""

    @property
    def within(self) -> int:
        """How many words, in Japanese characters, may stand between."""


@dataclass(frozen=True)
class Hit:
    """Where a phrase stands first without being denied; `start` and `end` count normalised characters."""

    start: int
    end: int
    _written: str = field(repr=False)
    _text: str = field(repr=False)

    @cached_property
    def snippet(self) -> str:
        """The phrase with words around it, as written wherever normalising left the letters in their places."""
        left, right = max(0, self.start - _AROUND), min(len(self._text), self.end + _AROUND)
        if left:
            left = max(self._text.find(" ", left, self.start), left - 1) + 1
        if right < len(self._text):
            space = self._text.rfind(" ", self.end, right)
            right = right if space < 0 else space
        shown, written = self._text[left:right], self._written[left:right]
        if normalised(written) == shown:
            shown = written
        before, after = "…" if left else "", "…" if right < len(self._text) else ""
        return before + " ".join(shown.split()) + after


def normalised(text: str) -> str:
    """The form in which texts and phrases are compared; normalising twice changes nothing more.

    NFKC, case-folded, without soft hyphens and other invisible characters, Russian ё as е.
    """
    if text.isascii():
        return text.lower()
    while True:
        visible = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
        folded = visible.casefold().replace("ё", "е")
        if folded == text:
            return text
        text = folded


def fault(language: Language, phrase: str) -> str | None:
    """What is wrong with a phrase of a mapping, as a sentence with its remedy; None if nothing is."""
    text = normalised(phrase).strip()
    if _ELLIPSIS in text and (text.startswith(_ELLIPSIS) or text.endswith(_ELLIPSIS)):
        return f"{phrase!r}: an … stands between two words and lets others stand there"
    if language == "ja":
        if len(_substring(phrase).split(_ELLIPSIS)[0]) >= _SHORTEST_JAPANESE:
            return None
        return f"{phrase!r} fits too much; give it {_SHORTEST_JAPANESE} characters"
    if not _WORD.search(text):
        return f"{phrase!r} holds no word to look for"
    starred = "*" in text
    if starred and "*" in _PART.sub("", text):
        return f"{phrase!r}: a * stands directly after the letters of a word and makes it a stem"
    stems = _PART.findall(text) if starred else []
    short = [word for _, word, star in stems if star and len(word) < _SHORTEST_STEM]
    return (
        f"{phrase!r}: the stem '{short[0]}*' fits too much; give it {_SHORTEST_STEM} letters or no *"
        if short
        else None
    )


def faults(language: Language, phrases: Sequence[str]) -> Iterator[tuple[int, str]]:
    """What is wrong with which of the phrases, by its number from 0; see `fault`. Ordinary lists take no time."""
    ordinary = _ORDINARY_JAPANESE if language == "ja" else _ORDINARY
    if not ordinary.fullmatch("\n".join([*phrases, ""])):
        for number, phrase in enumerate(phrases):
            if not ordinary.fullmatch(f"{phrase}\n") and (what := fault(language, phrase)):
                yield number, what


def negation_fault(language: Language, entry: str, place: Literal["before", "after"]) -> str | None:
    """What is wrong with an entry of a negation, as a sentence with its remedy; None if nothing is."""
    if language != "ja":
        if "*" in entry or not any(_parts(entry)):
            return f"negation {entry!r}: write whole words"
        return None
    if place == "before" and entry[:1] in ("!", "…"):
        return f"negation {entry!r}: in Japanese, entries with {entry[0]} stand under after"
    if not _substring(entry.lstrip("!…")):
        return f"negation {entry!r} holds no character to look for"
    return None


class Lexicon:
    """All phrases of all rules, found in a text by one scan.

    In English, Danish, Russian and Finnish a phrase is a sequence of whole words with any spaces and
    punctuation between; `late*` is a stem, the beginning of a word. In Japanese it is a run of characters.
    `invoice … wrong` lets up to three other words of the clause stand between (ten characters in Japanese).
    Every language's phrases are looked for in every text; no language is guessed.

    A phrase is denied if a negation of its language stands

    - where an … lets words stand;
    - at most `within` words before it (or after it, for the list `after`), no punctuation between; two
      negations side by side cancel out; an entry `!not only` is an exception: those words deny nothing;
    - in Japanese: directly before it, or after it with at most `within` kana between (an inflection); an
      entry `…ではない` allows any characters of the clause between; `!` makes an exception here too.
    """

    def __init__(self, phrases: Iterable[Key], negation: Mapping[Language, Negation]) -> None:
        """ValueError if a phrase or a negation is none; `fault` and `negation_fault` tell which and why."""
        for language, place, entry in _entries_of(negation):
            if complaint := negation_fault(language, entry, place):
                raise ValueError(complaint)
        self._words: dict[str, list[Key]] = {}
        self._stems: dict[str, list[tuple[str, Key]]] = {}
        self._japanese: dict[str, list[tuple[Key, str, list[str]]]] = {}
        keys = list(dict.fromkeys(phrases))
        for language in dict.fromkeys(language for language, _ in keys):
            for _, complaint in faults(language, [phrase for spoken, phrase in keys if spoken == language]):
                raise ValueError(complaint)
        for key in keys:
            self._enter(key)
        self._sequence = cache(_Sequence.of)
        self._beginning_with = lru_cache(maxsize=_WORDS_REMEMBERED)(self._look_up)
        self._denials: dict[Language, _WordDenial] = {
            language: _WordDenial(rules) for language, rules in negation.items() if language != "ja"
        }
        self._japanese_denial = _JapaneseDenial(negation["ja"]) if "ja" in negation else None

    def scan(self, text: str) -> Mapping[Key, Hit]:
        """Every phrase that stands in the first `READ_AT_MOST` characters and is not denied, in one pass."""
        reading = _Reading(text)
        hits: dict[Key, Hit] = {}
        beginning_with, there = self._beginning_with, {"", *reading.words}
        for position, (word, following) in enumerate(zip(reading.words, [*reading.words[1:], ""], strict=False)):
            if beginning := beginning_with(word):
                for sequence in beginning.before(following):
                    if sequence.rarest in there and sequence.key not in hits:
                        place = sequence.place(reading, position)
                        if place:
                            self._note(hits, sequence.key, reading, place)
        if _HAS_JAPANESE.search(reading.text):
            self._scan_japanese(reading, hits)
        return hits

    def _enter(self, key: Key) -> None:
        language, phrase = key
        if language == "ja":
            head, *tails = _substring(phrase).split(_ELLIPSIS)
            self._japanese.setdefault(head[:_SHORTEST_JAPANESE], []).append((key, head, tails))
            return
        _, first, star = next(_parts(phrase))
        if star:
            self._stems.setdefault(first[:_SHORTEST_STEM], []).append((first, key))
        else:
            self._words.setdefault(first, []).append(key)

    def _look_up(self, word: str) -> _Beginning | None:
        """The phrases that may begin with this word of a text; most phrases' words never come."""
        stems = self._stems.get(word[:_SHORTEST_STEM], ())
        fitting = [*self._words.get(word, ()), *(key for stem, key in stems if word.startswith(stem))]
        return _Beginning.of(map(self._sequence, fitting)) if fitting else None

    def _note(self, hits: dict[Key, Hit], key: Key, reading: _Reading, place: _Place) -> None:
        denial = self._denials.get(key[0])
        if denial is None or not denial.denies(reading, place):
            hits[key] = reading.of_words(place.first, place.last)

    def _scan_japanese(self, reading: _Reading, hits: dict[Key, Hit]) -> None:
        text, beginning_with = reading.text, self._japanese.get
        for start, pair in enumerate(map(add, text, text[1:])):
            for key, head, tails in beginning_with(pair, ()):
                if key not in hits and text.startswith(head, start):
                    end = _japanese_end(text, start + len(head), tails)
                    if end and not (self._japanese_denial and self._japanese_denial.denies(text, start, end)):
                        hits[key] = reading.hit(start, end)


def _entries_of(
    negation: Mapping[Language, Negation],
) -> Iterator[tuple[Language, Literal["before", "after"], str]]:
    for language, rules in negation.items():
        for entry in rules.before:
            yield language, "before", entry
        for entry in rules.after:
            yield language, "after", entry


def _parts(phrase: str) -> Iterator[_Part]:
    """The words of a phrase."""
    for found in _PART.finditer(normalised(phrase)):
        yield bool(found[1]), found[2], bool(found[3])


def _substring(phrase: str) -> str:
    """A Japanese phrase as it is looked for: a stem's * says nothing there."""
    return "".join(normalised(phrase).replace("*", "").split())


def _japanese_end(text: str, end: int, tails: Iterable[str]) -> int:
    """Where a phrase ends whose head ends at `end` and whose tails follow in the clause; 0 if one does not."""
    for tail in tails:
        found = text.find(tail, end, end + _JAPANESE_GAP + len(tail))
        if found < 0 or any(sign in _JAPANESE_CLAUSE for sign in text[end:found]):
            return 0
        end = found + len(tail)
    return end


@dataclass(frozen=True, slots=True)
class _Place:
    """The words of a text that a phrase begins and ends with, and those that its … stood for."""

    first: int
    last: int
    skipped: list[str]


@dataclass(frozen=True, slots=True)
class _Sequence:
    """A phrase whose first word, or stem, was looked up already.

    A text without the word `rarest` cannot hold it; of the whole words behind the first one that is the longest.
    """

    key: Key
    rest: tuple[_Part, ...]
    rarest: str

    @classmethod
    def of(cls, key: Key) -> _Sequence:
        """What there is to a phrase."""
        _, *rest = _parts(key[1])
        return cls(key, tuple(rest), max((word for _, word, star in rest if not star), key=len, default=""))

    def place(self, reading: _Reading, first: int) -> _Place | None:
        """Where the phrase stands if it begins with the word `first`; of several ends, the nearest."""
        if not self.rest:
            return _Place(first, first, [])
        words, last = reading.words, first
        skipped: list[str] = []
        for gap, part, stem in self.rest:
            before = last
            for last in range(before + 1, min(before + 2 + _GAP * gap, len(words))):
                if words[last] == part or (stem and words[last].startswith(part)):
                    break
            else:
                return None
            if gap:
                if not all(reading.same_clause(at) for at in range(before, last)):
                    return None
                skipped = [*skipped, *words[before + 1 : last]]
        return _Place(first, last, skipped)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The phrases that begin with one word; `alone` have no second one, or not directly behind it.

    The others by their second word, or by the first letters of its stem.
    """

    alone: list[_Sequence]
    followed: dict[str, list[_Sequence]]
    stems: dict[str, list[_Sequence]]

    @classmethod
    def of(cls, sequences: Iterable[_Sequence]) -> _Beginning:
        beginning = cls([], {}, {})
        for each in sequences:
            gap, second, stem = each.rest[0] if each.rest else (True, "", False)
            if gap:
                beginning.alone.append(each)
            elif stem:
                beginning.stems.setdefault(second[:_SHORTEST_STEM], []).append(each)
            else:
                beginning.followed.setdefault(second, []).append(each)
        return beginning

    def before(self, following: str) -> Sequence[_Sequence]:
        """Those that may go on with this word."""
        if following in self.followed:
            stems = self.stems.get(following[:_SHORTEST_STEM], ())
            return (*self.alone, *self.followed[following], *stems)
        if self.stems and (stems := self.stems.get(following[:_SHORTEST_STEM], ())):
            return (*self.alone, *stems)
        return self.alone


class _Reading:
    """One text while it is scanned."""

    def __init__(self, written: str) -> None:
        self._written = written[:READ_AT_MOST]
        text = normalised(self._written)
        self.text = text if text.isascii() else _WRAP.sub("", text)
        self._pieces: list[str] = _SPLIT.split(self.text)
        self.words = self._pieces[1::2]

    @cached_property
    def _ends(self) -> list[int]:
        """Where each piece ends; texts without a phrase never need it."""
        return [*accumulate(map(len, self._pieces))]

    def same_clause(self, word: int) -> bool:
        """Whether nothing but spaces and light punctuation stands between a word and the next."""
        between = self._pieces[2 * word + 2]
        return between == " " or not _CLAUSE_ENDS.search(between)

    def of_words(self, first: int, last: int) -> Hit:
        """The place from one word to another, to be shown later."""
        return self.hit(self._ends[2 * first], self._ends[2 * last + 1])

    def hit(self, start: int, end: int) -> Hit:
        """The place from one character to another, to be shown later."""
        return Hit(start, end, self._written, self.text)


_Entries = dict[str, list[tuple[list[str], bool]]]
"""Negations by their first word: the words that follow it, and whether it is an exception (`!`); longest first."""


class _WordDenial:
    """The negations of a language that writes spaces between words."""

    def __init__(self, rules: Negation) -> None:
        self._within = rules.within
        self._before = _entries(rules.before)
        self._after = _entries(rules.after)
        self._longest = max((len(rest) for each in self._before.values() for rest, _ in each), default=0)

    def denies(self, reading: _Reading, place: _Place) -> bool:
        """Whether the phrase is denied by its neighbours, or by what stands inside it."""
        if place.skipped and self._negations(self._before, place.skipped):
            return True
        first, last = start, end = place.first, place.last
        while start > max(0, first - self._within - self._longest) and reading.same_clause(start - 1):
            start -= 1
        found = self._negations(self._before, reading.words[start:first])
        found = [(left, right) for left, right in found if first - start - right < self._within]
        if found and not (len(found) > 1 and found[-2][1] == found[-1][0]):
            return True
        if not self._after:
            return False
        while end < min(len(reading.words) - 1, last + self._within) and reading.same_clause(end):
            end += 1
        found = self._negations(self._after, reading.words[last + 1 : end + 1])
        return bool(found) and not (len(found) > 1 and found[0][1] == found[1][0])

    @staticmethod
    def _negations(entries: _Entries, window: list[str]) -> list[tuple[int, int]]:
        """Where negations stand in the window, as (from, to); longer entries first, exceptions left out."""
        if not any(map(entries.__contains__, window)):
            return []
        found, position = [], 0
        while position < len(window):
            length = 1
            for rest, excepted in entries.get(window[position], ()):
                if window[position + 1 : position + 1 + len(rest)] == rest:
                    length = 1 + len(rest)
                    if not excepted:
                        found.append((position, position + length))
                    break
            position += length
        return found


def _entries(written: Iterable[str]) -> _Entries:
    entries: _Entries = {}
    for entry in written:
        (_, first, _), *rest = _parts(entry)
        entries.setdefault(first, []).append(([word for _, word, _ in rest], entry.startswith("!")))
    for each in entries.values():
        each.sort(key=lambda entry: -len(entry[0]))
    return entries


class _JapaneseDenial:
    """The negations of Japanese: prefixes, and endings that follow the phrase."""

    def __init__(self, rules: Negation) -> None:
        self._before = tuple(map(_substring, rules.before))
        near: list[str] = []
        far: list[str] = []
        exceptions: list[str] = []
        for entry in rules.after:
            kind = {"!": exceptions, "…": far}.get(entry[:1], near)
            kind.append(re.escape(_substring(entry.lstrip("!…"))))
        inflected = f"[{_ENDINGS}]{{0,{rules.within}}}?"
        anything = f"[^{_JAPANESE_CLAUSE}]{{0,{rules.within}}}?"
        self._after = _any_of((inflected, near), (anything, far))
        self._exceptions = _any_of((anything, exceptions))

    def denies(self, text: str, start: int, end: int) -> bool:
        """Whether the phrase at text[start:end] is denied."""
        if self._before and text.endswith(self._before, 0, start):
            return True
        return bool(self._after.match(text, end)) and not self._exceptions.match(text, end)


def _any_of(*alternatives: tuple[str, list[str]]) -> re.Pattern[str]:
    """A gap, then one of its endings; of no ending at all, a pattern that never matches."""
    written = [f"{gap}(?:{'|'.join(endings)})" for gap, endings in alternatives if endings]
    return re.compile("|".join(written) or r"(?!)")
