"""What an editor shows of our files: tombi, asked as VS Code, Neovim and JetBrains ask it, and by hand."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from office import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOMBI = str(Path(sys.executable).with_name("tombi"))
WRONG = """\
#:schema .schema/escalation.json

ladder = ["project_manager"]
gather = "a quarter of an hour"
calendar = "berlin"

[high.first_response]
withn = "4h"
counts = "elapsd"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The shipped mappings, copied to where no other file of ours is."""
    return Path(shutil.copytree(ROOT / "mappings", tmp_path / "mappings"))


class Editor:
    """One that speaks the language server protocol with tombi, offline, on a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked = 0

    def __enter__(self) -> Self:
        command = [TOMBI, "lsp", "--offline"]
        self._server = subprocess.Popen(
            command, cwd=self._folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        root = self._folder.as_uri()
        folders = [{"uri": root, "name": "mappings"}]
        self.ask("initialize", processId=None, rootUri=root, capabilities={}, workspaceFolders=folders)
        self._send({"method": "initialized", "params": {}})
        return self

    def __exit__(self, *_: object) -> None:
        self._server.kill()
        self._server.communicate()

    def open(self, name: str, text: str) -> dict[str, str]:
        """Open a file with this text, and wait until it was checked; the document, as questions name it."""
        uri = (self._folder / name).as_uri()
        document = {"uri": uri, "languageId": "toml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        self._wait(lambda told: told.get("method") == "textDocument/publishDiagnostics")
        return {"uri": uri}

    def ask(self, method: str, **params: object) -> Any:  # noqa: ANN401 - what the protocol says
        """The answer to a question."""
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        return self._wait(lambda told: "method" not in told and told["id"] == self._asked)["result"]

    def _wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that is wanted; what tombi asks meanwhile is answered with nothing."""
        for told in self._heard():
            if wanted(told):
                return told
            if "method" in told and "id" in told:
                self._send({"id": told["id"], "result": None})
        raise AssertionError("tombi ended before it answered")

    def _send(self, message: dict[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._server.stdin
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._server.stdin.flush()

    def _heard(self) -> Iterator[dict[str, Any]]:
        assert self._server.stdout
        while header := self._server.stdout.readline():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                while self._server.stdout.readline().strip():
                    pass
                yield json.loads(self._server.stdout.read(int(value)))


def linted(folder: Path, *files: str) -> tuple[int, str]:
    ran = subprocess.run(
        [TOMBI, "lint", "--offline", *files], cwd=folder, capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_the_shipped_mappings_are_right_wherever_they_are_copied_to(folder: Path) -> None:
    status, told = linted(folder, ".")
    assert status == 0, told


def test_a_wrong_key_and_wrong_values_are_marked_with_line_and_column(folder: Path) -> None:
    (folder / "escalation.toml").write_text(WRONG, encoding="utf-8")
    status, told = linted(folder, "escalation.toml")
    assert status == 1
    for what, where in (
        ('"a quarter of an hour" does not match', "escalation.toml:4:10"),
        ('"withn" is not allowed', "escalation.toml:8:1"),
        ('must be one of ["elapsed", "working"]', "escalation.toml:9:10"),
        ('"within" is required', "escalation.toml:7:1"),
    ):
        assert what in told
        assert where in told


def test_an_editor_completes_keys_and_shows_what_they_mean(folder: Path) -> None:
    text = '#:schema .schema/escalation.json\n\n[high.first_response]\nwithin = "4h"\ncounts = "working"\n\n'
    with Editor(folder) as editor:
        document = editor.open("escalation.toml", text)
        hover = editor.ask("textDocument/hover", textDocument=document, position={"line": 4, "character": 2})
        assert "`elapsed` goes by the wall clock; `working` only while the calendar is open" in json.dumps(hover)
        found = editor.ask("textDocument/completion", textDocument=document, position={"line": 5, "character": 0})
        offered = {each["label"]: each for each in (found if isinstance(found, list) else found["items"])}
        assert {"warn_after", "if_closed"} <= offered.keys()
        assert "`next-opening` moves it to when the calendar opens" in json.dumps(offered["if_closed"])
