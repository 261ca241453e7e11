"""How Asana words its own stories, in the language of whoever asks: nothing may depend on these texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {
    "en": {
        "added_to_project": "added this task to {project}",
        "added_to_tag": "added this task to {tag}",
        "assigned": "assigned to {assignee}",
        "date_custom_field_changed": "changed {custom_field} to {new_date_value}",
        "due_date_changed": "changed the due date to {new_dates}",
        "follower_added": "added {follower} as a collaborator",
        "enum_custom_field_changed": "changed {custom_field} to {new_enum_value}",
        "marked_complete": "completed this task",
        "marked_incomplete": "marked incomplete",
        "multi_enum_custom_field_changed": "changed {custom_field} to {new_multi_enum_values}",
        "name_changed": 'changed the name to "{new_name}"',
        "notes_changed": "changed the description",
        "number_custom_field_changed": "changed {custom_field} to {new_number_value}",
        "people_custom_field_changed": "changed {custom_field} to {new_people_value}",
        "removed_from_tag": "removed this task from {tag}",
        "section_changed": 'moved this task from "{old_section}" to "{new_section}"',
        "text_custom_field_changed": 'changed {custom_field} to "{new_text_value}"',
        "unassigned": "unassigned",
    },
    "ja": {
        "added_to_project": "このタスクを {project} に追加しました",
        "assigned": "{assignee} に割り当てました",
        "due_date_changed": "期日を {new_dates} に変更しました",
        "marked_complete": "このタスクを完了しました",
        "marked_incomplete": "未完了にしました",
        "section_changed": "「{old_section}」から「{new_section}」に移動しました",
    },
    "da": {
        "added_to_project": "føjede denne opgave til {project}",
        "assigned": "tildelte {assignee}",
        "due_date_changed": "ændrede forfaldsdatoen til {new_dates}",
        "marked_complete": "fuldførte denne opgave",
        "marked_incomplete": "markerede som ufuldført",
        "section_changed": "flyttede denne opgave fra »{old_section}« til »{new_section}«",
    },
}
LANGUAGES = tuple(_WORDS)


def wording(language: str, subtype: str, details: Mapping[str, Any]) -> str:
    """Return the text of a system story, in English where the language has none."""
    words = _WORDS[language].get(subtype) or _WORDS["en"][subtype]
    return words.format_map({name: _said(value) for name, value in details.items()})


def _said(value: Any) -> str:  # noqa: ANN401 - whatever a change changes
    match value:
        case list():
            return ", ".join(_said(entry) for entry in value)
        case dict():
            return str(next((entry for entry in value.values() if entry), "—"))
        case None:
            return "—"
        case _:
            return str(getattr(value, "name", value))
