"""`docs/operations.md`, typed by root on a clean Debian from top to bottom, against a Jira of our own."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from clean_root import booted, bootstrapped, debian_package, in_memory, repacked, tool
from fakes.jira_cloud import EMAIL, JiraCloud
from office import ROOT, SECRET, jira_cloud

from sync.state.migrations import APPLICATION, MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clean_root import Machine

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ON_THE_NEW = "# on the new machine\n"
LOOKS = re.compile(r"(makegood(-as-service @acme)? status|curl .*|journalctl .*|systemctl show .*)\n")
PATIENCE = 30.0
"""Seconds for which a block that only looks is tried again, for the service has its own pace."""
ROTATED = f"{SECRET}-rotated"
STATE = "/var/lib/makegood/state.db"
EDITED = "/etc/makegood/mappings/severity.toml"
PYTHON = Path("/usr/bin/python3").resolve().name
NEXT = {
    EDITED: "# theirs\n",
    f"/opt/makegood/lib/{PYTHON}/site-packages/sync/state/migrations.py": (
        'MIGRATIONS += ("CREATE TABLE later (x)",)\n'
    ),
}
"""What the next version adds: a line to a file that people edit, and a schema."""


class Block(NamedTuple):
    """A block to type, and what the page shows to come of it: "" where it shows nothing."""

    section: str
    script: str
    shown: str


def blocks() -> Iterator[Block]:
    """Every `sh` block of the page, in order, with the `text` block that follows it."""
    sections = re.split(r"^##+ (.+)\n", PAGE, flags=re.MULTILINE)[1:]
    for section, text in zip(sections[::2], sections[1::2], strict=True):
        found = [*BLOCK.findall(text), ("", "")]
        for (kind, script), (next_kind, after) in pairwise(found):
            if kind == "sh":
                yield Block(section, script, after if next_kind == "text" else "")


def is_shown(line: str, told: str) -> bool:
    """Whether a line of the page stands in an output; `…` is whatever differs each time."""
    return re.search("^" + ".*".join(map(re.escape, line.split("…"))) + "$", told, re.MULTILINE) is not None


class Switch(NamedTuple):
    """Whoever alarms when it hears nothing more: its address, and every path that it was asked for."""

    address: str
    heard: list[str]


@contextmanager
def switch() -> Iterator[Switch]:
    """One that listens on this machine."""
    heard: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It is not of interest here."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Switch(f"http://127.0.0.1:{server.server_port}/of-makegood", heard)
        server.shutdown()
        thread.join()


@dataclass
class Story:
    """The two machines of the page, the tracker that both are told of, and what happens to them between blocks."""

    old: Machine
    new: Machine
    jira: JiraCloud
    switch: Switch

    def type(self, block: Block) -> None:
        """Type a block where it belongs, and see what the page shows."""
        machine = self.new if ON_THE_NEW in block.script or block.section == "Several tenants" else self.old
        looks = LOOKS.fullmatch(block.script.removeprefix(ON_THE_NEW)) is not None
        until = time.monotonic() + (PATIENCE if looks else 0)
        while True:
            ran = machine.run(block.script, self.pasted(block.script))
            missing = [line for line in block.shown.splitlines() if not is_shown(line, ran.stdout)]
            if ran.returncode == 0 and not missing:
                return
            if time.monotonic() > until:
                pytest.fail(f"{block}\n-> {ran.returncode}, without {missing}:\n{ran.stdout}")
            time.sleep(0.5)

    def pasted(self, script: str) -> str:
        """What a person types while a block runs: the secret that it asks for, or a yes."""
        secrets = {"jira.token": self.jira.token, "heartbeat.token": self.switch.address}
        return next((f"{secret}\n" for name, secret in secrets.items() if f"/{name})" in script), "y\n")

    def settled(self, shown: str = "  [0-9]+ tickets? known") -> None:
        """`makegood status` tells of a good pass and of no trouble, and shows this."""
        until = time.monotonic() + PATIENCE
        while re.search("trouble|never", told := self.old.must("makegood status")) or not re.search(shown, told):
            assert time.monotonic() < until, told
            time.sleep(0.5)

    # --- what a person does between two blocks ------------------------------------------------------------------

    def configured(self) -> None:
        """The source of the page stands in the configuration, in the place of the example's."""
        source = next(text for kind, text in BLOCK.findall(PAGE) if kind == "toml")
        for written, ours in (("https://example.atlassian.net", self.jira.url), ("makegood@example.com", EMAIL)):
            assert written in source
            source = source.replace(written, ours)
        file = self.old.folder / "etc/makegood/config.toml"
        file.write_text(
            file.read_text(encoding="utf-8").partition("# A spreadsheet")[0] + source, encoding="utf-8"
        )

    def confined(self) -> None:
        """The units that really run are those of the page, with what they share."""
        for unit in ("makegood", "makegood@acme", "makegood-once", "makegood-backup", "makegood-backup@acme"):
            assert "/hardening.conf" in self.old.must(f"systemctl show {unit} --property=DropInPaths"), unit
        by_hand = "systemd-run --quiet --wait --pipe --unit=makegood-by-hand-1 cat /proc/self/status"
        daemon = "cat /proc/$(systemctl show makegood --property=MainPID --value)/status"
        for asked in (by_hand, daemon):
            confinement = {"NoNewPrivs:\t1", "Seccomp:\t2", f"CapBnd:\t{0:016x}"}
            assert confinement <= set(self.old.must(asked).splitlines())

    def beaten(self) -> None:
        """Whoever expects the sign of life has heard it."""
        until = time.monotonic() + PATIENCE
        while not self.switch.heard:
            assert time.monotonic() < until, self.old.must("journalctl --unit=makegood --output=cat")
            time.sleep(0.1)

    def edited(self) -> None:
        """The operator has edited a file that the next version changes, too."""
        self.old.must(f"echo '# ours' >>{EDITED}; systemctl reload makegood")

    def upgraded(self) -> None:
        """The edit is kept, the new file is beside it, and the state is brought to the new schema, with a copy."""
        assert self.old.must(f"tail -n 1 {EDITED}") == "# ours\n"
        assert self.old.must(f"tail -n 1 {EDITED}.dpkg-dist") == "# theirs\n"
        self.old.must(f"ls {STATE}.schema-{len(MIGRATIONS)}.bak")
        assert self.schema() == len(MIGRATIONS) + 1

    def schema(self) -> int:
        """The schema of the state, and proof that it is ours."""
        assert int(self.asked("PRAGMA application_id")) == APPLICATION
        return int(self.asked("PRAGMA user_version"))

    def asked(self, statement: str) -> str:
        """What SQLite answers about the state file; after a change, its files are the service's again."""
        program = "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]); "
        program += "print(*file.execute(sys.argv[2]).fetchone() or ()); file.commit()"
        own = f"chown --reference=/var/lib/makegood/. {STATE}*"
        return self.old.must(f'python3 -c "{program}" {STATE} "{statement}"; {own}')

    # --- accidents ----------------------------------------------------------------------------------------------

    def newer(self) -> None:
        """The newer version has gone on for a while: the newest backup has its schema."""
        self.old.must("systemctl start makegood-backup")

    def returned(self) -> None:
        """The version before works with the copy, and can read the newest backup again."""
        self.settled()
        assert self.schema() == len(MIGRATIONS)
        self.old.must('makegood state verify "$(ls /var/lib/makegood/backups/* | tail -n 1)"')

    def lost(self) -> None:
        self.old.must(f"systemctl stop makegood; rm {STATE}*")

    def damaged(self) -> None:
        self.old.must("systemctl stop makegood")
        ran = self.old.run(f"head -c 9000 /dev/urandom | dd conv=notrunc of={STATE}; systemctl start makegood")
        assert ran.returncode, "it starts with a damaged state"

    def full(self) -> None:
        """The state lies on a disk of its own, without room, and there is something to remember."""
        own = "/var/lib/private/makegood"
        self.old.must(
            f"systemctl stop makegood; mv {own} {own}.whole; mkdir --mode=700 {own}; "
            f"mount -t tmpfs -o size=2m,mode=700 tmpfs {own}; cp --archive {own}.whole/state.db* {own}; "
            f"chown --reference={own}.whole {own}; cat /dev/zero >{own}/filler || true"
        )
        self.jira.create_issue("OPS", "The invoice is wrong", priority="Highest", status="Open")
        self.old.run("systemctl start makegood")

    def room(self) -> None:
        own = "/var/lib/private/makegood"
        self.old.must(f"systemctl stop makegood; rm {own}/filler; systemctl start makegood")
        self.settled("2 tickets known")
        self.old.must(
            f"systemctl stop makegood; cp --archive {own}/state.db* {own}.whole; umount {own}; "
            f"rmdir {own}; mv {own}.whole {own}; systemctl start makegood"
        )

    def renewed(self) -> None:
        """The tracker takes a new token, and no longer the one before."""
        self.jira.token = ROTATED

    def refused(self) -> None:
        self.jira.token = "another"
        self.old.must("systemctl restart makegood")

    def accepted(self) -> None:
        self.jira.token = ROTATED
        self.old.must("systemctl restart makegood")

    def ahead(self) -> None:
        self.jira.now -= timedelta(hours=1)
        self.old.must("systemctl restart makegood")

    def set_right(self) -> None:
        self.jira.now += timedelta(hours=1)
        self.old.must("systemctl restart makegood")
        self.settled()

    def noticed(self) -> None:
        """The client's ticket is deleted, and a crawl has come round since."""
        self.jira.delete("OPS-1")
        self.old.must("systemctl stop makegood")
        self.asked("UPDATE sources SET crawled_at = '2026-01-01T00:00:00+00:00'")
        self.old.must("systemctl start makegood")
        self.settled("1 ticket known")

    def carried(self) -> None:
        """The archive is brought to the new machine."""
        shutil.move(self.old.folder / "root/makegood.tar.gz", self.new.folder / "root")

    def purged(self) -> None:
        """Nothing of it is left, but what a person made."""
        left = self.old.must(
            "find / -xdev -iname '*makegood*' -not -path '/proc/*' -not -path '/var/log/journal/*'"
        )
        assert {line for line in left.splitlines() if not line.startswith(("/root/", "/var/cache/apt/"))} == set()
        assert "makegood" not in self.old.must("cat /etc/passwd /etc/group; dpkg --get-selections")


BEFORE: dict[str, Callable[[Story], None]] = {
    "Rotate a token": Story.renewed,
    "Upgrade": Story.edited,
    "Back to the version before": Story.newer,
    "The state is lost, and there is a backup": Story.lost,
    "The state is lost, and there is no backup": Story.lost,
    "The state is damaged": Story.damaged,
    "The disk is full": Story.full,
    "Credentials are refused": Story.refused,
    "The clock is wrong": Story.ahead,
    "Forget a client": Story.noticed,
}
AFTER: dict[str, Callable[[Story], None]] = {
    "Install": Story.confined,
    "By a sign of life": Story.beaten,
    "Rotate a token": Story.settled,
    "Upgrade": Story.upgraded,
    "Back to the version before": Story.returned,
    "The disk is full": Story.room,
    "Credentials are refused": Story.accepted,
    "The clock is wrong": Story.set_right,
    "Uninstall": Story.purged,
}


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Two clean machines with the files that the page names, and a tracker with one issue of a client's."""
    package = debian_package()
    with ExitStack() as held:
        folder = held.enter_context(in_memory(tmp_path / "machines"))
        clean = bootstrapped(folder / "old")
        shutil.copy(package, clean / "root/makegood_0.1.0_amd64.deb")
        subprocess.run(["cp", "--archive", str(clean), str(folder / "new")], check=True)
        repacked(package, clean / "root/makegood_0.2.0_amd64.deb", "+next", NEXT)
        old, new = (held.enter_context(booted(folder / name)) for name in ("old", "new"))
        jira = held.enter_context(jira_cloud())
        (client,) = (field.id for field in jira.site.fields.values() if field.name == "Client")
        jira.issue("OPS-1").fields[client] = "Client A"
        jira.reindex()
        yield Story(old, new, jira, held.enter_context(switch()))


@pytest.mark.system
def test_each_recipe_of_the_page_works_on_a_clean_machine_and_nothing_is_said_twice(story: Story) -> None:
    section, issue = "", story.jira.issue("OPS-1")
    for block in blocks():
        if block.section != section:
            for happens in filter(None, (AFTER.get(section), BEFORE.get(block.section))):
                happens(story)
            section = block.section
        if "credentials/jira.token" in block.script and section == "Install":
            story.configured()
        if ON_THE_NEW in block.script and "tar --extract" in block.script:
            story.carried()
        story.type(block)
        assert len(issue.comments) <= 1, block
    AFTER[section](story)
    assert [comment.author for comment in issue.comments] == ["makegood"]


@pytest.mark.system
def test_prometheus_takes_the_page_s_configuration_with_the_shipped_rules(tmp_path: Path) -> None:
    (configuration,) = (text for kind, text in BLOCK.findall(PAGE) if kind == "yaml")
    rules = "/etc/prometheus/makegood-alerts.yml"
    assert f" {rules}\n" in next(block.script for block in blocks() if "alerts.yml" in block.script)
    assert rules in configuration
    file = tmp_path / "prometheus.yml"
    file.write_text(configuration.replace(rules, str(ROOT / "monitoring" / "alerts.yml")), encoding="utf-8")
    command = [tool("promtool", "prometheus"), "check", "config", str(file)]
    told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert told.returncode == 0, told.stdout
    assert "rules found" in told.stdout


def test_what_the_tests_do_between_blocks_has_its_heading_on_the_page() -> None:
    assert {*BEFORE, *AFTER} <= {block.section for block in blocks()}
    assert any("configuration changed" in block.script for block in blocks())
