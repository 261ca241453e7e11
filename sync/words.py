"""Words and phrases of five languages in ticket text: which of them stand there and are not denied."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import add
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sync.ticket import Language

Key = tuple["Language", str]
"""A phrase as a mapping writes it, with its language."""

READ_AT_MOST = 20_000
"""Characters of a text that are looked at; a pasted log of megabytes costs no more than this."""

_SHORTEST_STEM = 3
_SHORTEST_JAPANESE = 2
_WORDS_REMEMBERED = 20_000  # a language's common words; looking one up costs ten times as much
_AROUND = 40  # characters of a snippet on either side of the phrase

_JAPANESE = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_HAS_JAPANESE = re.compile(f"[{_JAPANESE}]")
_WRAP = re.compile(rf"(?<=[{_JAPANESE}、。])(?:[^\S\n]+\n?|\n)[^\S\n]*(?=[{_JAPANESE}])")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)
_WORD = re.compile(rf"[^\W{_JAPANESE}]+")
_PART = re.compile(rf"([^\W{_JAPANESE}]+)(\*?)")
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


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a phrase stands first without being denied.

    `start` counts characters of the normalised text; `snippet` is the phrase with some words around it, as
    written wherever normalising left the letters in their places.
    """

    snippet: str
    start: int


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
    text = normalised(phrase)
    if language == "ja":
        if len(_substring(phrase)) >= _SHORTEST_JAPANESE:
            return None
        return f"{phrase!r} fits too much; give it {_SHORTEST_JAPANESE} characters"
    if not _WORD.search(text):
        return f"{phrase!r} holds no word to look for"
    starred = "*" in text
    if starred and "*" in _PART.sub("", text):
        return f"{phrase!r}: a * stands directly after the letters of a word and makes it a stem"
    stems = _PART.findall(text) if starred else []
    short = [word for word, star in stems if star and len(word) < _SHORTEST_STEM]
    return (
        f"{phrase!r}: the stem '{short[0]}*' fits too much; give it {_SHORTEST_STEM} letters or no *"
        if short
        else None
    )


def negation_fault(language: Language, entry: str, place: Literal["before", "after"]) -> str | None:
    """What is wrong with an entry of a negation, as a sentence with its remedy; None if nothing is."""
    if language != "ja":
        if "*" in entry or not _parts(entry):
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
    Every language's phrases are looked for in every text; no language is guessed.

    A phrase is denied if a negation of its language stands

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
        self._words: dict[str, list[_Sequence]] = {}
        self._stems: dict[str, list[_Sequence]] = {}
        self._japanese: dict[str, list[tuple[Key, str]]] = {}
        for key in dict.fromkeys(phrases):
            self._enter(key)
        self._beginning_with = lru_cache(maxsize=_WORDS_REMEMBERED)(self._look_up)
        self._denials: dict[Language, _WordDenial] = {
            language: _WordDenial(language, rules) for language, rules in negation.items() if language != "ja"
        }
        self._japanese_denial = _JapaneseDenial(negation["ja"]) if "ja" in negation else None

    def scan(self, text: str) -> Mapping[Key, Hit]:
        """Every phrase that stands in the first `READ_AT_MOST` characters and is not denied, in one pass."""
        reading = _Reading(text)
        hits: dict[Key, Hit] = {}
        for position, word in enumerate(reading.words):
            for sequence in self._beginning_with(word):
                if sequence.fits(reading.words, position) and sequence.key not in hits:
                    last = position + len(sequence.rest)
                    if not self._denied(sequence.key[0], reading, position, last):
                        hits[sequence.key] = reading.hit(reading.places[position][0], reading.places[last][1])
        if _HAS_JAPANESE.search(reading.text):
            self._scan_japanese(reading, hits)
        return hits

    def _enter(self, key: Key) -> None:
        language, phrase = key
        if complaint := fault(language, phrase):
            raise ValueError(complaint)
        if language == "ja":
            text = _substring(phrase)
            self._japanese.setdefault(text[:_SHORTEST_JAPANESE], []).append((key, text))
            return
        (first, star), *rest = _parts(phrase)
        sequence = _Sequence(key, first, tuple(rest))
        if star:
            self._stems.setdefault(first[:_SHORTEST_STEM], []).append(sequence)
        else:
            self._words.setdefault(first, []).append(sequence)

    def _look_up(self, word: str) -> tuple[_Sequence, ...]:
        """The phrases that may begin with this word of a text."""
        stems = self._stems.get(word[:_SHORTEST_STEM], ())
        return (*self._words.get(word, ()), *(sequence for sequence in stems if word.startswith(sequence.first)))

    def _denied(self, language: Language, reading: _Reading, first: int, last: int) -> bool:
        denial = self._denials.get(language)
        return denial is not None and denial.denies(reading, first, last)

    def _scan_japanese(self, reading: _Reading, hits: dict[Key, Hit]) -> None:
        text, beginning_with = reading.text, self._japanese.get
        for start, pair in enumerate(map(add, text, text[1:])):
            for key, phrase in beginning_with(pair, ()):
                if key not in hits and text.startswith(phrase, start):
                    end = start + len(phrase)
                    if not (self._japanese_denial and self._japanese_denial.denies(text, start, end)):
                        hits[key] = reading.hit(start, end)


def _entries_of(
    negation: Mapping[Language, Negation],
) -> Iterator[tuple[Language, Literal["before", "after"], str]]:
    for language, rules in negation.items():
        for entry in rules.before:
            yield language, "before", entry
        for entry in rules.after:
            yield language, "after", entry


def _parts(phrase: str) -> list[tuple[str, bool]]:
    """The words of a phrase; True marks a stem."""
    return [(word, bool(star)) for word, star in _PART.findall(normalised(phrase))]


def _substring(phrase: str) -> str:
    """A Japanese phrase as it is looked for: a stem's * says nothing there."""
    return "".join(normalised(phrase).replace("*", "").split())


@dataclass(frozen=True, slots=True)
class _Sequence:
    """A phrase whose first word, or stem, was looked up already."""

    key: Key
    first: str
    rest: tuple[tuple[str, bool], ...]

    def fits(self, words: Sequence[str], position: int) -> bool:
        """Whether the words after the one at `position` are those of the phrase."""
        if position + len(self.rest) >= len(words):
            return False
        for part, stem in self.rest:
            position += 1
            word = words[position]
            if word != part and not (stem and word.startswith(part)):
                return False
        return True


class _Reading:
    """One text while it is scanned."""

    def __init__(self, written: str) -> None:
        self._written = written[:READ_AT_MOST]
        text = normalised(self._written)
        self.text = text if text.isascii() else _WRAP.sub("", text)
        self.words: list[str] = _WORD.findall(self.text)

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Start and end of every word; most texts hold no phrase and never need them."""
        return [word.span() for word in _WORD.finditer(self.text)]

    def same_clause(self, left: int, right: int) -> bool:
        """Whether nothing but spaces and light punctuation stands between two neighbouring words."""
        return not _CLAUSE_ENDS.search(self.text, self.places[left][1], self.places[right][0])

    def hit(self, start: int, end: int) -> Hit:
        """The place with its surroundings."""
        left, right = max(0, start - _AROUND), min(len(self.text), end + _AROUND)
        if left:
            left = max(self.text.find(" ", left, start), left - 1) + 1
        if right < len(self.text):
            space = self.text.rfind(" ", end, right)
            right = right if space < 0 else space
        shown, written = self.text[left:right], self._written[left:right]
        if normalised(written) == shown:
            shown = written
        before, after = "…" if left else "", "…" if right < len(self.text) else ""
        return Hit(before + " ".join(shown.split()) + after, start)


class _WordDenial:
    """The negations of a language that writes spaces between words."""

    def __init__(self, language: Language, rules: Negation) -> None:
        self._within = rules.within
        self._before = _entries(language, rules.before)
        self._after = _entries(language, rules.after)

    def denies(self, reading: _Reading, first: int, last: int) -> bool:
        """Whether the phrase from word `first` to word `last` is denied by its neighbours."""
        start, end = first, last
        while start > max(0, first - self._within) and reading.same_clause(start - 1, start):
            start -= 1
        found = self._negations(self._before, reading.words[start:first])
        if found and not (len(found) > 1 and found[-2][1] == found[-1][0]):
            return True
        if not self._after:
            return False
        while end < min(len(reading.words) - 1, last + self._within) and reading.same_clause(end, end + 1):
            end += 1
        found = self._negations(self._after, reading.words[last + 1 : end + 1])
        return bool(found) and not (len(found) > 1 and found[0][1] == found[1][0])

    @staticmethod
    def _negations(entries: list[tuple[_Sequence, bool]], window: Sequence[str]) -> list[tuple[int, int]]:
        """Where negations stand in the window, as (from, to); longer entries first, exceptions left out."""
        found, position = [], 0
        while position < len(window):
            word, length = window[position], 1
            for sequence, excepted in entries:
                if word == sequence.first and sequence.fits(window, position):
                    length = 1 + len(sequence.rest)
                    if not excepted:
                        found.append((position, position + length))
                    break
            position += length
        return found


def _entries(language: Language, written: Iterable[str]) -> list[tuple[_Sequence, bool]]:
    """Negations as sequences of whole words, longest first; True marks an exception (`!`)."""
    entries = []
    for entry in written:
        parts = _parts(entry)
        entries.append((_Sequence((language, entry), parts[0][0], tuple(parts[1:])), entry.startswith("!")))
    return sorted(entries, key=lambda entry: -len(entry[0].rest))


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
