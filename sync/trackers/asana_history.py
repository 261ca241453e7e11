"""What happened to a task, told from the stories that Asana itself writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sync.trackers.asana_fields import day_of, instant, is_called, names, text_of, words
from sync.trackers.translate import RawChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sync.trackers.asana_http import Record
    from sync.trackers.translate import RawPerson

COMPLETED = "✓ completed"
"""The status of a ticked task, whatever its section; no section is called so."""

STORY_FIELDS = ",".join(
    (
        *("created_at", "created_by.name", "type", "resource_subtype", "text", "assignee.name", "project"),
        "is_edited",
        *("tag.name", "old_section.name", "new_section.name", "custom_field.name"),
        *("old_dates.due_on", "old_dates.due_at", "new_dates.due_on", "new_dates.due_at"),
        *("old_enum_value.name", "new_enum_value.name", "old_multi_enum_values.name"),
        *("new_multi_enum_values.name", "old_text_value", "new_text_value", "old_number_value"),
        *(
            "new_number_value",
            "old_date_value",
            "new_date_value",
            "old_people_value.name",
            "new_people_value.name",
        ),
    )
)

_FIELD_CHANGED = "_custom_field_changed"


class Now(NamedTuple):
    """How a task stands: what its history must arrive at. `project` is the one whose section is its status."""

    place: str
    completed_at: datetime | None
    updated: datetime
    tags: frozenset[str]
    project: str | None


class Told(NamedTuple):
    """The changes, in no order; history before `complete_since` may have gaps (None: it fits together)."""

    changes: tuple[RawChange, ...]
    complete_since: datetime | None


class _Step(NamedTuple):
    """A move from place to place, or (`ticks` not None) a task ticked or unticked where it is."""

    id: str
    at: datetime
    author: RawPerson | None
    old: str
    new: str
    ticks: bool | None = None


@dataclass(frozen=True, slots=True)
class Historian:
    """Reads stories by the mapping: `columns` are the mapped custom fields; `status_field` and `labels_field` are
    such fields too, or None where sections and tags say it. Due instants fall on their day in `zone`.
    """

    columns: Sequence[str]
    person: Callable[[Record | None], RawPerson | None]
    status_field: str | None
    labels_field: str | None
    zone: ZoneInfo

    def tell(self, stories: Sequence[Record], now: Now) -> Told:
        """Every change of status, labels, assignee, due date and mapped fields that the stories hold.

        Asana merges changes that follow closely on each other, and tells nothing of some. Where a status change
        does not begin where the one before it ended, history counts as complete from there on only.
        """
        ordered = sorted(stories, key=_age)
        status, gap = self._status(ordered, now)
        labels = () if self.labels_field else self._tags(ordered, now.tags)
        others = (*self._fields(ordered), *self._assignee(ordered), *self._due(ordered))
        return Told((*status, *labels, *others), gap)

    # --- status -------------------------------------------------------------------------------------------------

    def _status(self, stories: list[Record], now: Now) -> tuple[list[RawChange], datetime | None]:
        steps = [step for story in stories if (step := self._step(story, now))]
        ticks = [step.ticks for step in steps if step.ticks is not None]
        if now.completed_at and ticks[-1:] != [True]:
            steps.append(_Step(f"completed {now.completed_at}", now.completed_at, None, "", "", ticks=True))
            steps.sort(key=lambda step: step.at)
        place = next((step.old for step in steps if step.ticks is None), now.place)
        done, gap = ticks[:1] == [False], None
        changes = []
        for step in steps:
            if step.ticks is None and step.old != place:
                place, gap = step.old, step.at
            before = COMPLETED if done else place
            done, place = (done, step.new) if step.ticks is None else (step.ticks, place)
            after = COMPLETED if done else place
            if before != after:
                changes.append(RawChange(step.id, step.at, step.author, "status", before, after))
        fits = (place, done) == (now.place, now.completed_at is not None)
        return changes, gap if fits else now.updated

    def _step(self, story: Record, now: Now) -> _Step | None:
        head = story["gid"], instant(story["created_at"]), self.person(story.get("created_by"))
        match story.get("resource_subtype"):
            case "marked_complete":
                return _Step(*head, "", "", ticks=True)
            case "marked_incomplete":
                return _Step(*head, "", "", ticks=False)
            case "section_changed" if not self.status_field:
                home = (story.get("project") or {}).get("gid", now.project)
                return _Step(*head, *_both(story, "enum", "section")) if home == now.project else None
            case "enum_custom_field_changed" if self.status_field:
                field = story.get("custom_field")
                is_status = field and is_called(field, self.status_field)
                return _Step(*head, *_both(story, "enum", "enum_value")) if is_status else None
            case _:
                return None

    # --- everything else ----------------------------------------------------------------------------------------

    def _fields(self, stories: list[Record]) -> Iterator[RawChange]:
        for story in stories:
            kind, _, rest = (story.get("resource_subtype") or "").partition(_FIELD_CHANGED)
            field = story.get("custom_field")
            if rest or not field or not kind:
                continue
            slot = "multi_enum_values" if kind == "multi_enum" else f"{kind}_value"
            for column in self.columns:
                if is_called(field, column):
                    yield self._change(story, column, *_both(story, kind, slot))
            if self.labels_field and is_called(field, self.labels_field):
                sets = (story.get(f"{age}_{slot}") for age in ("old", "new"))
                yield self._change(story, "labels", *(" ".join(sorted(names(one))) for one in sets))

    def _tags(self, stories: list[Record], labels: frozenset[str]) -> Iterator[RawChange]:
        """Backwards from the tags that are there: a story tells one tag, not the set."""
        after = labels
        for story in reversed(stories):
            label = (story.get("tag") or {}).get("name")
            match story.get("resource_subtype"):
                case "added_to_tag" if label:
                    before = after - {label}
                case "removed_from_tag" if label:
                    before = after | {label}
                case _:
                    continue
            yield self._change(story, "labels", " ".join(sorted(before)), " ".join(sorted(after)))
            after = before

    def _assignee(self, stories: list[Record]) -> Iterator[RawChange]:
        before = ""
        for story in stories:
            if story.get("resource_subtype") in {"assigned", "unassigned"}:
                after = words((story.get("assignee") or {}).get("name"))
                yield self._change(story, "assignee", before, after)
                before = after

    def _due(self, stories: list[Record]) -> Iterator[RawChange]:
        for story in stories:
            if story.get("resource_subtype") == "due_date_changed":
                old, new = (day_of(story.get(f"{age}_dates") or {}, self.zone) or "" for age in ("old", "new"))
                yield self._change(story, "due", str(old), str(new))

    def _change(self, story: Record, column: str, before: str, after: str) -> RawChange:
        author = self.person(story.get("created_by"))
        return RawChange(story["gid"], instant(story["created_at"]), author, column, before, after)


def _age(story: Record) -> tuple[datetime, int, str]:
    return instant(story["created_at"]), len(story["gid"]), story["gid"]


def _both(story: Record, kind: str, slot: str) -> tuple[str, str]:
    """The old and the new value of a story."""
    return text_of(kind, story.get(f"old_{slot}")), text_of(kind, story.get(f"new_{slot}"))
