"""Files as the "Export CSV" of Jira and of Asana writes them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

Cells = dict[str, str | list[str]]
"""A row by its headings; a heading that stands over several columns has a list."""

JIRA = (
    "Summary", "Issue key", "Issue id", "Issue Type", "Status", "Project key", "Project name", "Project type",
    "Priority", "Resolution", "Assignee", "Assignee Id", "Reporter", "Reporter Id", "Created", "Updated",
    "Resolved", "Due date", "Labels", "Description", "Watchers", "Watchers Id", "Attachment",
    "Custom field (Client)", "Custom field (Severity)", "Custom field ([CHART] Time in Status)", "Comment",
    "Status Category",
)  # fmt: skip
ASANA = (
    "Task ID", "Created At", "Completed At", "Last Modified", "Name", "Section/Column", "Assignee",
    "Assignee Email", "Start Date", "Due Date", "Tags", "Notes", "Projects", "Parent task",
    "Blocked By (Dependencies)", "Blocking (Dependencies)", "Client ", "Priority",
)  # fmt: skip

DOWN: Cells = {
    "Summary": "Invoice export is down for everybody",
    "Issue key": "CLA-1",
    "Issue id": "10001",
    "Issue Type": "Incident",
    "Status": "In Progress",
    "Project key": "CLA",
    "Project name": "Client A roll-out",
    "Project type": "software",
    "Priority": "Highest",
    "Assignee": "Consultant 1",
    "Assignee Id": "712020:c1",
    "Reporter": "Service desk",
    "Reporter Id": "712020:sd",
    "Created": "12/Mar/26 9:05 AM",
    "Updated": "13/Mar/26 4:40 PM",
    "Labels": ["urgent", "billing"],
    "Description": 'Nobody can export; "again".\r\nSecond line',
    "Custom field (Client)": "Client A",
    "Comment": [
        "12/Mar/26 9:20 AM;712020:c1;Looking into it; more later",
        "13/Mar/26 4:40 PM;712020:sd;/called they know",
    ],
    "Status Category": "In Progress",
}
"""A live issue of a Cloud site."""
DONE: Cells = DOWN | {
    "Summary": "Done long ago",
    "Issue key": "CLA-2",
    "Issue id": "10002",
    "Status": "Done",
    "Created": "02/Feb/26 9:00 AM",
    "Updated": "03/Feb/26 9:00 AM",
    "Resolved": "03/Feb/26 9:00 AM",
    "Comment": [],
    "Status Category": "Done",
}
TASK: Cells = {
    "Task ID": "1201",
    "Created At": "2026-03-09",
    "Last Modified": "2026-03-12",
    "Name": "The website is down",
    "Section/Column": "To do",
    "Assignee": "Consultant 1",
    "Assignee Email": "consultant.1@your-firm.example",
    "Due Date": "2026-03-20",
    "Tags": "urgent,on the web",
    "Notes": "All pages\nshow an error",
    "Projects": "Client A",
    "Client ": "Client A",
    "Priority": "High",
}
TICKED: Cells = TASK | {"Task ID": "1202", "Name": "Send the invoice", "Completed At": "2026-03-11"}
SUBTASK: Cells = TASK | {"Task ID": "1203", "Section/Column": "", "Parent task": "The website is down"}
SPACER: Cells = {"Task ID": "1204", "Name": "Doing:", "Created At": "2026-01-01"}


def written(rows: Sequence[Cells], header: Sequence[str], separator: str = ",") -> str:
    """The file's text; a heading stands over as many columns as the longest list of any row needs."""
    widths = {
        name: max([1, *(len(row[name]) for row in rows if isinstance(row.get(name), list))]) for name in header
    }
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator)
    writer.writerow([name for name in header for _ in range(widths[name])])
    for row in rows:
        cells: list[str] = []
        for name in header:
            value = row.get(name, "")
            held = value if isinstance(value, list) else [value]
            cells += held + [""] * (widths[name] - len(held))
        writer.writerow(cells)
    return stream.getvalue()


def save(path: Path, rows: Sequence[Cells], header: Sequence[str] = JIRA) -> Path:
    """An export as the tracker writes it."""
    path.write_text(written(rows, header), encoding="utf-8", newline="")
    return path


def exported(issues: Iterable[Mapping[str, Any]]) -> list[Cells]:
    """Issues of Jira's own API as its export shows them: without history, and to the minute, in UTC."""
    return [_exported(issue["key"], issue["id"], issue["fields"]) for issue in issues]


def _exported(key: str, number: str, fields: Mapping[str, Any]) -> Cells:
    def person(role: str) -> dict[str, str]:
        user = fields.get(role) or {}
        return {role.capitalize(): user.get("displayName", ""), f"{role.capitalize()} Id": user.get("key", "")}

    said = fields["comment"]["comments"]
    return {
        "Summary": fields["summary"],
        "Issue key": key,
        "Issue id": number,
        "Issue Type": fields["issuetype"]["name"],
        "Status": fields["status"]["name"],
        "Project key": fields["project"]["key"],
        "Project name": fields["project"]["name"],
        "Project type": "software",
        "Priority": fields["priority"]["name"],
        "Created": jira_minute(fields["created"]),
        "Updated": jira_minute(fields["updated"]),
        "Resolved": jira_minute(fields.get("resolutiondate")),
        "Due date": jira_minute(fields.get("duedate")),
        "Labels": list(fields.get("labels") or ()),
        "Description": fields.get("description") or "",
        "Comment": [f"{jira_minute(one['created'])};{one['author']['key']};{one['body']}" for one in said],
        **person("assignee"),
        **person("reporter"),
    }


def jira_minute(instant: str | None) -> str:
    """`12/Mar/26 4:05 PM`, as Jira writes an instant unless its administrator has it otherwise."""
    if not instant:
        return ""
    at = datetime.fromisoformat(instant)
    at = at.astimezone(UTC) if at.tzinfo else at
    return f"{at:%d/%b/%y} {at.hour % 12 or 12}:{at:%M} {'PM' if at.hour >= 12 else 'AM'}"
