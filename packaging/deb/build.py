"""Makes makegood_VERSION_ARCHITECTURE.deb from a wheel: /usr/bin/python3 packaging/deb/build.py WHEEL FOLDER."""  # noqa: INP001

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
PYTHON = Path("/usr/bin/python3")
MAJOR, MINOR = sys.version_info[:2]
HOME = Path("opt/makegood")
LIBRARY = HOME / "lib" / f"python{MAJOR}.{MINOR}" / "site-packages"
SCRIPTS = ("prerm", "postinst", "postrm")
AS_SERVICE = "makegood-as-service"
STATE = ('state = "state.db" ', 'state = "/var/lib/makegood/state.db" ')
"""Where the example keeps the state, and where an installed one does: as the units have it."""

LAUNCHER = f"""\
#!/{HOME}/bin/python3 -I
from sync.cli import main

main()
"""
VENV = f"""\
home = {PYTHON.parent}
include-system-site-packages = false
version = {MAJOR}.{MINOR}
"""


def build(wheel: Path, folder: Path) -> Path:
    """The package, in that folder: the same bytes for the same inputs and SOURCE_DATE_EPOCH (by default 0)."""
    epoch = int(os.environ.setdefault("SOURCE_DATE_EPOCH", "0"))
    version = re.sub(r"(?=(a|b|rc|\.dev)\d)", "~", wheel.name.split("-")[1])
    architecture = _run("dpkg", "--print-architecture").strip()
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary) / "tree"
        _install_library(tree, wheel)
        _install_program(tree)
        _install_configuration(tree)
        _install_units_and_documents(tree)
        _date(tree, epoch)
        _compile(tree)
        _describe(tree, version, architecture)
        _set_modes(tree)
        _date(tree, epoch)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder.resolve() / f"makegood_{version}_{architecture}.deb"
        _run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(target))
    return target


def _install_library(tree: Path, wheel: Path) -> None:
    """What is pinned, and makegood, without the scripts of either: one of them is called `sync`."""
    library = tree / LIBRARY
    library.mkdir(parents=True)
    pinned = _runtime((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    wanted = tree / "requirements.lock"
    wanted.write_text(f"{pinned}{wheel.resolve()} --hash=sha256:{_sum(wheel, 'sha256')}\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
    only = ("--no-deps", "--no-compile", "--only-binary", ":all:", "--require-hashes", "--root-user-action=ignore")
    _run(*pip, *only, "--target", str(library), "--requirement", str(wanted))
    wanted.unlink()
    shutil.rmtree(library / "bin")
    for information in library.glob("*.dist-info"):
        (information / "direct_url.json").unlink(missing_ok=True)  # names the wheel's path on this machine
        record = information / "RECORD"
        lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
        there = [line for line in lines if (library / line.partition(",")[0]).exists()]
        record.write_text("".join(there), encoding="utf-8")


def _runtime(lock: str) -> str:
    """The lock without what only builds; a requirement begins its line, and its hashes are indented."""
    requirements = re.split(r"(?m)^(?=\S)", lock)
    return "".join(each for each in requirements if not each.startswith("setuptools=="))


def _install_program(tree: Path) -> None:
    """A virtual environment of the distribution's python3, as it will lie there."""
    home, programs = tree / HOME, tree / "usr" / "bin"
    (home / "bin").mkdir()
    (home / "bin" / "python3").symlink_to(PYTHON)
    (home / "bin" / "makegood").write_text(LAUNCHER, encoding="utf-8")
    (home / "pyvenv.cfg").write_text(VENV, encoding="utf-8")
    programs.mkdir(parents=True)
    (programs / "makegood").symlink_to(Path("/", HOME, "bin", "makegood"))
    shutil.copy(HERE / AS_SERVICE, programs)


def _install_configuration(tree: Path) -> None:
    """The example, which observes a workbook that is not there, and the shipped mappings."""
    folder = tree / "etc" / "makegood"
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    (folder / "credentials").mkdir()
    before, after = STATE
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    if example.count(before) != 1:
        raise SystemExit(f"config.example.toml has no line that begins {before!r}")
    (folder / "config.toml").write_text(example.replace(before, after), encoding="utf-8")


def _install_units_and_documents(tree: Path) -> None:
    shutil.copytree(ROOT / "systemd", tree / "usr" / "lib" / "systemd" / "system", symlinks=True)
    documents = tree / "usr" / "share" / "doc" / "makegood"
    documents.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", documents / "copyright")
    shutil.copy(ROOT / "CHANGELOG.md", documents)
    for page in (ROOT / "docs").glob("*.md"):
        shutil.copy(page, documents)
    shutil.copytree(ROOT / "monitoring", documents / "monitoring")


def _compile(tree: Path) -> None:
    """As Python would at its first start, when it must not write there."""
    _run(sys.executable, "-m", "compileall", "-q", "-j", "1", "-s", str(tree), "-p", "/", str(tree / LIBRARY))


def _describe(tree: Path, version: str, architecture: str) -> None:
    """DEBIAN/: what it is, its scripts, what of it people edit, and a sum of each file."""
    files = sorted(file for file in tree.rglob("*") if file.is_file() and not file.is_symlink())
    control = tree / "DEBIAN"
    control.mkdir()
    template = (HERE / "control").read_text(encoding="utf-8")
    told = template.format(
        version=version,
        architecture=architecture,
        python=f"{MAJOR}.{MINOR}",
        next_python=f"{MAJOR}.{MINOR + 1}",
        kilobytes=sum(-(-file.stat().st_size // 1024) for file in files),
    )
    (control / "control").write_text(told, encoding="utf-8")
    for script in SCRIPTS:
        shutil.copy(HERE / script, control)
    sums = (f"{_sum(file, 'md5')}  {file.relative_to(tree)}\n" for file in files)
    (control / "md5sums").write_text("".join(sums), encoding="utf-8")
    edited = (f"/{file.relative_to(tree)}\n" for file in files if file.is_relative_to(tree / "etc"))
    (control / "conffiles").write_text("".join(edited), encoding="utf-8")


def _set_modes(tree: Path) -> None:
    programs = {tree / HOME / "bin" / "makegood", tree / "usr" / "bin" / AS_SERVICE}
    programs |= {tree / "DEBIAN" / script for script in SCRIPTS}
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
    (tree / "etc" / "makegood" / "credentials").chmod(0o700)


def _date(tree: Path, epoch: int) -> None:
    for path in (*tree.rglob("*"), tree):
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def _sum(file: Path, how: str) -> str:
    return hashlib.new(how, file.read_bytes(), usedforsecurity=False).hexdigest()


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - our own


if __name__ == "__main__":
    if Path(sys.executable).resolve() != PYTHON.resolve() or sys.prefix != sys.base_prefix:
        raise SystemExit(f"run it with {PYTHON}: the package is made for that one, and for no other Python")
    _, wheel_file, into_folder = sys.argv
    print(build(Path(wheel_file), Path(into_folder)))  # noqa: T201 - what was made
