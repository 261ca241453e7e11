"""Whether a text sounds as a client may hear it: what must not stand in it, and what must."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, NamedTuple

from sync.errors import Fault
from sync.mapping.patterns import first_place
from sync.mapping.tone_models import WORDS
from sync.saying.render import CLIENT_FOOTER, FOR_CLIENTS, NAMES
from sync.words import Lexicon, fault, normalised

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sync.mapping.client_models import ClientsFile
    from sync.mapping.tone_models import Rule, ToneFile
    from sync.ticket import Language
    from sync.words import Key

    Templates = Mapping[tuple[Language, str], tuple[str, str]]

DATE_VARIABLES = frozenset({"promise_due", "next_step_due", "next_update", "planned", "until"})
"""Variables of templates that are a day or an hour; so is every one whose name ends in `_due`."""
NAME_VARIABLES = frozenset({"person", "asked", "taken_by", "skipped"})
"""Variables of templates that name a member of staff."""
INTERNAL_VARIABLES = (
    frozenset({"severity", "category", "subtype", "role", "rule", "why", "why_kind", "why_value", "handling"})
    | {"step", "late_by", "raises", "trigger", "figure", "limit", "promise", "proof", "evidence", "channel"}
    | {"facts", "note", "reason", "before", "after", "state", "fields"}
)
"""Variables of templates that are nobody's business but ours."""

_Listed = Literal["blame", "excuses", "internal", "vague_dates", "next_step", "dates"]
_EVERYWHERE: tuple[_Listed, ...] = ("blame", "excuses", "vague_dates")
_NEEDED: tuple[Rule, ...] = ("next_step", "date")
_TOLD: Mapping[Rule, str] = {
    "blame": "“{words}” puts the blame on somebody; say what happened and what we do about it",
    "names": "“{words}” names a member of staff; say “we”",
    "excuses": "“{words}” is an excuse; leave it out, or say what it means for the client",
    "internal": "“{words}” is internal; say only how the client is affected",
    "vague_dates": "“{words}” is no date; name the day and the hour",
    "next_step": "it does not say what happens next; say what we do, or what the client gets",
    "date": "“{words}” has no date; name the day or the hour at which it happens",
}

_DATE = "\ue010"  # private use: stands in a template where a date will
_BREAK = "\x1e"
_PARAGRAPH_ENDS = re.compile(rf"\n[^\S\n]*(?=\n)|\n[^\S\n]*(?=[-*•]\s|#)|{_BREAK}")
_SENTENCE_ENDS = re.compile(r"[.!?]\W{0,3}\s\W{0,3}(?=[A-ZÄÅÆÖØЀ-Я])|[。!?]")
_LETTERS = re.compile(r"[^\W\d_]")
_RUSSIAN_ENDING = re.compile(r"(?<=\w{3})[аеёийоуыьюя]+$")
_EAST_ASIAN = "\u3001-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_EASTERN = re.compile(f"[{_EAST_ASIAN}]")
_WRAP = re.compile(rf"(?<=[{_EAST_ASIAN}])\s+(?=[{_EAST_ASIAN}])")
_MARKUP = "*`"
_NO_MARKUP = str.maketrans("", "", _MARKUP)
_LISTS_KEPT = 64  # of five languages and a few teams of names; making one costs as much as reading a page
_CLUSTERS_REMEMBERED = 8_192
_CODES_REMEMBERED = 1_024  # of all templates together; most of them share theirs
_PARAGRAPHS_REMEMBERED = 256  # of one language's templates, which share many
_CLUSTER = re.compile("[^\u0300-\u036f\u3099\u309a\uff9e\uff9f][\u0300-\u036f\u3099\u309a\uff9e\uff9f]*")

_TEXT = r"""(?:"[^"]*"|'[^']*')"""
_TEMPLATE = re.compile(rf"\{{#.*?#\}}|\{{%.*?%\}}|\{{\{{((?:{_TEXT}|[^\"'])*?)\}}\}}", re.DOTALL)
_OTHER_BRANCH = re.compile(r"\{%[-+]?\s*(?:else|elif)\b")
_SHOWN_TEXT = re.compile(rf"(?:\{{\{{[-+]?|\bor\b|\belse\b|~)\s*({_TEXT})")
_VARIABLE = re.compile(r"(?<![\w.])[a-z_]\w*")


@dataclass(frozen=True, slots=True, order=True)
class Slip:
    """One thing in a text that breaks a rule: the words as written (none if something is missing), and where.

    Lines and columns count from 1.
    """

    line: int
    column: int
    rule: Rule
    words: str

    @property
    def what(self) -> str:
        """What is wrong, and the remedy."""
        return _told(self, {})


def lint(  # noqa: PLR0913 - a text, its language, and all that is known of it
    text: str,
    language: Language,
    tone: ToneFile,
    *,
    client: bool,
    names: Collection[str] = (),
    quoted: Collection[str] = (),
) -> list[Slip]:
    """The slips of a text as it is about to be posted, in their order; a phrase counts once a paragraph.

    Texts that only staff read (`client` false) are held to blame, excuses and vague dates alone. `names` are those
    of staff; `quoted` are the client's own words, as they stand in the text, for which we are not blamed.
    """
    for words in sorted(filter(str.strip, quoted), key=len, reverse=True):
        as_written = re.escape(words.strip())
        whole = as_written if _EASTERN.search(words) else rf"(?<!\w){as_written}(?!\w)"
        text = re.sub(whole, lambda found: _blank(found.group()), text)
    return sorted(_slips(text, language, tone, client=client, names=names))


def told(slips: Sequence[Slip], tone: ToneFile) -> str:
    """Why a text is kept from the client, in the language of the file; each reason once."""
    return "; ".join(dict.fromkeys(_told(slip, tone.told) for slip in slips))


def lint_template(  # noqa: PLR0913 - as `lint`, and the file's name
    path: str, text: str, language: Language, tone: ToneFile, *, client: bool, names: Collection[str] = ()
) -> list[Fault]:
    """The slips of a template, as faults whose key is the rule.

    Every branch is read; a variable of `DATE_VARIABLES` is a date. What one branch lacks and another has shows
    only when a text is about to be posted.
    """
    slips = set(_slips(_TEMPLATE.sub(_spoken, text), language, tone, client=client, names=names))
    for found in _TEMPLATE.finditer(text) if client else ():
        for rule in _rules_of(_variables(found.group(1) or "")):
            slips.add(Slip(*_place(text, found.start()), rule, found.group()))
    return [Fault(path, slip.line, slip.column, slip.rule, slip.what) for slip in sorted(slips)]


def check_tone(
    templates: Templates, tones: Mapping[Language, ToneFile], names: Collection[str] = ()
) -> list[Fault]:
    """The faults of all comment templates whose language has a tone file; a footer need not say what follows."""
    found: list[Fault] = []
    for (language, kind), (path, text) in templates.items():
        if language in tones and kind != NAMES:
            client = kind.startswith(FOR_CLIENTS)
            faults = lint_template(path, text, language, tones[language], client=client, names=names)
            found += [each for each in faults if kind != CLIENT_FOOTER or each.key not in _NEEDED]
    return found


def staff(clients: ClientsFile) -> frozenset[str]:
    """Every name by which the clients' file knows staff: role-holders, people, and the names shown for ids."""
    holders = [clients.roles, *(client.roles for client in clients.client)]
    holders += [engagement.roles for client in clients.client for engagement in client.engagement]
    people = [*clients.gone, *(person.name for person in clients.person)]
    shown = [name for client in clients.client for name in client.names.values()]
    return frozenset([*people, *shown, *(who for roles in holders for each in roles.values() for who in each)])


def _told(slip: Slip, sentences: Mapping[Rule, str]) -> str:
    return sentences.get(slip.rule, _TOLD[slip.rule]).replace(WORDS, " ".join(slip.words.split()))


def _blank(text: str) -> str:
    """As many blanks, the lines kept."""
    return re.sub(r"[^\n]", " ", text)


def _place(text: str, at: int) -> tuple[int, int]:
    """The line and column of a place in a text."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


# --- plain text -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Find:
    """Where in a text a phrase of a rule stands."""

    rule: Rule
    start: int
    end: int


def _slips(
    text: str, language: Language, tone: ToneFile, *, client: bool, names: Collection[str]
) -> Iterator[Slip]:
    rules: tuple[_Listed, ...] = (*_EVERYWHERE, "internal") if client else _EVERYWHERE
    paragraphs = list(_paragraphs(text))
    for each in _listed(language, tone, rules).found(paragraphs):
        yield Slip(*_place(text, each.start), each.rule, text[each.start : each.end])
    if not client:
        return
    steps = []
    for each in _listed(language, tone, ("next_step",), frozenset(names)).found(paragraphs):
        if each.rule == "names":
            yield Slip(*_place(text, each.start), each.rule, text[each.start : each.end])
        else:
            steps.append(each)
    yield from _missing(text, language, tone, steps)


def _missing(text: str, language: Language, tone: ToneFile, steps: Sequence[_Find]) -> Iterator[Slip]:
    """The slip of a text without a next step, or with none whose date stands in its sentence or after it."""
    if not steps:
        yield Slip(1, 1, "next_step", "")
        return
    first = min(steps, key=lambda step: step.start)
    ends = [end.end() for end in (*_SENTENCE_ENDS.finditer(text), *_PARAGRAPH_ENDS.finditer(text))]
    rest = text[max((end for end in ends if end <= first.start), default=0) :]
    if not (
        _DATE in rest
        or any(first_place(re.compile(each, re.IGNORECASE), normalised(rest)) for each in tone.date_patterns)
        or any(_listed(language, tone, ("dates",)).found(_paragraphs(rest)))
    ):
        yield Slip(*_place(text, first.start), "date", text[first.start : first.end])


def _name_keys(names: Collection[str], language: Language) -> Iterator[Key]:
    """Names as phrases, each word of them a stem; those without a letter, or with too few, are left out."""
    for name in filter(_LETTERS.search, names):
        east_asian = _EASTERN.search(name)
        words = [_RUSSIAN_ENDING.sub("", word) if language == "ru" else word for word in re.findall(r"\w+", name)]
        phrase = name if east_asian else " ".join(f"{word}*" if len(word) > 2 else word for word in words)
        key: Key = ("ja" if east_asian else "en", phrase)
        if not fault(*key):
            yield key


class _Denied(NamedTuple):
    """A negation as a value; see `words.Negation`."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    within: int


class _List:
    """The phrases of some rules of one language, looked for in one text after another."""

    def __init__(self, phrases: Sequence[tuple[Key, Rule]], negation: Mapping[Language, _Denied]) -> None:
        self._phrases = phrases
        lexicon = Lexicon([key for key, _ in phrases], negation)
        self._hits = lru_cache(maxsize=_PARAGRAPHS_REMEMBERED)(lexicon.scan)

    def found(self, paragraphs: Iterable[_Paragraph]) -> Iterator[_Find]:
        """Where the phrases stand; of those of one rule that overlap only the longest."""
        for paragraph in paragraphs:
            hits = self._hits(paragraph.text)
            finds = [
                _Find(rule, *paragraph.span(hits[key].start, hits[key].end))
                for key, rule in (self._phrases if hits else ())
                if key in hits
            ]
            kept: list[_Find] = []
            for each in sorted(finds, key=lambda find: find.start - find.end):
                if not any(
                    other.rule == each.rule and other.start < each.end and each.start < other.end for other in kept
                ):
                    kept.append(each)
            yield from kept


def _listed(
    language: Language, tone: ToneFile, lists: tuple[_Listed, ...], names: frozenset[str] = frozenset()
) -> _List:
    """What a file lists, and names; the negation goes with what is wrong, not with what is needed."""
    told = tone.negation
    negation = _Denied(tuple(told.before), tuple(told.after), told.within) if "blame" in lists else None
    return _list_of(language, tuple((name, tuple(getattr(tone, name))) for name in lists), names, negation)


@lru_cache(maxsize=_LISTS_KEPT)
def _list_of(
    language: Language,
    lists: tuple[tuple[_Listed, tuple[str, ...]], ...],
    names: frozenset[str],
    negation: _Denied | None,
) -> _List:
    phrases: list[tuple[Key, Rule]] = [
        ((language, phrase), "date" if rule == "dates" else rule) for rule, listed in lists for phrase in listed
    ]
    phrases += [(key, "names") for key in _name_keys(sorted(names), language)]
    return _List(phrases, {language: negation} if negation else {})


def _paragraphs(text: str) -> Iterator[_Paragraph]:
    """The paragraphs of a text that hold anything."""
    start = 0
    gaps = [(gap.start(), gap.end()) for gap in _PARAGRAPH_ENDS.finditer(text)]
    for end, following in (*gaps, (len(text), len(text))):
        if text[start:end].strip():
            yield _Paragraph(text[start:end], start)
        start = following


class _Paragraph:
    """One paragraph as phrases are looked for in it, knowing where each of its characters was written."""

    def __init__(self, written: str, start: int) -> None:
        self._start = start
        self._written = _WRAP.sub(_left_out, written) if _EASTERN.search(written) else written
        self.text = _compared(self._written)

    @cached_property
    def _places(self) -> tuple[list[int], list[tuple[int, int]]]:
        """Where each sign of `text` ends, and from where to where it was written."""
        signs = [(_folded(cluster.group()), cluster.span()) for cluster in _CLUSTER.finditer(self._written)]
        kept = [(len(sign), span) for sign, span in signs if sign]
        return [*accumulate(length for length, _ in kept)], [span for _, span in kept]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the whole text the characters from `start` to `end` of this one were written."""
        ends, written = self._places
        first, last = (min(bisect_right(ends, at), len(ends) - 1) for at in (start, end - 1))
        return self._start + written[first][0], self._start + written[last][1]


def _left_out(gap: re.Match[str]) -> str:
    """Markup in place of a gap, which is left out as that is."""
    return _MARKUP[0] * len(gap.group())


@lru_cache(maxsize=_PARAGRAPHS_REMEMBERED)
def _compared(written: str) -> str:
    if written.isascii():
        return normalised(written.translate(_NO_MARKUP))
    return "".join(map(_folded, _CLUSTER.findall(written)))


@lru_cache(maxsize=_CLUSTERS_REMEMBERED)
def _folded(cluster: str) -> str:
    return "" if cluster in _MARKUP else normalised(cluster)


# --- templates --------------------------------------------------------------------------------------------------


def _spoken(found: re.Match[str]) -> str:
    """What stands in the text for a comment, statement or expression of a template, as long as that is."""
    return _spoken_code(found.group(), found.group(1) or "")


@lru_cache(maxsize=_CODES_REMEMBERED)
def _spoken_code(code: str, expression: str) -> str:
    if not code.startswith("{{"):
        return (_BREAK if _OTHER_BRANCH.match(code) else " ") + _blank(code)[1:]
    shown = list(_blank(code))
    for text in _SHOWN_TEXT.finditer(code):
        shown[text.start(1) + 1 : text.end(1) - 1] = text.group(1)[1:-1]
    if any(name in DATE_VARIABLES or name.endswith("_due") for name in _variables(expression)):
        shown[0] = _DATE
    return "".join(shown)


def _variables(expression: str) -> list[str]:
    """The names that an expression of a template speaks of."""
    return _VARIABLE.findall(re.sub(_TEXT, "", expression))


def _rules_of(variables: Iterable[str]) -> set[Rule]:
    """The rules that a text for clients breaks by showing these variables."""
    broken: set[Rule] = set()
    for name in variables:
        if name in NAME_VARIABLES:
            broken.add("names")
        elif name in INTERNAL_VARIABLES:
            broken.add("internal")
    return broken
