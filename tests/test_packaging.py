"""What is built of the sources: the wheel, the Debian package, and the image as far as that needs no engine."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from clean_root import debian_package, tool
from fakes.jira_cloud import EMAIL
from office import ROOT, Office, table

CONTAINERFILE = (ROOT / "packaging" / "Containerfile").read_text(encoding="utf-8")


class Instruction(NamedTuple):
    """One instruction of the Containerfile, and the number of the stage that it stands in."""

    stage: int
    name: str
    rest: str


def instructions() -> list[Instruction]:
    """All of the Containerfile, each in one line."""
    text = re.sub(r"(?m)^#.*\n", "", CONTAINERFILE).replace("\\\n", " ")
    stage, found = -1, []
    for line in filter(None, text.splitlines()):
        name, _, rest = line.partition(" ")
        stage += name == "FROM"
        found.append(Instruction(stage, name, " ".join(rest.split())))
    return found


def of(name: str, stage: int = 1) -> list[str]:
    """What stands behind the instructions of that name in a stage; the second one is the image."""
    return [each.rest for each in instructions() if (each.name, each.stage) == (name, stage)]


def ran(*command: str, **options: object) -> str:
    """What a command prints that succeeds."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )  # type: ignore[call-overload]
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}"
    return str(done.stdout)


# --- the image --------------------------------------------------------------------------------------------------


def test_the_image_runs_the_daemon_as_nobody_in_particular_and_is_asked_how_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert of("USER") == ["10001:10001"]
    assert json.loads(of("ENTRYPOINT")[0]) + json.loads(of("CMD")[0]) == ["makegood", "daemon"]
    assert of("STOPSIGNAL") == ["SIGTERM"]
    assert of("VOLUME") == ["/var/lib/makegood"]
    (check,) = of("HEALTHCHECK")
    checking = ("doctor", "--offline", "-q")
    assert Office(tmp_path, monkeypatch).run(*checking, "--help").status == 0, "these options exist"
    assert json.loads(check.partition("CMD ")[2]) == ["makegood", *checking]
    assert set(re.findall(r"\S+/makegood\S*", of("ENV")[0])) >= {
        "MAKEGOOD_CONFIG=/etc/makegood/config.toml",
        "MAKEGOOD_STATE=/var/lib/makegood/state.db",
    }


def test_the_image_is_made_of_what_is_there_on_a_python_that_we_support() -> None:
    for each in of("COPY", 0):
        *sources, _ = each.split()
        assert [source for source in sources if not (ROOT / source).exists()] == []
    bases = {each.rest.split()[0] for each in instructions() if each.name == "FROM"}
    (version,) = (
        tuple(map(int, match.groups()))
        for base in bases
        if (match := re.fullmatch(r"python:(\d+)\.(\d+)-slim", base))
    )
    assert len(bases) == 1
    assert version >= (3, 11)
    assert "--require-hashes" in of("RUN", 0)[1]


@pytest.mark.system
def test_the_steps_of_the_image_leave_one_program_and_it_is_not_sync(tmp_path: Path) -> None:
    """The first stage, step by step, in a folder in the place of the image's root."""
    source, home = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    for each in instructions():
        if each.stage == 0 and each.name == "COPY":
            *names, into = each.rest.split()
            ran("cp", "--recursive", *(str(ROOT / name) for name in names), str(source / into))
        elif each.stage == 0 and each.name == "RUN":
            script = each.rest.replace("/opt/makegood", str(home)).replace("python -m", f"{base_python()} -m")
            ran("sh", "-eu", "-c", script, cwd=source)
    programs = {file.name for file in (home / "bin").iterdir() if not file.is_symlink()}
    assert programs == {"makegood"}
    assert ran(str(home / "bin" / "makegood"), "--version").startswith("makegood, version ")


def base_python() -> str:
    """The Python that this one is a virtual environment of: it has pip."""
    return str(Path(sys.base_prefix) / "bin" / "python3")


# --- the wheel --------------------------------------------------------------------------------------------------


def test_every_package_of_the_program_is_named_to_the_build() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    packages = {file.parent for file in (ROOT / "sync").rglob("*.py")}
    assert {name for name in named if name != "sync.shipped_files"} == {
        ".".join(folder.relative_to(ROOT).parts) for folder in packages
    }


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel of this tree, as `make wheel` makes it."""
    return Path(ran("make", "--silent", "wheel", cwd=ROOT, env=os.environ | {"MAKEFLAGS": ""}).splitlines()[-1])


@pytest.mark.system
def test_the_wheel_in_a_fresh_environment_of_the_lock_checks_the_shipped_example(
    wheel: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    ran(base_python(), "-m", "venv", "--without-pip", str(home))
    install = (
        base_python(),
        "-m",
        "pip",
        "--python",
        str(home / "bin" / "python"),
        "install",
        "--quiet",
        "--no-compile",
    )
    ran(*install, "--require-hashes", "--requirement", str(ROOT / "requirements.lock"))
    ran(*install, "--no-deps", str(ROOT / wheel))
    assert stands_alone(home / "bin" / "makegood", tmp_path)


@pytest.mark.system
def test_uv_installs_the_wheel_as_the_page_says(wheel: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"(?m)^\$ (uv tool install .*)$", page)
    uv = ROOT / ".venv" / "bin" / "uv"
    if not uv.exists():
        ran("make", "--silent", ".venv/.uv", cwd=ROOT, env=os.environ | {"MAKEFLAGS": ""})
    command = [str(uv), *shlex.split(line)[1:-1], str(ROOT / wheel)]
    folders = {"UV_TOOL_DIR": str(tmp_path / "tools"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin")}
    ran(*command, cwd=ROOT, env=os.environ | folders)
    assert stands_alone(tmp_path / "bin" / "makegood", tmp_path)


def stands_alone(program: Path, folder: Path) -> bool:
    """Whether an installed program, away from its sources, finds a configuration sound that is."""
    assert ran(str(program), "--version", cwd=folder).startswith("makegood, version ")
    empty = folder / "empty"
    empty.mkdir()
    source = {
        "name": "jira",
        "tracker": "jira",
        "url": "https://example.atlassian.net",
        "email": EMAIL,
        "projects": ["OPS"],
    }
    (empty / "config.toml").write_text(table("source", source), encoding="utf-8")
    ran("cp", "--recursive", str(ROOT / "mappings"), str(empty))
    return "are sound" in ran(str(program), "check", cwd=empty)


# --- the Debian package -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package() -> Path:
    tool("dpkg-deb", "dpkg")
    return debian_package()


def listed(package: Path) -> dict[str, list[str]]:
    """What a package holds: mode, owner and the rest of each path."""
    lines = ran("dpkg-deb", "--contents", str(package)).splitlines()
    return {fields[5]: fields for fields in (line.split(maxsplit=5) for line in lines)}


@pytest.mark.system
def test_the_package_holds_no_file_that_is_called_sync_and_nothing_of_this_machine(
    package: Path, tmp_path: Path
) -> None:
    held = listed(package)
    names = {path.partition(" -> ")[0] for path in held}
    assert [path for path in names if path.endswith("/sync")] == []
    assert {path for path in names if re.match(r"\./usr/s?bin/.", path)} == {
        "./usr/bin/makegood",
        "./usr/bin/makegood-as-service",
    }
    assert {fields[1] for fields in held.values()} == {"root/root"}
    modes = {path: fields[0] for path, fields in held.items() if not fields[0].startswith("l")}
    assert [path for path, mode in modes.items() if "w" in (mode[5], mode[8])] == []
    assert held["./etc/makegood/credentials/"][0] == "drwx------"
    ran("dpkg-deb", "--extract", str(package), str(tmp_path))
    told = subprocess.run(
        ["grep", "--recursive", "--files-with-matches", str(ROOT), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout == ""


@pytest.mark.system
def test_everything_that_people_edit_is_theirs_and_what_is_shipped_only_observes(
    package: Path, tmp_path: Path
) -> None:
    ran("dpkg-deb", "--raw-extract", str(package), str(tmp_path / "tree"))
    tree = tmp_path / "tree"
    theirs = (tree / "DEBIAN" / "conffiles").read_text(encoding="utf-8").split()
    assert {tree / name.removeprefix("/") for name in theirs} == {
        file for file in (tree / "etc").rglob("*") if file.is_file()
    }
    assert tree / "etc/makegood/mappings/escalation.toml" in {tree / name.removeprefix("/") for name in theirs}
    shipped = tomllib.loads((tree / "etc/makegood/config.toml").read_text(encoding="utf-8"))
    assert shipped["state"] == "/var/lib/makegood/state.db"
    assert {source["mode"] for source in shipped["source"]} == {"observe"}


@pytest.mark.system
def test_the_package_is_the_same_when_it_is_built_again(package: Path, tmp_path: Path) -> None:
    """By somebody with another umask, at another time."""
    wheels = sorted((package.parent).glob("*.whl"))
    epoch = ran("git", "log", "-1", "--format=%ct", cwd=ROOT).strip()
    again = {"DPKG_DEB_COMPRESSOR_TYPE": "zstd", "SOURCE_DATE_EPOCH": epoch}
    command = 'umask 077; exec /usr/bin/python3 packaging/deb/build.py "$@"'
    ran("sh", "-c", command, "sh", *map(str, wheels), str(tmp_path), cwd=ROOT, env=os.environ | again)
    assert (tmp_path / package.name).read_bytes() == (ROOT / package).read_bytes()


@pytest.mark.system
def test_what_the_operator_s_pages_lead_to_is_in_the_package(package: Path) -> None:
    folder = "./usr/share/doc/makegood"
    held, docs = listed(package), ROOT / "docs"
    pages = {"operations.md", *linked(docs / "operations.md")}
    assert pages >= {"monitoring.md", "first-day.md", "json.md"}
    led = {name for page in pages for name in linked(docs / page)} | pages
    named = {
        path for page in pages for path in re.findall(r"`(monitoring/[^`]+)`", (docs / page).read_text("utf-8"))
    }
    assert len(named) == len(list((ROOT / "monitoring").iterdir()))
    assert {name for name in led | named if f"{folder}/{name}" not in held} == set()
    typed = set(re.findall(r"/usr/share/\S+", (docs / "operations.md").read_text("utf-8")))
    assert typed
    assert {path for path in typed if f".{path}" not in held} == set()


def linked(page: Path) -> set[str]:
    """The files that a page links to, from where it lies; addresses are not among them."""
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    return {link for link in links if "://" not in link}
