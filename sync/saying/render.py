"""Wanted comments → neutral rich text in the reader's language, from the templates of `mappings/comments/`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, cast, get_args

from sync.errors import ConfigurationError, Fault
from sync.legible import LONGEST_LINE, inert
from sync.mapping.names import Names, read_names, spoken
from sync.promise_names import PromiseName
from sync.saying import markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jinja2 import Template, nodes
    from jinja2.runtime import Context
    from jinja2.sandbox import SandboxedEnvironment

    from sync.mapping.names import Tables
    from sync.richtext import Document
    from sync.ticket import Language

    Templates = Mapping[tuple[Language, str], tuple[str, str]]
    Variables = Mapping[str, object]

SECTIONS: tuple[str, ...] = get_args(PromiseName)
"""The kinds of which a comment is composed, one per obligation."""
FOR_CLIENTS = "client_"
"""How the kinds begin that the client may read."""
FOOTER = "footer"
CLIENT_FOOTER = FOR_CLIENTS + FOOTER
KINDS = (*SECTIONS, FOOTER, CLIENT_FOOTER)
NAMES = "names"
"""The kind under which a language's names.toml stands among the templates."""
FALLBACK: Language = "en"

_RAISE: Variables = {
    "before": "medium",
    "after": "high",
    "trigger": "client_issues",
    "number": 3,
    "window": "90 days",
    "keys": ["ISSUE-1", "ISSUE-2"],
    "figure": "6",
    "limit": "7",
    "why": "“the report is late again”",
}
SAMPLE: Variables = {
    **_RAISE,
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
    "why_kind": "signals",
    "why_value": "“the report is late again”",
    "handling": "The technical lead joins the plan.",
    "facts": {
        "happened": "The report is late",
        "discovered": "2 March",
        "affected": "the board of Client A",
        "done_at_once": "",
        "client_told": "",
        "next_step": "Agree a date",
    },
    "chased": True,
    "acknowledged": True,
    "skipped": [
        {"person": "Partner 1", "role": "managing_partner", "kind": "away", "until": "Mon 9 Mar"},
        {"person": "Partner 3", "role": "engagement_partner", "kind": "gone", "until": ""},
        {"person": "Partner 4", "role": "engagement_partner", "kind": "away", "until": ""},
        {"person": "Consultant 2", "role": "", "kind": "away", "until": "Mon 9 Mar"},
    ],
    "raises": [_RAISE],
    "note": "A short call before anything in writing.",
    "channel": "by telephone",
    "sponsor": "Client A sponsor",
    "daily_contact": "Client A daily contact",
    "promised": ["Go-live before Easter"],
    "care": True,
    "since": "Mon 2 Mar, 09:00 CET",
    "taken_by": "Consultant 1",
    "until": "Mon 9 Mar, 09:00 CET",
    "in_writing": True,
    "promise": "planned",
    "planned": "Fri 6 Mar",
    "planned_before": "Wed 4 Mar",
    "moved": True,
    "closed": True,
    "work_days": 3,
    "promised_days": 5,
    "minutes": 30,
    "limit_minutes": 60,
    "scope": "Statement of work 2, section 3",
    "decision": "change-order",
    "announce": True,
    "milestone": "Go-live",
    "reason": "“soon” is no date",
    "text": "The report is late.\nYou have it soon.",
    "fields": {"milestone": "Go-live"},
    "next_update": "Wed 4 Mar, 10:00 CET",
    "proof": {"words": ["/verified"], "fields": ["Verified on"], "labels": ["verified"], "statuses": ["Verified"]},
}
"""Every variable, as it may come. A section and the footer get all of them: one that is not given is empty.

Templates see them in the language's words (see `names.spoken`), which adds `asked`, `state`, `evidence` and
`fact_names`.
"""

_SAID = "_said"
_RAISED_BY_EXPRESSIONS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class Renderer:
    """Composes comments. Text from a tracker is only ever a value: it never passes through a parser.

    Each `{{ … }}` leaves a placeholder; the template's own text is read as Markdown; then the values take
    their places. `templates`: language and kind (`update`) to the template's path, as people see it, and text.
    """

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._compiled: dict[tuple[Language, str], Template] = {}
        self._tables: dict[Language, Tables] = {}

    def comment(
        self, language: Language, sections: Sequence[tuple[str, Variables]], footer: Variables
    ) -> Document:
        """One comment of these kinds, each with its variables (see `SAMPLE`), and the footer below.

        The client's kinds get `client_footer`; ValueError if some are the client's and some are not. A template
        that the language lacks is taken from English. ConfigurationError, with file and line, for one that is
        missing there too, does not parse, or asks for a variable that there is not.
        """
        readers = {kind.startswith(FOR_CLIENTS) for kind, _ in sections}
        if len(readers) > 1:
            raise ValueError("a comment is for the client or for staff, never for both")
        closing = CLIENT_FOOTER if True in readers else FOOTER
        parts = [self.section(language, kind, variables) for kind, variables in [*sections, (closing, footer)]]
        return tuple(block for part in parts for block in part)

    def section(self, language: Language, kind: str, variables: Variables) -> Document:
        """The blocks of one template."""
        written_in, path, text = self._template(language, kind)
        if (written_in, kind) not in self._compiled:
            self._compiled[written_in, kind] = self.engine.compiled(path, self.engine.parsed(path, text))
        template = self._compiled[written_in, kind]
        written, values = self.engine.rendered(template, path, self.spoken(written_in, variables))
        return tuple(markdown.blocks(written, values, joint="" if written_in == "ja" else " "))

    def spoken(self, language: Language, variables: Variables) -> Variables:
        """The variables as templates see them: all there are, cleaned, and in the language's words."""
        return self.in_words(language, cleaned(variables))

    def in_words(self, language: Language, shown: Variables) -> Variables:
        """What `cleaned` returned, in the language's words."""
        return spoken(self.tables(language), shown)

    def name(self, language: Language, table: str, key: str) -> str:
        """What something is called in a language."""
        return self.tables(language)[table].get(key, key.replace("_", " "))

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

    def tables(self, language: Language) -> Tables:
        """The language's words; those that it lacks are English."""
        if language not in self._tables:
            written = self._templates.get((language, NAMES))
            own: Tables = (read_names(*written) if written else Names()).model_dump()
            general = own if language == FALLBACK else self.tables(FALLBACK)
            self._tables[language] = {table: {**general[table], **words} for table, words in own.items()}
        return self._tables[language]


class Engine:
    """Jinja's sandbox, set up so that every value becomes a placeholder."""

    def __init__(self) -> None:
        from jinja2 import StrictUndefined, TemplateError, pass_context  # noqa: PLC0415 - only when needed
        from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415 - likewise

        @pass_context
        def said(context: Context, value: object) -> str:
            values: list[str] = context[_SAID]
            values.append(markdown.filled(str(value), values))
            return markdown.place(len(values) - 1)

        self._template_error: type[Exception] = TemplateError
        self.environment: SandboxedEnvironment = SandboxedEnvironment(
            undefined=StrictUndefined, finalize=said, optimized=False
        )

    def parsed(self, path: str, text: str) -> nodes.Template:
        """The template's tree. ConfigurationError with its line if it does not parse."""
        try:
            return self.environment.parse(markdown.without_places(text), path, path)
        except self._template_error as error:
            raise ConfigurationError([_fault(path, error)]) from None

    def compiled(self, path: str, tree: nodes.Template) -> Template:
        """The template. ConfigurationError with its line if it uses what there is not."""
        from jinja2 import Template  # noqa: PLC0415 - only when something is to be said

        try:
            code = self.environment.compile(tree, path, path)
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

    def variables(self, tree: nodes.Node) -> dict[str, int]:
        """The variables that a template asks for, with the line of the first mention of each."""
        from jinja2 import nodes  # noqa: PLC0415 - only when templates are checked

        lines: dict[str, int] = {}
        own = {"loop", *self.environment.globals}
        for name in _nodes(tree):
            if not isinstance(name, nodes.Name):
                continue
            if name.ctx == "load":
                lines[name.name] = min(name.lineno, lines.get(name.name, name.lineno))
            else:
                own.add(name.name)
        return {name: line for name, line in lines.items() if name not in own}

    def fields(self, tree: nodes.Node) -> dict[str, int]:
        """The ticket's fields that a template asks for by name, with the line of the first mention of each."""
        from jinja2 import nodes  # noqa: PLC0415 - only when templates are checked

        found: list[tuple[str, int]] = []
        for each in _nodes(tree):
            match each:
                case nodes.Getattr(node=nodes.Name(name="fields"), attr=name):
                    found.append((name, each.lineno))
                case nodes.Getitem(node=nodes.Name(name="fields"), arg=nodes.Const(value=name)):
                    found.append((str(name), each.lineno))
        return dict(sorted(found, key=itemgetter(1), reverse=True))


def _nodes(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Everything in a template's tree, in no order."""
    ahead = [tree]
    while ahead:
        ahead += (node := ahead.pop()).iter_child_nodes()
        yield node


def cleaned(variables: Variables) -> Variables:
    """All variables there are, fit to be shown; those that are not given are empty."""
    shown = {name: _cleaned(value) for name, value in {**EMPTY, **variables}.items()}
    lines = [inert(line, LONGEST_LINE) for line in str(variables.get("text", "")).splitlines() if line.strip()]
    return {**shown, "text": lines, "fields": defaultdict(str, cast("dict[str, str]", shown["fields"]))}


def _emptied(value: object) -> object:
    """The value of its kind that says nothing."""
    match value:
        case Mapping():
            return {name: _emptied(each) for name, each in value.items()}
        case list():
            return []
        case bool() | int():
            return type(value)()
        case _:
            return ""


EMPTY: Variables = {name: _emptied(value) for name, value in SAMPLE.items()}
"""Every variable when there is nothing to say."""


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
        case list() | tuple():
            return [_cleaned(each) for each in value]
        case bool() | int():
            return value
        case _:
            return "" if value is None else inert(str(value))
