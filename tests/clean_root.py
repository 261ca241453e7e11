"""A clean Debian of the release that this machine runs, in a folder, with systemd started in it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from office import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE = 60.0
"""Seconds after which a machine that does not start fails the test."""

INDEX = "deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
PACKAGES = "curl,python3,procps,systemd,systemd-sysv,dbus"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SPAWN = "--quiet --boot --settings=no --register=no --keep-unit --link-journal=no --console=pipe".split()  # noqa: SIM905 - as typed


def tool(name: str, package: str) -> str:
    """The path of a program of the system; whoever asks for these tests has it."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing; apt install {package}")
    return found


class Machine:
    """What runs in the folder: `run` is root's shell there. The network is this machine's own."""

    def __init__(self, folder: Path, process_id: int) -> None:
        self.folder = folder
        self._shell = [tool("nsenter", "util-linux"), "--target", str(process_id), "--all", "--", "/usr/bin/env"]
        self._shell += ["--chdir=/root", "--ignore-environment", "HOME=/root", "LC_ALL=C.UTF-8", f"PATH={PATH}"]
        self._shell += ["sh", "-eu", "-c"]

    def run(self, script: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """What becomes of a script in root's home, with what is typed into it; its errors are in its output."""
        command = [*self._shell, script]
        return subprocess.run(
            command, input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )

    def must(self, script: str, typed: str = "") -> str:
        """What a script prints that succeeds."""
        ran = self.run(script, typed)
        assert ran.returncode == 0, f"{script}\n{ran.stdout}"
        return ran.stdout


@contextmanager
def in_memory(folder: Path) -> Iterator[Path]:
    """A folder for machines that keeps nothing: a disk would take most of their time."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g,mode=755", "machines", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def bootstrapped(folder: Path) -> Path:
    """A Debian in that folder, from where this machine's own apt has its packages."""
    make = tool("mmdebstrap", "mmdebstrap")
    indexes = ("apt-get", "indextargets", "--format", INDEX, "Created-By: Packages", "Origin: Debian")
    listed = subprocess.run(indexes, capture_output=True, text=True, check=True).stdout
    sources = sorted(set(listed.splitlines()))
    if not sources:
        pytest.fail("apt knows no package of Debian; apt-get update")
    suite = min((line.split()[2] for line in sources), key=len)
    options = ("--quiet", "--mode=root", "--variant=minbase", f"--include={PACKAGES}", "--dpkgopt=force-unsafe-io")
    made = subprocess.run(
        (make, *options, suite, str(folder), "-"),
        input="\n".join(sources) + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.fail(f"mmdebstrap (which has to be run by root) made no clean Debian:\n{made.stderr}")
    return folder


@cache
def debian_package() -> Path:
    """The package of this very tree, as `make deb` makes it; compressed quickly, for it is not for long."""
    quick = {"DPKG_DEB_COMPRESSOR_TYPE": "zstd", "MAKEFLAGS": ""}
    made = subprocess.run(
        ["make", "--silent", "deb"], cwd=ROOT, env=os.environ | quick, capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.fail(f"make deb made no package:\n{made.stderr}")
    return Path(made.stdout.splitlines()[-1])


def repacked(package: Path, into: Path, later: str, added: Mapping[str, str]) -> None:
    """The same package with something behind its version, and lines added to files of it."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["dpkg-deb", "--raw-extract", str(package), str(tree)], check=True)
        for name, lines in {"DEBIAN/control": "", **added}.items():
            file = tree / name.removeprefix("/")
            text = file.read_text(encoding="utf-8") + lines
            file.write_text(re.sub(r"(?m)^Version: .*", rf"\g<0>{later}", text), encoding="utf-8")
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(into)],
            stdout=subprocess.DEVNULL,
            check=True,
        )


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """The Debian of that folder, up and running."""
    command = [tool("systemd-nspawn", "systemd-container"), *SPAWN, f"--directory={folder}"]
    with (folder.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            machine = Machine(folder, _first_process(process))
            machine.must("systemctl is-system-running --wait")
            yield machine
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def _first_process(spawn: subprocess.Popen[bytes]) -> int:
    """The id that the machine's systemd has here, once it listens."""
    children = Path(f"/proc/{spawn.pid}/task/{spawn.pid}/children")
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and spawn.poll() is None:
        for child in children.read_text(encoding="ascii").split():
            if Path(f"/proc/{child}/root/run/systemd/private").exists():
                return int(child)
        time.sleep(0.1)
    pytest.fail(f"no systemd came up in {PATIENCE:.0f} s; systemd-nspawn has to be run by root")
