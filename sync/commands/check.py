"""The command `check`: is the configuration sound? It loads no more of the program than it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.advice import advice
from sync.call import typed
from sync.errors import ConfigurationError, TrackerError
from sync.exposure import exposed
from sync.settings import chosen
from sync.soundness import sound
from sync.terminal import say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sync.call import Call
    from sync.mapping.policy import Policy
    from sync.notify_models import NotifySettings
    from sync.settings import Settings


def check(call: Call, *, online: bool, mapping: Path | None = None) -> int:
    """The configuration's faults, and with `online` the trackers' findings."""
    try:
        settings, policy = sound(call.config_file(), mapping)
    except ConfigurationError as error:
        from sync.fault_text import show as show_faults  # noqa: PLC0415 - only when something is wrong

        show_faults(error, call.output)
        return error.exit_status
    findings: list[dict[str, str]] = []
    worst = 0
    if online:
        findings, worst = _online(settings, policy, call)
    if online and settings.notify and not call.sources:
        told, gravest = _notified(settings.notify, call)
        findings, worst = [*findings, *told], max(worst, gravest)
    advised = [*exposed(settings), *advice(policy, chosen(settings, call.sources))]
    if call.output == "json":
        say_json({"schema": 1, "faults": [], "advice": advised, "findings": findings})
    elif call.output == "github":
        for line in _annotations(advised, findings):
            say(line)
    elif not call.quiet:
        say(_summary(settings, policy))
        for sentence in advised:
            say(f"note: {sentence}")
        for finding in findings:
            say(f"{finding['source']}: {finding['level']}: {finding['about']}: {finding['what']}")
    return worst


def _annotations(advised: Sequence[str], findings: Sequence[Mapping[str, str]]) -> Iterator[str]:
    from sync.fault_text import annotation  # noqa: PLC0415 - only for a workflow

    for sentence in advised:
        yield annotation("notice", sentence)
    for finding in findings:
        level = finding["level"] if finding["level"] in {"error", "warning"} else "notice"
        yield annotation(level, f"{finding['source']}: {finding['about']}: {finding['what']}")


def _summary(settings: Settings, policy: Policy) -> str:
    rules = len(policy.taxonomy.rule)
    return (
        f"config.toml and {settings.mappings.name}/ are sound: sources {len(settings.source)}, rules {rules}, "
        f"clients {len(policy.clients.client)}, calendars {len(policy.calendars)}"
    )


def _online(settings: Settings, policy: Policy, call: Call) -> tuple[list[dict[str, str]], int]:
    from sync.commands.passes import working_program  # noqa: PLC0415 - offline, the program itself is not needed
    from sync.state.store import Store  # noqa: PLC0415 - likewise

    findings, worst = [], 0
    with (
        Store(settings.state, write=False) as store,
        working_program(settings, policy, store, call) as working,
    ):
        for served in working.sources:
            name = served.settings.name
            try:
                served.tracker.connect()
                found = list(served.tracker.check())
            except TrackerError as error:
                findings.append({"source": name, "level": "error", "about": "connection", "what": str(error)})
                worst = max(worst, error.exit_status)
                continue
            findings += [
                {"source": name, "level": each.level, "about": each.about, "what": each.what} for each in found
            ]
            if any(each.level == "error" for each in found):
                worst = max(worst, 2)
    return findings, worst


def _notified(notify: NotifySettings, call: Call) -> tuple[list[dict[str, str]], int]:
    """Whether the ways of `[notify]` are open; nothing is sent on them."""
    from sync.doctor.credentials import Keyring  # noqa: PLC0415 - offline, nobody is asked
    from sync.doctor.network import mail, webhook  # noqa: PLC0415 - likewise

    keyring = Keyring(call.config_file(), typed("doctor", config=call.config))
    told = [*mail(notify.smtp, keyring)] if notify.smtp else []
    told += webhook(notify.webhook, keyring) if notify.webhook else []
    listed = [{"source": "notify", "level": each.level, "about": each.about, "what": each.what} for each in told]
    return listed, max(each.status for each in told)
