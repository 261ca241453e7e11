"""Whether the comment templates hold: every fault of them, found before anything is said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sync.errors import ConfigurationError, Fault
from sync.mapping.wording import nearest
from sync.saying import markdown
from sync.saying.render import EMPTY, FALLBACK, KINDS, NAMES, SAMPLE, Renderer, cleaned

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from jinja2 import nodes

    from sync.saying.render import Templates, Variables
    from sync.ticket import Language

_STATES: Mapping[str, tuple[object, ...]] = {
    **{name: (False,) for name, value in SAMPLE.items() if isinstance(value, bool)},
    "step": (1, 3),
    "minutes": (600, ""),
    "role": ("",),
    "person": ("",),
}
"""What else a template has to cope with, of each variable alone."""
_STRING = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
_CODE = re.compile(rf"(\{{#.*?#\}}|\{{%(?:{_STRING}|[^\"'])*?%\}}|\{{\{{(?:{_STRING}|[^\"'])*?\}}\}})", re.DOTALL)
_BRACES = re.compile(r"\{[{%#]|[}%#]\}")
_STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)")
_DEPTH = {"if": 1, "elif": 0, "else": 0, "endif": -1, "for": 1, "endfor": -1}


def check_templates(templates: Templates, fields: Collection[str] = ()) -> list[Fault]:
    """Every fault of the templates and names, found by rendering each with all kinds of values.

    `fields` are the ticket fields that some tracker's file maps.
    """
    faults: set[Fault] = set()
    check = _Check(templates, fields)
    for language, kind in check.doubtful():
        try:
            faults.update(check.faults(language, kind, *templates[language, kind]))
        except ConfigurationError as error:
            faults.update(error.faults)
    what = "no such template; every other language falls back on it"
    faults.update(
        Fault(f"comments/{FALLBACK}/{kind}.md", 0, 0, "", what)
        for kind in KINDS
        if (FALLBACK, kind) not in templates
    )
    return sorted(faults)


def pieces(text: str) -> list[str] | None:
    """The expressions and outermost statements of a template, each with all that is inside it, and no words.

    Nothing that one does reaches another. None for a template that has other statements than `if` and `for`, or of
    which only a parser can tell what is code.
    """
    parts = _CODE.split(markdown.without_places(text))
    if _BRACES.search(" ".join(parts[::2])):
        return None
    found, depth = [""], 0
    for code in parts[1::2]:
        if statement := _STATEMENT.match(code):
            if statement.group(1) not in _DEPTH:
                return None
            depth += _DEPTH[statement.group(1)]
        if depth < 0:
            return None
        if not code.startswith("{#"):
            found[-1] += code
        if not depth:
            found.append("")
    return None if depth else found


class _Check:
    """What is tried on each template. The samples of a language are made once."""

    def __init__(self, templates: Templates, fields: Collection[str]) -> None:
        self._templates = templates
        self._renderer = Renderer(templates)
        self._fields = fields
        self._cleaned = [(changed, cleaned(variables)) for changed, variables in samples()]
        self._samples: dict[Language, list[tuple[str, Variables]]] = {}

    def doubtful(self) -> Iterator[tuple[Language, str]]:
        """The templates to be tried one by one.

        They share most of their code, so the pieces of all of them are tried together first, each once: words are
        never at fault, and a template whose pieces all hold does too. Where one variable
        alone is another, the words about it may be those of any one language.
        """
        together: dict[str, None] = {}
        apart = []
        for (language, kind), (_, text) in self._templates.items():
            found = pieces(text) if kind in KINDS else None
            if found is None:
                yield language, kind
            else:
                apart.append((language, kind))
                together |= dict.fromkeys(found)
        if not self._hold("".join(together), {language for language, _ in apart}):
            yield from apart

    def _hold(self, code: str, languages: Collection[Language]) -> bool:
        engine = self._renderer.engine
        try:
            tree = engine.parsed("", code)
            template = engine.compiled("", tree)
            for number, language in enumerate(languages):
                for changed, variables in self._spoken(language):
                    if not (changed and number):
                        engine.rendered(template, "", variables)
            return not any(fault for node in tree.body for fault in self._dangling("", node))
        except ConfigurationError:
            return False

    def faults(self, language: Language, kind: str, path: str, text: str) -> Iterator[Fault]:
        """The faults of one file; ConfigurationError for one that stops all else."""
        if kind == NAMES:
            self._renderer.tables(language)
            return
        if kind not in KINDS:
            yield Fault(path, 0, 0, "", f"no comment is made of {kind!r}{nearest(kind, KINDS)}")
            return
        engine = self._renderer.engine
        tree = engine.parsed(path, text)
        template = engine.compiled(path, tree)
        yield from self._dangling(path, tree)
        asked = engine.variables(tree)
        samples = self._spoken(language)
        for changed, variables in samples if asked.keys() <= samples[0][1].keys() else ():
            if not changed or changed in asked:
                engine.rendered(template, path, variables)

    def _dangling(self, path: str, tree: nodes.Node) -> Iterator[Fault]:
        """The variables and fields that there are not."""
        engine, known = self._renderer.engine, self._spoken(FALLBACK)[0][1].keys()
        for name, line in engine.variables(tree).items():
            if name not in known:
                yield Fault(path, line, 1, name, f"unknown variable{nearest(name, known)}")
        for name, line in engine.fields(tree).items():
            if name not in self._fields:
                what = f"no tracker's file maps this field{nearest(name, self._fields)}"
                yield Fault(path, line, 1, f"fields.{name}", what)

    def _spoken(self, language: Language) -> list[tuple[str, Variables]]:
        if language not in self._samples:
            self._samples[language] = [
                (changed, self._renderer.in_words(language, shown)) for changed, shown in self._cleaned
            ]
        return self._samples[language]


def samples() -> Iterator[tuple[str, Variables]]:
    """The sample, in the states and with the gaps that a template has to cope with.

    Each with the name of the variable that alone is another; none with those that are for every template.
    """
    still = {name: False for name, value in SAMPLE.items() if isinstance(value, bool)} | {"step": 1}
    yield "", SAMPLE
    yield "", {**SAMPLE, **still}
    yield "", EMPTY
    yield "", {**EMPTY, **dict.fromkeys(still, True)}
    for step in (1, 3):
        yield "skipped", {**SAMPLE, "step": step, "person": "", "skipped": []}
        yield "skipped", {**SAMPLE, "step": step, "person": "", "late_by": ""}
    for name, others in _STATES.items():
        for other in others:
            yield name, {**SAMPLE, name: other}
