"""`config.toml`, the environment and the credentials: what counts, where it is looked for, what is refused."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from sync import settings
from sync.errors import ConfigurationError, CredentialsError
from sync.mapping import parts, tracker_models
from sync.settings import find_config, load, load_settings, mapping_of, token_for
from sync.trackers.sources import AsanaSource, JiraSource, WorkbookSource

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
SECRET = "ATATT3xFfGF0-never-shown"
WORKBOOK = """\
[[source]]
name = "issues"
tracker = "workbook"
path = "issues.xlsx"
"""


@pytest.fixture(autouse=True)
def _bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MAKEGOOD_") or name in ("CREDENTIALS_DIRECTORY", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(settings, "SYSTEM_CONFIG", tmp_path / "etc" / "config.toml")
    monkeypatch.chdir(tmp_path)


def config(text: str, folder: str = ".") -> Path:
    """A config file with this text, named from the current folder."""
    path = Path(folder) / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return path


def unwrapped(text: str) -> str:
    """The text in which a long line goes on, indented, on the next."""
    return re.sub(r"\n    ", " ", dedent(text).rstrip("\n"))


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        call()
    return str(caught.value)


def workbook(name: str, path: str) -> str:
    return f'[[source]]\nname = "{name}"\ntracker = "workbook"\npath = "{path}"\n'


def jira(name: str = "jira-main") -> JiraSource:
    return JiraSource(name=name, tracker="jira", url="https://example.atlassian.net", projects=["OPS"])


# --- values -----------------------------------------------------------------------------------------------------


def test_a_config_of_one_source_is_enough() -> None:
    read = load_settings(config(WORKBOOK))
    assert (read.state, read.mappings, read.log) == (Path("state.db"), Path("mappings"), "auto")
    amounts = (read.interval, read.settle_after, read.crawl_every)
    assert [amount.elapsed() for amount in amounts] == [
        timedelta(minutes=5),
        timedelta(minutes=10),
        timedelta(hours=24),
    ]


def test_relative_paths_count_from_the_folder_of_the_config(tmp_path: Path) -> None:
    read = load_settings(config(f'state = "var/state.db"\nmappings = "{tmp_path}/policy"\n{WORKBOOK}', "team"))
    assert read.state == Path("team/var/state.db")
    assert read.mappings == tmp_path / "policy"
    (source,) = read.source
    assert isinstance(source, WorkbookSource)
    assert source.path == Path("team/issues.xlsx")
    home = load_settings(config(f'state = "~/state.db"\n{WORKBOOK}')).state
    assert home == tmp_path / "home" / "state.db"


def test_the_environment_overrides_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    path = config(f'state = "a.db"\ninterval = "1h"\nlog = "console"\n{WORKBOOK}', "team")
    monkeypatch.setenv("MAKEGOOD_STATE", "/var/lib/makegood/state.db")
    monkeypatch.setenv("MAKEGOOD_INTERVAL", "30s")
    monkeypatch.setenv("MAKEGOOD_LOG", "")
    monkeypatch.setenv("MAKEGOOD_SOURCE", "not for the environment")
    read = load_settings(path)
    assert read.state == Path("/var/lib/makegood/state.db")
    assert read.interval.elapsed() == timedelta(seconds=30)
    assert (read.log, len(read.source)) == ("console", 1)


def test_each_tracker_has_its_mapping_file_unless_another_is_named() -> None:
    asana = AsanaSource(name="board", tracker="asana", projects=["1"], mapping="design.toml")
    workbook = WorkbookSource(name="issues", tracker="workbook", path=Path("issues.csv"))
    assert [mapping_of(source) for source in (jira(), asana, workbook)] == [
        ("jira.toml", tracker_models.JiraMapping),
        ("design.toml", tracker_models.AsanaMapping),
        ("workbook.toml", tracker_models.WorkbookMapping),
    ]


# --- faults -----------------------------------------------------------------------------------------------------


def test_every_fault_of_file_environment_and_mappings_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    path = config("""\
        intervall = "5m"
        interval = "5s"
        log = "jsn"
        state = ""
        [[source]]
        name = "jira-main"
        tracker = "jira"
        url = "http://example.org"
        projects = "OPS"
        guard = { action = 3, unclassified = 3 }
        [[source]]
        name = "board"
        tracker = "asanna"
        [[source]]
        name = "JIRA_main"
        tracker = "workbook"
        path = "x.xlsx"
        zone = "Europe/Copnhagen"
        [[source]]
        name = "two words"
        tracker = "workbook"
        path = 3
        [[source]]
        name = "none"
        [[source]]
        name = "empty"
        tracker = "workbook"
        path = " "
        mode = 1
        """)
    monkeypatch.setenv("MAKEGOOD_SETTLE_AFTER", "soon")
    expected = """\
        config.toml:1:1: intervall: unknown key; did you mean 'interval'?
        config.toml:2:1: interval: must be "10s" or more; trackers turn away those who ask without pause
        config.toml:3:1: log: write "json" or "console" or "journal" or "auto", not 'jsn'; did you mean 'json'?
        config.toml:4:1: state: must not be empty
        config.toml:8:1: source "jira-main".url: write an address that begins with https:// (plain http only
            to this very machine)
        config.toml:9:1: source "jira-main".projects: write a list: ["…"]; this is text
        config.toml:10:11: source "jira-main".guard.action: unknown key; did you mean 'actions'?
        config.toml:10:23: source "jira-main".guard.unclassified: must be 1 or less; for 3 % write 0.03
        config.toml:11:3: source "board".projects: missing; add projects = ["…"]
        config.toml:13:1: source "board".tracker: write "jira" or "asana" or "workbook", not 'asanna'; did you
            mean 'asana'?
        config.toml:18:1: source "JIRA_main".zone: 'Europe/Copnhagen' is no time zone; did you mean
            'Europe/Copenhagen'?
        config.toml:20:1: source "two words".name: use letters, digits, - and _ only, and no blanks
        config.toml:22:1: source "two words".path: write a path in quotes: "…"; this is a number
        config.toml:23:3: source "none".tracker: missing; add tracker = "asana" or "jira" or "workbook"
        config.toml:28:1: source "empty".path: must not be empty
        config.toml:29:1: source "empty".mode: write "observe" or "labels" or "full"; this is a number
        environment: MAKEGOOD_SETTLE_AFTER: 'soon' is no amount of time; write "15m", "4h", "2d" or "1w"
        mappings: no such folder; copy the shipped mappings to it, or name another as mappings in
            config.toml
        """
    assert refused(lambda: load(path)) == unwrapped(expected)


def test_sources_that_would_be_taken_for_each_other_are_refused() -> None:
    path = config("""\
        [[source]]
        name = "client-desk"
        tracker = "jira"
        url = "https://example.atlassian.net"
        projects = ["OPS"]
        mapping = "desk.toml"
        [[source]]
        name = "Client_Desk"
        tracker = "asana"
        projects = ["1"]
        mapping = "desk.toml"
        """)
    shared, mapping = refused(lambda: load_settings(path)).split("\n")
    where, what = shared.split(".name: ")
    assert where == 'config.toml:8:1: source "Client_Desk"'
    assert what == "source 'client-desk' reads its token from MAKEGOOD_CLIENT_DESK_TOKEN too; rename one"
    where, what = mapping.split(".mapping: ")
    assert where == 'config.toml:11:1: source "Client_Desk"'
    assert what == "desk.toml is another tracker's mapping; name one of its own"


def test_workbooks_that_the_state_could_not_tell_apart_are_refused_with_the_remedy() -> None:
    sources = [
        ("one", "a/issues.xlsx"),
        ("two", "b/issues.csv"),
        ("three", "a/../a/issues.xlsx"),
        ("four", "b.csv"),
    ]
    told = refused(lambda: load_settings(config("".join(workbook(name, path) for name, path in sources))))
    expected = """\
        config.toml:8:1: source "two".path: tickets of source 'one' would be taken for its own: both are
            'workbook:issues'; give this source a site of its own: site = "two"
        config.toml:12:1: source "three".path: source 'one' reads this file already; keep one of them"""
    assert told == unwrapped(expected)
    apart = workbook("one", "a/issues.xlsx") + workbook("two", "b/issues.csv") + 'site = "two"\n'
    assert len(load_settings(config(apart)).source) == 2


def test_two_sources_on_one_jira_or_asana_are_no_fault() -> None:
    same = 'tracker = "jira"\nurl = "https://example.atlassian.net"\nprojects = ["OPS"]\n'
    assert len(load_settings(config(f'[[source]]\nname = "a"\n{same}[[source]]\nname = "b"\n{same}')).source) == 2


def test_a_misspelt_tracker_hides_no_other_fault_of_its_source() -> None:
    path = config("""\
        [[source]]
        name = "a"
        traker = "jira"
        url = "http://example.com"
        mode = "ful"
        [[source]]
        name = "b"
        Tracker = "workbok"
        pth = "issues.xlsx"
        [[source]]
        name = "c"
        tracker = "Asana"
        projects = ["x"]
        [[source]]
        name = "d"
        tracker = "zendesk"
        mode = "ful"
        """)
    expected = """\
        config.toml:1:3: source "a".projects: missing; add projects = ["…"]
        config.toml:3:1: source "a".traker: unknown key; did you mean 'tracker'?
        config.toml:4:1: source "a".url: write an address that begins with https:// (plain http only to this
            very machine)
        config.toml:5:1: source "a".mode: write "observe" or "labels" or "full", not 'ful'; did you mean 'full'?
        config.toml:6:3: source "b".tracker: write "jira" or "asana" or "workbook", not 'workbok'; did you mean
            'workbook'?
        config.toml:8:1: source "b".Tracker: unknown key; did you mean 'tracker'?
        config.toml:9:1: source "b".pth: unknown key; did you mean 'path'?
        config.toml:12:1: source "c".tracker: write "jira" or "asana" or "workbook", not 'Asana'; did you mean
            'asana'?
        config.toml:13:13: source "c".projects[1]: write the number in quotes, as in "1201234567890"
        config.toml:16:1: source "d".tracker: write "jira" or "asana" or "workbook", not 'zendesk'
        """
    assert refused(lambda: load_settings(path)) == unwrapped(expected)


def test_a_source_names_a_calendar_that_exists() -> None:
    path = config(f'mappings = "{ROOT / "mappings"}"\n{WORKBOOK}calendar = "copenhaven"')
    told = refused(lambda: load(path))
    assert told.startswith("config.toml:6:1: source \"issues\".calendar: no calendar 'copenhaven' in ")
    assert told.endswith("did you mean 'copenhagen'?")


def test_a_config_without_a_source_is_told_what_to_add() -> None:
    for read in (load_settings, load):
        assert refused(lambda read=read: read(config(""))) == "config.toml:1:1: source: missing; add [[source]]"  # type: ignore[misc]
    told = refused(lambda: load_settings(config("source = []")))
    assert told == "config.toml:1:1: source: must not be empty; write at least one"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f'api_token = "{SECRET}"', "api_token"),
        (f'apikey = "{SECRET}"', "apikey"),
        (f'"API key" = "{SECRET}"', '"API key"'),
        (f'Password = "{SECRET}"', "Password"),
        (f'pat = "{SECRET}"', "pat"),
        (f'guard = {{ client_secret = ["{SECRET}"] }}', "guard.client_secret"),
        (f'site = "https://me:{SECRET}@example.org"', "site"),
    ],
)
def test_a_secret_in_the_config_is_refused_with_the_remedy_and_never_shown(line: str, key: str) -> None:
    told = refused(lambda: load_settings(config(f"{WORKBOOK}{line}")))
    assert SECRET not in told
    place, _, what = told.partition(": secrets have no place in this file; ")
    assert place.startswith("config.toml:5:")
    assert place.endswith(f'source "issues".{key}')
    assert "set MAKEGOOD_ISSUES_TOKEN or put it into issues.token in $CREDENTIALS_DIRECTORY" in what


def test_no_fault_of_a_config_shows_what_stands_beside_it() -> None:
    for text in (
        f'token = "{SECRET}',
        f"token = {SECRET}",
        f'token = "{SECRET}" x',
        f'token = {{ "{SECRET}" }}',
        f'_env_file = "{SECRET}"\n{WORKBOOK}',
        f'{WORKBOOK}email = ["{SECRET}"]',
    ):
        assert SECRET not in refused(lambda text=text: load_settings(config(text)))  # type: ignore[misc]


# --- where the config is ----------------------------------------------------------------------------------------


def test_the_config_is_the_explicit_one_else_the_environments_else_the_one_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = config("")
    assert find_config(None, "sync") == here
    monkeypatch.setenv("MAKEGOOD_CONFIG", str(tmp_path / "named.toml"))
    told = f"MAKEGOOD_CONFIG names {tmp_path}/named.toml, and there is no such file."
    assert refused(lambda: find_config(None, "makegood")) == told
    (tmp_path / "named.toml").touch()
    assert find_config(None, "sync") == tmp_path / "named.toml"
    assert find_config(Path("explicit.toml"), "makegood") == Path("explicit.toml")


def test_only_makegood_looks_in_the_users_and_the_systems_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = config("", "etc")
    assert find_config(None, "/usr/bin/makegood") == tmp_path / system
    own = config("", "home/.config/makegood")
    assert find_config(None, "makegood") == tmp_path / own
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert find_config(None, "makegood") == tmp_path / system
    chosen = config("", "xdg/makegood")
    assert find_config(None, "makegood") == tmp_path / chosen
    for name in ("sync", "/opt/team/.venv/bin/sync", "__main__.py"):
        assert "/bin/sync" in refused(lambda name=name: find_config(None, name))  # type: ignore[misc]


def test_without_a_config_it_is_told_where_one_was_looked_for(tmp_path: Path) -> None:
    assert refused(lambda: find_config(None, "makegood")) == (
        f"There is no config: looked for config.toml, {tmp_path}/home/.config/makegood/config.toml, "
        f"{tmp_path}/etc/config.toml. "
        "Copy config.example.toml there, or name a file with --config or MAKEGOOD_CONFIG."
    )
    assert refused(lambda: find_config(None, "sync")) == (
        "This is makegood's sync, and there is no config.toml in this folder. "
        "The command that writes the system's buffers to disk is /bin/sync. "
        "Copy config.example.toml there, or name a file with --config or MAKEGOOD_CONFIG."
    )


# --- credentials ------------------------------------------------------------------------------------------------


def test_a_token_comes_from_the_environment_else_from_the_credentials_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jira-main.token").write_text(f"\ufeff{SECRET}\r\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    from_file = token_for(jira())
    assert from_file.get_secret_value() == SECRET
    assert SECRET not in f"{from_file!r} {from_file}"
    monkeypatch.setenv("MAKEGOOD_JIRA_MAIN_TOKEN", " from-the-environment\n")
    assert token_for(jira()).get_secret_value() == "from-the-environment"


def test_a_missing_token_is_told_with_both_ways_to_give_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = (
        "There is no token for source 'jira-main': set MAKEGOOD_JIRA_MAIN_TOKEN, "
        "or put it into the file jira-main.token in the folder that $CREDENTIALS_DIRECTORY names."
    )
    with pytest.raises(CredentialsError) as caught:
        token_for(jira())
    assert str(caught.value) == told
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "jira-main.token").write_text("\n")
    with pytest.raises(CredentialsError) as caught:
        token_for(jira())
    assert str(caught.value) == told
    assert caught.value.exit_status == 3


@pytest.mark.parametrize("content", [f"{SECRET}\n{SECRET}", f"Bearer {SECRET}", f"{SECRET}ø", f"{SECRET}\x00"])
def test_what_cannot_be_a_token_is_refused_without_showing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (tmp_path / "jira-main.token").write_text(content)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(
        CredentialsError, match=r"jira-main\.token holds for source 'jira-main' is no token"
    ) as caught:
        token_for(jira())
    assert SECRET not in str(caught.value)


def test_a_token_file_that_is_no_file_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "jira-main.token").mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(CredentialsError, match="is no file"):
        token_for(jira())


# --- the shipped example ----------------------------------------------------------------------------------------


def test_the_example_loads_with_the_shipped_mappings() -> None:
    read, policy = load(ROOT / "config.example.toml")
    assert [source.tracker for source in read.source] == ["workbook"]
    assert set(policy.mappings) == {"workbook.toml"}


def test_the_example_loads_with_every_source_that_it_shows() -> None:
    text = (ROOT / "config.example.toml").read_text()
    shown = re.sub(r"^# (\[\[source\]\]|\w+ = )", r"\1", text, flags=re.MULTILINE)
    read, policy = load(config(shown.replace('"mappings"', f'"{ROOT / "mappings"}"')))
    assert [source.name for source in read.source] == ["issues", "jira", "jira-dc", "asana"]
    assert set(policy.mappings) == {"workbook.toml", "jira.toml", "asana.toml"}


def test_the_example_shows_every_setting_with_its_default_and_its_variable() -> None:
    text = (ROOT / "config.example.toml").read_text()
    read = load_settings(config(WORKBOOK))
    for name in settings.Overridable.model_fields:
        value = getattr(read, name)
        written = value.written if isinstance(value, parts.Amount) else value
        assert re.search(rf'^{name} = "{written}" .*\(MAKEGOOD_{name.upper()}\)$', text, re.MULTILINE), name


# --- as it is typed ---------------------------------------------------------------------------------------------

TYPOS = """\
intervall = "5m"

[[source]]
name = "issues"
traker = "workbook"
path = "issues.xlsx"
mode = "ful"
"""


def latin_1(folder: Path) -> None:
    path = folder / "mappings" / "clients.toml"
    path.write_bytes("# Kunden, über die wir reden\n[roles]\n".encode("latin-1"))


def phrases(folder: Path) -> None:
    path = folder / "mappings" / "severity.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"no hurry"', '"no hurry", "la*"'), encoding="utf-8")


WISHES = next(
    number
    for number, line in enumerate((ROOT / "mappings/severity.toml").read_text(encoding="utf-8").splitlines(), 1)
    if '"no hurry"' in line
)
"""The line of the shipped file on which that phrase stands."""


@pytest.mark.parametrize(
    ("text", "spoil", "told"),
    [
        pytest.param(
            TYPOS,
            None,
            """\
            config.toml:1:1: intervall: unknown key; did you mean 'interval'?
            config.toml:5:1: source "issues".traker: unknown key; did you mean 'tracker'?
            config.toml:7:1: source "issues".mode: write "observe" or "labels" or "full", not 'ful'; did you mean
                'full'?
            """,
            id="a config with three typos",
        ),
        pytest.param(
            WORKBOOK,
            latin_1,
            """\
            mappings/clients.toml:1:11: byte 10 (0xfc) is not UTF-8 (is it Latin-1?); save the file as UTF-8
            """,
            id="a mapping in Latin-1",
        ),
        pytest.param(
            WORKBOOK,
            phrases,
            f"""\
            mappings/severity.toml:{WISHES}:15: signal "a wish, a preference, a small
                thing".when.words.en[2]: 'la*': the stem 'la*' fits too much; give it 3 letters or no *
            """,
            id="a phrase that is none",
        ),
    ],
)
def test_check_prints_every_fault_with_its_place_and_nothing_else_and_ends_with_2(
    tmp_path: Path, text: str, spoil: Callable[[Path], None] | None, told: str
) -> None:
    config(text)
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    if spoil:
        spoil(tmp_path)
    ran = subprocess.run(
        [Path(sys.executable).with_name("makegood"), "check", "--output", "short"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", unwrapped(told) + "\n")
