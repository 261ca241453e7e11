"""Wanted comments → neutral rich text in the reader's language, from the templates of `mappings/comments/`."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, cast

from sync import markdown
from sync.errors import ConfigurationError, Fault
from sync.mapping.names import Names, read_names
from sync.mapping.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jinja2 import Template
    from jinja2.runtime import Context
    from jinja2.sandbox import SandboxedEnvironment

    from sync.richtext import Document
    from sync.ticket import Language

    Templates = Mapping[tuple[Language, str], tuple[str, str]]
    Variables = Mapping[str, object]

SECTIONS = ("first_response", "owned", "update", "escalation")
"""The kinds of which a comment is composed, one per obligation."""
FOOTER = "footer"
NAMES = "names"
"""The kind under which a language's names.toml stands among the templates."""
FALLBACK: Language = "en"
LONGEST_VALUE = 300
"""Characters of one variable that are shown."""

SAMPLE: Variables = {
    "ticket": {
        "key": "ISSUE-1",
        "title": "The report is late",
        "client": "Client A",
        "engagement": "Rollout",
        "status_name": "In progress",
    },
    "severity": "high",
    "category": "delivery",
    "subtype": "missed-deadline",
    "step": 2,
    "overdue": True,
    "warning": True,
    "promise_due": "Tue 3 Mar, 14:00 CET",
    "late_by": "2 hours",
    "next_step_due": "Wed 4 Mar, 14:00 CET",
    "role": "engagement_partner",
    "person": "Partner 2",
    "rule": "escalation.toml: high.update",
    "why": "“the report is late again”",
    "handling": "The technical lead joins the plan.",
    "facts": {
        "happened": "The report is late",
        "discovered": "2 March",
        "affected": "the board of Client A",
        "done_at_once": "",
        "client_told": "",
        "next_step": "Agree a date",
    },
}
"""Every variable of the templates, as it may come. A section and the footer get all of them.

`severity`, `category`, `subtype` and `role` come as the mapping writes them and are shown by their names in the
language; `fact_names` is added. A text that is not known is empty, never absent.
"""

_GIVEN_NAMES = {"severity": "severities", "category": "categories", "subtype": "subtypes", "role": "roles"}
_SAID = "_said"
_JOINERS = "\u200c\u200d"  # format characters that several scripts, and emoji, cannot be read without
_RAISED_BY_EXPRESSIONS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class Renderer:
    """Composes comments. Text from a tracker is only ever a value: it never passes through a parser.

    Each `{{ … }}` leaves a placeholder; the template's own text is read as Markdown; then the values take
    their places. `templates`: language and kind (`update`) to the template's path, as people see it, and text.
    """

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._compiled: dict[tuple[Language, str], Template] = {}
        self._names: dict[Language, Mapping[str, Mapping[str, str]]] = {}

    def comment(
        self, language: Language, sections: Sequence[tuple[str, Variables]], footer: Variables
    ) -> Document:
        """One comment of these kinds, each with its variables (see `SAMPLE`), and the footer below.

        A template that the language lacks is taken from English. ConfigurationError, with file and line, for
        one that is missing there too, does not parse, or asks for a variable that there is not.
        """
        parts = [self.section(language, kind, variables) for kind, variables in [*sections, (FOOTER, footer)]]
        return tuple(block for part in parts for block in part)

    def section(self, language: Language, kind: str, variables: Variables) -> Document:
        """The blocks of one template."""
        spoken, path, text = self._template(language, kind)
        if (spoken, kind) not in self._compiled:
            self._compiled[spoken, kind] = self.engine.compiled(path, text)
        written, values = self.engine.rendered(self._compiled[spoken, kind], path, self._named(spoken, variables))
        return tuple(markdown.blocks(written, values, joint="" if spoken == "ja" else " "))

    @cached_property
    def engine(self) -> Engine:
        """The template engine, made when something is first to be said."""
        return Engine()

    def _template(self, language: Language, kind: str) -> tuple[Language, str, str]:
        """The language the template is written in, its path and its text."""
        for each in (language, FALLBACK):
            if (each, kind) in self._templates:
                return each, *self._templates[each, kind]
        raise ConfigurationError(f"no template comments/{FALLBACK}/{kind}.md; copy the shipped one back")

    def _named(self, language: Language, variables: Variables) -> dict[str, object]:
        """The variables, cleaned, with the language's words in place of the mapping's names."""
        if language not in self._names:
            written = self._templates.get((language, NAMES))
            self._names[language] = (read_names(*written) if written else Names()).model_dump()
        tables = self._names[language]
        spoken = dict(variables)
        for name, table in _GIVEN_NAMES.items():
            given = str(variables.get(name, ""))
            if given:
                spoken[name] = tables[table].get(given, given.replace("_", " "))
        handling = tables["handling"].get(str(variables.get("category")))
        if handling:
            spoken["handling"] = handling
        spoken["fact_names"] = tables["facts"]
        return {name: _cleaned(value) for name, value in spoken.items()}


class Engine:
    """Jinja's sandbox, set up so that every value becomes a placeholder."""

    def __init__(self) -> None:
        from jinja2 import StrictUndefined, TemplateError, pass_context  # noqa: PLC0415 - only when needed
        from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - likewise

        @pass_context
        def said(context: Context, value: object) -> str:
            values = cast("list[str]", context[_SAID])
            values.append(markdown.filled(str(value), values))
            return markdown.place(len(values) - 1)

        self._template_error: type[Exception] = TemplateError
        self.environment: SandboxedEnvironment = SandboxedEnvironment(undefined=StrictUndefined, finalize=said)

    def compiled(self, path: str, text: str) -> Template:
        """The template. ConfigurationError with its line if it does not parse."""
        from jinja2 import Template  # noqa: PLC0415 - only when something is to be said

        try:
            code = self.environment.compile(markdown.without_places(text), path, path)
        except self._template_error as error:
            raise ConfigurationError([_fault(path, error)]) from None
        return Template.from_code(self.environment, code, self.environment.make_globals(None))

    def rendered(self, template: Template, path: str, variables: Variables) -> tuple[str, list[str]]:
        """The Markdown with places, and the values for them. ConfigurationError if an expression fails."""
        values: list[str] = []
        try:
            return template.render({**variables, _SAID: values}), values
        except (self._template_error, *_RAISED_BY_EXPRESSIONS) as error:
            raise ConfigurationError([_fault(path, error)]) from None

    def unknown_variables(self, path: str, text: str) -> Iterator[Fault]:
        """A fault for each variable of a template that there is not, also where it is seldom reached."""
        from jinja2 import meta, nodes  # noqa: PLC0415 - only when templates are checked

        tree = self.environment.parse(text)
        known = {*SAMPLE, "fact_names"}
        for name in meta.find_undeclared_variables(tree) - known - self.environment.globals.keys():
            line = min(found.lineno for found in tree.find_all(nodes.Name) if found.name == name)
            yield Fault(path, line, 1, name, f"unknown variable{nearest(name, known)}")


def check_templates(templates: Templates) -> list[Fault]:
    """Every fault of the templates and names, found by rendering each with all kinds of values."""
    faults: set[Fault] = set()
    renderer = Renderer(templates)
    for language, kind in templates:
        try:
            faults.update(_faults_of(renderer, language, kind, *templates[language, kind]))
        except ConfigurationError as error:
            faults.update(error.faults)
    what = "no such template; every other language falls back on it"
    faults.update(
        Fault(f"comments/{FALLBACK}/{kind}.md", 0, 0, "", what)
        for kind in (*SECTIONS, FOOTER)
        if (FALLBACK, kind) not in templates
    )
    return sorted(faults)


def _faults_of(renderer: Renderer, language: Language, kind: str, path: str, text: str) -> Iterator[Fault]:
    kinds = (*SECTIONS, FOOTER)
    if kind == NAMES:
        read_names(path, text)
    elif kind not in kinds:
        yield Fault(path, 0, 0, "", f"no comment is made of {kind!r}{nearest(kind, kinds)}")
    else:
        renderer.engine.compiled(path, text)
        unknown = list(renderer.engine.unknown_variables(path, text))
        yield from unknown
        for variables in () if unknown else _samples():
            renderer.section(language, kind, variables)


def _samples() -> Iterator[Variables]:
    """The sample, in the states and with the gaps that a template has to cope with."""
    bare = {name: "" for name, value in SAMPLE.items() if isinstance(value, str)} | {
        name: dict.fromkeys(value, "") for name, value in SAMPLE.items() if isinstance(value, Mapping)
    }
    for overdue, warning, step, gaps in product((True, False), (True, False), (1, 2, 3), (False, True)):
        yield {**SAMPLE, **(bare if gaps else {}), "overdue": overdue, "warning": warning, "step": step}


def _fault(path: str, error: Exception) -> Fault:
    """The fault behind what a template raised, at the line of the template."""
    line = getattr(error, "lineno", None) or 0
    trace = error.__traceback__
    while trace and not line:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == path else 0
        trace = trace.tb_next
    said = " ".join(str(error).split())
    return Fault(path, line or 1, 1, "", said or type(error).__name__)


def _cleaned(value: object) -> object:
    """A variable with every text in it made fit to be shown."""
    match value:
        case Mapping():
            return {str(name): _cleaned(each) for name, each in value.items()}
        case bool() | int():
            return value
        case _:
            return "" if value is None else inert(str(value))


def inert(text: str) -> str:
    """Text of a tracker as one line of at most `LONGEST_VALUE` characters that moves nothing on a screen.

    Control and format characters (those that turn the writing direction among them) are left out.
    """
    line = " ".join(text[: 20 * LONGEST_VALUE].split())
    shown = line if line.isprintable() else "".join(sign for sign in line if _visible(sign))
    return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1].rstrip() + "…"


def _visible(sign: str) -> bool:
    return sign in _JOINERS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co")
