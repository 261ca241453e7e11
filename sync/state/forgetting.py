"""Everything of one client out of the state file, and the proof that it is: the file's own bytes are searched."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING

from sync.mapping.parts import folded
from sync.state.backup import FOLDER
from sync.state.migrations import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from sync.state.store import Store

SHORTEST = 4
"""Bytes from which on a file can be searched for a word *(ours)*: shorter ones stand in any file by chance."""
_TOKEN = re.compile(r"[^\s\"',:;{}\[\]]+")
BESIDE = 12
"""Bytes on either side by which a find is told from another *(ours)*."""

_NO_UNREAD = (
    "DELETE FROM unread WHERE source IN (SELECT sources.name FROM sources JOIN sites ON sites.name = site "
    "WHERE number = ?) AND id = ?"
)
_NO_SOURCE = (
    "DELETE FROM sources WHERE name NOT IN (SELECT value FROM json_each(?)) "
    "AND NOT EXISTS (SELECT 1 FROM tickets WHERE source = name)"
)
_OF_TICKETS = ("said", "journal", "observations", "notices", "granted", "overrides")


@dataclass(frozen=True, slots=True)
class Held:
    """A ticket of the client's in the state; `source` is empty for one that left, `doubtful` while a write is."""

    site: int
    id: str
    key: str
    source: str
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """A client as the state knows it: by these names, with these tickets."""

    names: tuple[str, ...]
    tickets: tuple[Held, ...]

    def shown(self, sources: Collection[str]) -> list[Held]:
        """Those that one of these sources still shows."""
        return [each for each in self.tickets if each.source in sources]

    @property
    def doubtful(self) -> list[Held]:
        """Those with a write whose outcome is not known yet."""
        return [each for each in self.tickets if each.doubtful]

    @property
    def words(self) -> list[str]:
        """What must stand nowhere afterwards: names, keys and ids."""
        told = {word for each in self.tickets for word in (each.key, each.id)}
        return sorted({*self.names, *told} - {""})

    @property
    def places(self) -> list[tuple[int, str]]:
        """Where its rows are found: site and ticket."""
        return [(each.site, each.id) for each in self.tickets]


def subject(store: Store, names: Collection[str]) -> Subject:
    """The client of these names, whatever their case, width and blanks, with all tickets that are known as its."""
    wanted = {folded(name) for name in names}
    known = [name for (name,) in store.ask("SELECT DISTINCT client FROM tickets WHERE client <> ''")]
    spelt = [name for name in known if folded(name) in wanted]
    found = store.ask(
        "SELECT site, id, key, source, EXISTS (SELECT 1 FROM journal WHERE journal.site = tickets.site"
        " AND ticket = id AND outcome IN ('intended', 'unknown')) "
        "FROM tickets WHERE client IN (SELECT value FROM json_each(?)) ORDER BY site, key",
        json.dumps(spelt),
    )
    tickets = [Held(site, number, key, source, bool(doubt)) for site, number, key, source, doubt in found]
    return Subject(tuple(sorted({*names, *spelt})), tuple(tickets))


def forget(store: Store, who: Subject, sources: Collection[str]) -> dict[str, int]:
    """Take all that is kept of the client out, in one commit, and write the file anew.

    Suggestions do not tell whose they are, so all go. `sources` are those of the config; what is kept of others
    goes where no ticket is left of them. Returns how many rows of each table went.
    """
    read = _cursors(store, who)
    counted = {table: _count(store, table, who) for table in ("tickets", *_OF_TICKETS)}
    counted |= {"suggestions": store.ask("SELECT count(*) FROM suggestions")[0][0]}
    everywhere = " UNION ".join(f"SELECT site FROM {table}" for table in ("tickets", *_OF_TICKETS))  # noqa: S608 - ours
    store.tidy(
        (_NO_UNREAD, who.places),
        *((f"DELETE FROM {table} WHERE site = ? AND ticket = ?", who.places) for table in _OF_TICKETS),  # noqa: S608 - ours
        ("DELETE FROM tickets WHERE site = ? AND id = ?", who.places),
        ("DELETE FROM suggestions", [()]),
        ("UPDATE sources SET cursor = NULL WHERE name = ?", [(name,) for name in read]),
        (_NO_SOURCE, [(json.dumps(sorted(sources)),)]),
        (f"DELETE FROM sites WHERE number NOT IN ({everywhere})", [()]),  # noqa: S608 - ours
    )
    store.shrink(-1)
    return {table: count for table, count in (counted | {"cursors": len(read)}).items() if count}


def _cursors(store: Store, who: Subject) -> list[str]:
    """Sources whose cursor names one of the tickets; without it the next pass reads all of the source."""
    ids = {each.id for each in who.tickets}
    cursors = store.ask("SELECT name, cursor FROM sources WHERE cursor IS NOT NULL")
    return [name for name, cursor in cursors if not ids.isdisjoint(_TOKEN.findall(cursor))]


def _count(store: Store, table: str, who: Subject) -> int:
    told, column = json.dumps(who.places), "id" if table == "tickets" else "ticket"
    places = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)"
    found = store.ask(f"SELECT count(*) FROM {table} WHERE (site, {column}) IN ({places})", told)  # noqa: S608 - ours
    return int(found[0][0])


# --- the proof --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proof:
    """What a search of the files' bytes for a client's words came to; `searched` are their sizes.

    `left` are words that stand there though nothing that is kept has them; `others` tells where they stand in what
    is kept of others, such as `tickets.told`, and how often. `unsought` are too short to be searched for, and
    mere numbers, which stand in any file by chance: of them no row is left.
    """

    searched: Mapping[str, int]
    words: int
    left: tuple[str, ...]
    others: Mapping[str, int]
    unsought: tuple[str, ...]


def prove(path: Path, store: Store, who: Subject) -> Proof:
    """Search the state file and what lies beside it for the client's words, in any case, and as JSON has them."""
    written = {word: _written(word) for word in who.words}
    sought = {word for word, each in written.items() if min(map(len, each)) >= SHORTEST and not word.isdecimal()}
    files = [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm", "-journal")]
    searched = {file.name: file.stat().st_size for file in files if file.exists()}
    unsought = tuple(sorted(written.keys() - sought))
    pattern = re.compile(_pattern({each for word in sought for each in written[word]}), re.IGNORECASE)
    others, explained = _kept(store, pattern)
    left = {
        found.decode("utf-8", "replace")
        for name in searched
        for found, before, after in _searched(path.with_name(name), pattern)
        if not any(_alike(before, after, *each) for each in explained[found])
    }
    rows = {f"a row of {table}" for table in ("tickets", *_OF_TICKETS) if _count(store, table, who)}
    return Proof(searched, len(sought), tuple(sorted(left | rows)), others, unsought)


def _written(word: str) -> frozenset[bytes]:
    """A word as the file may have it, in small letters."""
    plain = word.encode("utf-8", "backslashreplace")
    return frozenset({plain.lower(), json.dumps(word)[1:-1].encode().lower()})


def _pattern(words: Collection[bytes]) -> bytes:
    """An expression that finds the longest of these words, a letter at a time however many there are."""
    rests: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for word in words:
        if word:
            rests[word[:1]].add(word[1:])
    ways = [re.escape(first) + _pattern(rest) for first, rest in sorted(rests.items())]
    if b"" in words:
        return b"(?:" + b"|".join(ways) + b")?" if ways else b""
    return ways[0] if len(ways) == 1 else b"(?:" + b"|".join(ways) + b")"


def _searched(file: Path, pattern: re.Pattern[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    if not file.stat().st_size:
        return []
    with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as content:
        return list(_found(content, pattern))


def _found(content: bytes | mmap, pattern: re.Pattern[bytes]) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Each find with what stands on either side of it."""
    for match in pattern.finditer(content):
        begin, end = match.span()
        yield match[0].lower(), content[max(begin - BESIDE, 0) : begin], content[end : end + BESIDE]


def _kept(
    store: Store, pattern: re.Pattern[bytes]
) -> tuple[Mapping[str, int], Mapping[bytes, set[tuple[bytes, bytes]]]]:
    """Where the words stand in what is kept, and what stands on either side of them there.

    In the file the texts of a row stand side by side, so a word may by chance begin in one and end in another.
    """
    places: Counter[str] = Counter()
    explained: defaultdict[bytes, set[tuple[bytes, bytes]]] = defaultdict(set)
    for (table,) in store.ask("SELECT name FROM sqlite_master WHERE type = 'table'"):
        columns = [name for _, name, *_ in store.ask(f"PRAGMA table_info({table})")]
        for row in store.ask(f"SELECT * FROM {table}"):  # noqa: S608 - ours
            texts = [value.encode("utf-8", "replace") if isinstance(value, str) else b"" for value in row]
            for column, text in zip(columns, texts, strict=True):
                places[f"{table}.{column}"] += sum(_is_whole(match, text) for match in pattern.finditer(text))
            for text in (*texts, b"".join(texts)):
                for found, before, after in _found(text, pattern):
                    explained[found].add((before, after))
    return +places, explained


def _is_whole(match: re.Match[bytes], text: bytes) -> bool:
    """Whether it is a word of its own, and not a part of one."""
    begin, end = match.span()
    return not (text[begin - 1 : begin].isalnum() or text[end : end + 1].isalnum())


def _alike(before: bytes, after: bytes, known_before: bytes, known_after: bytes) -> bool:
    """Whether a find is one that is known; one side may be cut off by the end of a page."""
    if not known_before and not known_after:
        return True
    return bool(known_before and before.endswith(known_before)) or bool(
        known_after and after.startswith(known_after)
    )


def backups_beside(path: Path) -> list[Path]:
    """Other state files beside it and in its folder of backups; nothing was taken out of them."""
    folders = [path.parent, path.parent / FOLDER]
    others = [other for folder in folders if folder.is_dir() for other in folder.iterdir() if other != path]
    return sorted(filter(_is_state, others))


def _is_state(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(100)[68:72] == APPLICATION.to_bytes(4, "big")
