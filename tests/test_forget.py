"""`makegood forget`: one client's data leaves the state, which its bytes prove, and nothing is said twice."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from harness_jira import CloudHarness
from known_tickets import CLIENTS, KINDS, SITE, SOURCE, fill
from office import DONE, INVOICE, LATE, NOW, Office
from reliability import effects_of, held
from whole_firm import StaffAsana, StaffXlsx, desk

from sync.state.forgetting import forget, prove, subject
from sync.state.records import Intent, Remembered, Settlement, SourceState
from sync.state.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness import Harness
    from reliability import Effect

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROWS = [
    LATE | {"ID": "ROW-0001"},
    INVOICE | {"ID": "ROW-0002"},
    DONE | {"ID": "ROW-0003"},
]
LATER = "2026-03-04T10:00:00+01:00"


def stands(folder: Path, *words: str) -> set[str]:
    """Those of the words that stand in the state file or in what lies beside it."""
    told = b"".join(file.read_bytes() for file in folder.glob("state.db*")).lower()
    return {word for word in words if word.lower().encode() in told}


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an office whose list had tickets of two clients; those of Client A have been taken out."""
    with pytest.MonkeyPatch.context() as patch:
        made = Office(tmp_path_factory.mktemp("office"), patch)
        made.write("config.toml", 'crawl_every = "1h"\n')
        made.source()
        made.issues(*ROWS)
        assert made.at(NOW).status == 0
        made.issues(ROWS[1])
        assert made.at(LATER).status == 0
    return made.folder


@pytest.fixture
def office(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Such an office of one's own."""
    made = Office(tmp_path, monkeypatch)
    for file in written.iterdir():
        if file.is_file():
            shutil.copyfile(file, tmp_path / file.name)
    return made


def test_all_that_is_remembered_of_a_client_goes_and_its_bytes_are_searched_for(office: Office) -> None:
    assert stands(office.folder, "Client A", "ROW-0001") == {"Client A", "ROW-0001"}
    ran = office.run("forget", "client a", "--yes")
    assert (ran.status, ran.err) == (0, "")
    removed, proved, *rest = ran.out.splitlines()
    assert removed.startswith("removed: 2 tickets, ")
    assert "steps said" in removed
    assert "entries of the journal" in removed
    size = (office.folder / "state.db").stat().st_size
    assert proved.startswith("proved: of ")
    assert f"none stands in the {size:,} bytes of state.db as the client's" in proved
    assert rest[-1].startswith("not covered either: clients.toml and other mapping files, logs")
    assert stands(office.folder, "Client A", "ROW-0001", "The portal is down") == set()
    assert stands(office.folder, "Client B", "ROW-0002") == {"Client B", "ROW-0002"}, "what is others' stays"
    assert office.run("state", "verify").status == 0
    assert [each["ticket"] for each in office.run("worklist", "--output", "json").json["tickets"]] == ["ROW-0002"]


def test_it_asks_before_and_in_a_script_it_wants_a_yes(office: Office) -> None:
    before = (office.folder / "state.db").read_bytes()
    ran = office.run("forget", "Client A")
    assert ran.status == 2
    assert "Take all that is remembered of CLA, Client A, Client A Inc. (2 tickets) out of state.db" in ran.err
    assert "Nothing was removed; add --yes to do it." in ran.err
    assert stands(office.folder, "Client A") == {"Client A"}
    assert len(before) == (office.folder / "state.db").stat().st_size


def test_for_a_program_it_tells_what_went_what_was_searched_and_what_is_not_covered(office: Office) -> None:
    office.run("state", "backup", "yesterday.db")
    told = office.run("forget", "Client A", "--yes", "--output", "json").json
    assert told["removed"]["tickets"] == 2
    assert (told["proof"]["left"], told["of_unknown_clients"]) == ([], 0)
    assert told["proof"]["bytes"] == {"state.db": (office.folder / "state.db").stat().st_size}
    assert told["backups"] == ["yesterday.db"]
    assert told["proof"]["not_searched"] == ["CLA"], "so short that it stands there by chance"


def test_a_client_that_a_source_still_shows_is_not_forgotten_for_it_would_be_read_again(office: Office) -> None:
    ran = office.run("forget", "Client B", "--yes")
    assert ran.status == 2
    assert "issues still shows ROW-0002, so the next pass would read it all again; " in ran.err
    assert "delete these tickets there, or take their projects (or the source) out of config.toml" in ran.err
    assert stands(office.folder, "Client B") == {"Client B"}
    office.write("config.toml", office.read("config.toml").replace('"issues"', '"another"'))
    assert office.run("forget", "Client B", "--yes").status == 0, "no source of that name is read any more"


def test_while_a_write_is_in_doubt_its_client_is_not_forgotten(office: Office) -> None:
    with Store(office.folder / "state.db", write=True) as store:
        site = store.source("issues").site
        (number,) = store.intend("run", [Intent(site, "ROW-0001", "comment", {"said": []})], AT)
        store.settle([Settlement(number, site, "ROW-0001", "unknown")], AT)
    ran = office.run("forget", "Client A", "--yes")
    assert ran.status == 2
    assert "it is not known yet how writes on ROW-0001 ended" in ran.err
    assert "let makegood run until `makegood status` names none of them" in ran.err


@pytest.mark.parametrize(
    ("client", "told"),
    {
        "Client Z": "no ticket of a client called 'Client Z' is known; did you mean 'Client B'?",
        "Client C": "nothing is remembered of 'Client C'; there is nothing to remove",
    }.items(),
)
def test_a_client_of_whom_nothing_is_known_is_named(office: Office, client: str, told: str) -> None:
    ran = office.run("forget", client, "--yes")
    assert ran.status == 2
    assert told in ran.err


def test_while_a_daemon_holds_the_state_nothing_is_forgotten(office: Office) -> None:
    with Store(office.folder / "state.db", write=True):
        ran = office.run("forget", "Client A", "--yes")
    assert ran.status == 5
    assert "stop it first" in ran.err


# --- the proof --------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state.db", write=True) as opened:
        yield opened


def test_among_many_tickets_the_right_ones_go_and_what_only_looks_alike_is_no_leftover(
    store: Store, tmp_path: Path
) -> None:
    fill(store, KINDS["done, with 5 comments too"], range(3 * CLIENTS))
    who = subject(store, ["CLIENT  1"])
    assert [each.key for each in who.tickets] == ["OPS-1", "OPS-101", "OPS-201"]
    removed = forget(store, who, [])
    assert removed == {"tickets": 3, "said": 15, "journal": 33}
    assert len(store.ask("SELECT 1 FROM tickets")) == 3 * CLIENTS - 3
    store.close()
    with Store(tmp_path / "state.db", write=False) as read:
        proof = prove(tmp_path / "state.db", read, who)
    assert (proof.left, proof.others) == ((), {}), "OPS-10 and Client 10 are others"
    assert set(proof.unsought) == {"10001", "10101", "10201"}


def test_what_others_say_of_the_client_is_told_and_left_alone(store: Store, tmp_path: Path) -> None:
    fill(store, KINDS["live, nothing of ours on it"], range(2))
    who = subject(store, ["Client 1"])
    store.tidy(("UPDATE tickets SET told = replace(told, 'invoice', 'one of client 1') WHERE id = '10000'", [()]))
    forget(store, who, [])
    store.close()
    with Store(tmp_path / "state.db", write=False) as read:
        proof = prove(tmp_path / "state.db", read, who)
    assert (proof.left, proof.others) == ((), {"tickets.told": 1})


def test_a_word_that_stands_in_a_free_page_is_found(store: Store, tmp_path: Path) -> None:
    fill(store, KINDS["done, nothing of ours on it"], range(2))
    who = subject(store, ["Client 1"])
    forget(store, who, [])
    store.close()
    path = tmp_path / "state.db"
    content = bytearray(path.read_bytes())
    place = content.index(bytes(64), 4096)
    content[place + 20 : place + 28] = b"cLIENT 1"
    path.write_bytes(content)
    with Store(path, write=False) as read:
        assert prove(path, read, who).left == ("client 1",)


def test_what_a_source_was_read_up_to_is_forgotten_where_it_names_a_ticket(store: Store) -> None:
    fill(store, KINDS["done, nothing of ours on it"], range(3))
    for name, cursor in (("jira", '{"seen":{"10001":"3"}}'), ("other", '{"seen":{"100012":"3"}}')):
        store.remember(name, Remembered(SourceState(SITE, cursor, AT)))
    removed = forget(store, subject(store, ["Client 1"]), ["jira", "other"])
    assert removed["cursors"] == 1
    assert store.source("jira").cursor is None
    assert store.source("other").cursor == '{"seen":{"100012":"3"}}'


def test_the_name_of_a_source_and_a_site_that_are_the_clients_own_go_with_its_last_ticket(
    store: Store, tmp_path: Path
) -> None:
    fill(store, KINDS["done, with 5 comments too"], range(CLIENTS, CLIENTS + 1))
    store.remember("client-zero", Remembered(SourceState("client-zero.example", "c", AT)))
    store.tidy(("UPDATE tickets SET source = ''", [()]))
    forget(store, subject(store, ["Client 0"]), ["another"])
    store.close()
    assert stands(tmp_path, "Client 0", SITE, SOURCE, "client-zero") == set()


# --- and afterwards ---------------------------------------------------------------------------------------------


def lived(kind: type[Harness], folder: Path, *, forgotten: bool) -> Counter[Effect]:
    """What stands on two tickets in the end, where their client was forgotten on the way, and where it was not."""
    site: dict[str, Any] = {} if issubclass(kind, StaffAsana) else {"site": "agency"}
    with desk(kind, folder, **site) as scene:
        tickets = [scene.harness.create("The report is late", severity=each) for each in ("high", "critical")]
        for minutes in (1, 20, 5):
            scene.run(minutes=minutes)
        firm = scene.firm
        who = subject(firm.store, ["Client A"])
        assert (len(who.tickets), who.doubtful) == (2, [])
        if forgotten:
            assert forget(firm.store, who, [])["said"] >= 2
            assert subject(firm.store, ["Client A"]).tickets == ()
        for minutes in (1, 1, 26 * 60, 5):
            scene.run(minutes=minutes)
        return effects_of(scene.harness, tickets)


@pytest.mark.reliability
@pytest.mark.parametrize("kind", [CloudHarness, StaffAsana, StaffXlsx], ids=lambda kind: kind.name)
def test_should_its_tickets_come_back_nothing_is_said_twice(kind: type[Harness], tmp_path: Path) -> None:
    """As when its project is taken out of the config, it is forgotten, and the project is put back.

    A workbook tells nobody which labels are ours, so there only what was said is looked at.
    """
    (tmp_path / "undisturbed").mkdir()
    expected = lived(kind, tmp_path / "undisturbed", forgotten=False)
    found = lived(kind, tmp_path, forgotten=True)
    if not kind.history:
        expected, found = (Counter(e for e in each.elements() if e[1] == "comment") for each in (expected, found))
    assert sum(what == "comment" for _, what, _ in expected.elements()) >= 3
    held("state file", f"{kind.name}, forgotten", expected=expected, found=found)
