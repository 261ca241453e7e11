"""Whether the parts of the program are there, and whether what it knows of time is of today."""

from __future__ import annotations

import platform
import re
import shlex
import sqlite3
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import TZPATH

from sync import __version__
from sync.doctor.finding import Finding, broken, doubtful, good, unknown
from sync.legible import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sync.mapping.policy import Policy
    from sync.settings import Settings

PATIENCE = 2.0
"""Seconds that a program of the system may take to answer *(ours)*."""
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


def told_by(*command: str) -> str | None:
    """What a program of the system prints; None where there is none, or it fails or does not answer in time."""
    try:
        ran = subprocess.run(  # noqa: S603 - the callers' own words
            command, capture_output=True, text=True, timeout=PATIENCE, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout


# --- the program's own parts ------------------------------------------------------------------------------------


def versions() -> Iterator[Finding]:
    """Which program this is."""
    python = platform.python_version()
    yield good("versions", f"makegood {__version__}, Python {python}, SQLite {sqlite3.sqlite_version}")


def packages() -> Iterator[Finding]:
    """Whether every package that the program is made of is there, each with its version."""
    try:
        wanted = [each for each in requires("makegood") or () if "extra ==" not in each]
    except PackageNotFoundError:
        yield unknown("packages", "makegood was not installed as a package, so nothing tells what it needs")
        return
    found: dict[str, str] = {}
    missing = []
    for name in sorted(re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in wanted):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        remedy = shlex.join([sys.executable, "-m", "pip", "install", *missing])
        yield broken("packages", f"{', '.join(missing)} cannot be found; makegood needs them", remedy, 2)
    else:
        yield good("packages", f"all {len(found)} are there")
    for name, number in found.items():
        yield Finding(f"package {name}", "ok", number, minor=True)


# --- time -------------------------------------------------------------------------------------------------------


def clock() -> Iterator[Finding]:
    """Whether somebody keeps this machine's clock right."""
    kept = "yes" if _SYNCHRONISED.exists() else told_by("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    match (kept or "").strip():
        case "yes":
            yield good("clock", "synchronised")
        case "no":
            what = "it is not synchronised, so it will go wrong in time; promises are kept by the hour"
            yield doubtful("clock", what, "timedatectl set-ntp true")
        case _:
            yield unknown("clock", "nothing here tells whether it is synchronised", "timedatectl")


def zones(settings: Settings, policy: Policy, today: date) -> Iterator[Finding]:
    """Which zone data is used, and whether it is of these years. Zones that it lacks are faults of `check`."""
    used = {source.zone for source in settings.source} | {each.zone for each in policy.calendars.values()}
    used |= {zone for mapping in policy.mappings.values() if (zone := getattr(mapping, "zone", None))}
    told, remedy = _zone_data()
    what = f"{counted(len(used), 'zone')} in use; zone data {told}"
    year = re.match(r"\d{4}", told)
    if year and int(year[0]) < today.year - 1:
        yield doubtful("zones", f"{what}, and governments have changed their clocks since", remedy)
    else:
        yield good("zones", what)


def _zone_data() -> tuple[str, str]:
    """The release of the zone data that Python reads, as `2026a`, and how to get a newer one."""
    for folder in map(Path, TZPATH):
        if (folder / "Etc" / "UTC").exists():
            try:
                release = (folder / "tzdata.zi").read_text(encoding="ascii", errors="replace")[:40].splitlines()[0]
            except OSError:
                return f"of {folder}, whose release is not told", ""
            return release.removeprefix("# version "), "apt-get install --only-upgrade tzdata"
    return version("tzdata"), shlex.join([sys.executable, "-m", "pip", "install", "--upgrade", "tzdata"])


def holidays(policy: Policy, today: date) -> Iterator[Finding]:
    """Whether each calendar that keeps public holidays knows those of this year and of the next one."""
    years = (today.year, today.year + 1)
    known = {name: [bool(each.holidays(year)) for year in years] for name, each in policy.calendars.items()}
    keeping = sorted(name for name, told in known.items() if any(told))
    ending = [name for name in keeping if not all(known[name])]
    if ending:
        what = f"{', '.join(ending)}: none known for {years[0]} or {years[1]}; they count as working days"
        remedy = shlex.join([sys.executable, "-m", "pip", "install", "--upgrade", "holidays"])
        yield doubtful("holidays", what, remedy)
    elif keeping:
        yield good("holidays", f"{', '.join(keeping)}: known for {years[0]} and {years[1]}")
