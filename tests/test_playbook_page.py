"""The page that lists every promise, trigger and rule: each row holds what the shipped files and the tests say."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

from sync.mapping.names import Ground
from sync.mapping.practice import Figure, PromisesFile, ScopeFile
from sync.mapping.severity_models import TRIGGERS
from sync.mapping.tone_models import Rule
from sync.promise_names import PromiseName
from sync.saying.render import KINDS
from sync.ticket import CATEGORIES, SEVERITIES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "playbook.md"
MAPPINGS = ROOT / "mappings"
TRACKERS = ("jira.toml", "asana.toml", "workbook.toml")
LACKING = {("workbook.toml", "people.bring_in")}
"""What a tracker cannot do: nobody is told by a spreadsheet that they stand in it."""
POLICY = ("promises", "scope", "attention", "signs", "severity", "escalation", "taxonomy")
"""Files each of whose keys shows its value in the row; those of the others are a team's own."""
COLUMNS = ["what", "default", "set in", "says", "proved by"]
FIXED = "nowhere: it always holds"
LONGEST = 6
"""Items of a list that a row shows; what is longer is words to look for."""

LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
QUOTED = re.compile(r"\]\(([^)]*\.md)\): “([^”]*)”")
CODE = re.compile(r"`([^`]*)`")
STEP = re.compile(r'"([^"]*)"|([\w-]+)')


class Row(NamedTuple):
    """One row of a table, and the number of its section."""

    section: str
    what: str
    default: str
    places: str
    keys: tuple[str, ...]
    says: str
    proofs: tuple[str, ...]
    text: str


@cache
def rows() -> list[Row]:
    found, section = [], ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        if line.startswith("| ") and line != f"| {' | '.join(COLUMNS)} |":
            what, default, places, says, proved = (cell.strip() for cell in line.strip("|").split(" | "))
            keys, proofs = (tuple(CODE.findall(cell)) for cell in (places, proved))
            found.append(Row(section, what, default, places, keys, says, proofs, line))
    return found


@cache
def shipped(file: str) -> dict[str, Any]:
    return tomllib.loads(path_of(file).read_text(encoding="utf-8"))


def path_of(file: str) -> Path:
    return ROOT / file if file == "config.example.toml" else MAPPINGS / file


def value_at(file: str, path: str) -> Any:  # noqa: ANN401 - whatever stands there
    """What stands at `trigger "reopened".raise_by`; KeyError, StopIteration if nothing does."""
    value: Any = shipped(file)
    for quoted, plain in STEP.findall(path):
        if isinstance(value, list):
            value = next((each for each in value if quoted in {each.get("name"), each.get("label")}), None)
            if value is None:
                raise KeyError(quoted)
        else:
            value = value[quoted or plain]
    return value


def default_of(key: str) -> str | None:
    """What stands at `file: path` as the page writes it; nothing for what is shipped as a comment or too long."""
    file, _, path = key.partition(": ")
    if not path.startswith("# "):
        return written(value_at(file, path))
    name = re.escape(path[2:])
    text = path_of(file).read_text(encoding="utf-8")
    assert re.search(rf"^# *(\[+{name}\]+|{name} = )", text, re.MULTILINE), key
    return None


def written(value: object) -> str | None:
    """A value as the page writes it; None for what is too long to be shown."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            short = len(value) <= LONGEST and not any(isinstance(each, dict | list) for each in value)
            return (", ".join(map(str, value)) or "none") if short else None
        case {"within": within, **cell} if "name" not in cell:
            told = [f"{within} {cell.get('counts', 'elapsed')}"]
            told += ["next opening"] if cell.get("if_closed") == "next-opening" else []
            told += [f"warned at {cell['warn_after']}"] if "warn_after" in cell else []
            told += [f"for {written(cell['severities'])}"] if "severities" in cell else []
            return ", ".join(told)
        case dict():
            shown = {key: written(each) for key, each in value.items() if not isinstance(each, dict)}
            told = [f"{key} {each}" for key, each in shown.items() if each and key not in {"name", "note"}]
            return ("; ".join(told) or "none") if len(told) <= LONGEST else None
        case _:
            return str(value) or "none"


@cache
def functions(file: str) -> frozenset[str]:
    """The tests of a file."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))


def keys(file: str) -> set[str]:
    """Every key of a file that some row names."""
    named = (key.partition(": ") for row in rows() for key in row.keys)
    return {path for each, _, path in named if each == file}


def told() -> set[str]:
    """Every kind of message that some row links."""
    return {Path(target).stem for row in rows() for _, target in LINK.findall(row.says) if target.endswith(".md")}


def test_no_cell_is_empty_and_every_link_leads_to_a_file() -> None:
    for row in rows():
        assert all((row.what, row.default, row.keys or row.places == FIXED, row.says, row.proofs)), row.text
        for _, target in LINK.findall(row.text):
            assert (PAGE.parent / target).is_file(), target


def test_every_text_that_a_row_quotes_stands_in_the_template_that_it_links() -> None:
    for row in rows():
        for target, words in QUOTED.findall(row.says):
            text = (PAGE.parent / target).read_text(encoding="utf-8")
            assert words.rstrip("… ") in text.replace("*", ""), f"{row.what}: {words}"


def test_every_key_stands_in_its_shipped_file_with_the_default_of_the_row() -> None:
    for row in rows():
        values = {key: value for key in row.keys if (value := default_of(key)) is not None}
        for key, value in values.items():
            needed = key.partition(".toml: ")[0] in POLICY
            assert not needed or f"`{value}`" in row.default, f"{row.what}: {key} is {value}"
        assert set(CODE.findall(row.default)) <= set(values.values()), row.what


def test_every_row_is_proved_by_tests_that_there_are() -> None:
    for row in rows():
        for proof in row.proofs:
            file, _, name = proof.partition("::")
            assert name in functions(file), f"{row.what}: {proof}"


def test_what_is_mapped_for_one_tracker_is_mapped_for_all() -> None:
    for path in keys("jira.toml"):
        for file in TRACKERS:
            if not path.startswith("# ") and (file, path) not in LACKING:
                assert value_at(file, path) is not None


def test_every_message_that_there_is_stands_in_a_row() -> None:
    assert told() >= {*get_args(PromiseName), *KINDS}


def test_every_promise_of_the_files_has_a_row() -> None:
    for file, model in (("promises.toml", PromisesFile), ("scope.toml", ScopeFile)):
        assert {path.partition(".")[0] for path in keys(file)} == set(model.model_fields)
        assert set(shipped(file)) <= set(model.model_fields)
    attention = {f"{table}.{key}" for table, values in shipped("attention.toml").items() for key in values}
    assert keys("attention.toml") == attention


def test_every_severity_has_its_cells_and_every_category_its_handling() -> None:
    matrix = {path for path in keys("escalation.toml") if path.split(".")[0] in SEVERITIES}
    assert matrix >= {
        f"{severity}.{promise}"
        for severity in SEVERITIES
        for promise in ("first_response", "update")
        if promise in shipped("escalation.toml")[severity]
    }
    assert matrix >= {f"{severity}.escalation.to" for severity in SEVERITIES}
    assert {f"handling.{category}" for category in CATEGORIES} <= keys("taxonomy.toml")


def test_every_trigger_has_a_row() -> None:
    triggers = shipped("severity.toml")["trigger"]
    named = {f'trigger "{trigger["name"]}"' for trigger in triggers}
    assert named <= keys("severity.toml")
    assert {kind for kind in TRIGGERS for trigger in triggers if kind in trigger} == set(TRIGGERS)
    assert set(TRIGGERS) <= set(get_args(Ground))


def test_every_sign_every_figure_and_every_flag_has_a_row() -> None:
    file = shipped("signs.toml")
    assert {f"sign.{name}" for name in file["sign"]} <= keys("signs.toml")
    assert {f'flag "{flag["label"]}".label' for flag in file["flag"]} <= keys("signs.toml")
    assert {f"`figure {figure}" for figure in get_args(Figure)} <= {
        found.group() for row in rows() for found in re.finditer(r"`figure \w+", row.default)
    }


def test_every_rule_of_tone_has_a_row() -> None:
    first = {row.what.partition("`: ")[0].strip("`") for row in rows() if row.section.startswith("9")}
    assert set(get_args(Rule)) <= first


def test_every_section_of_the_playbook_is_there() -> None:
    sections = list(dict.fromkeys(row.section for row in rows()))
    assert [section.partition(".")[0] for section in sections] == [*"123456789", "Language"]
