"""What a team would write without makegood: the `jira` package with its defaults, one issue after the other."""

from __future__ import annotations

import json
import resource
import sys
import time

from jira import JIRA


def main(url: str, email: str, token: str, task: str, count: int) -> None:
    """Pull every issue (`pull`), or comment on and update `count` of them (`write`); print the figures."""
    client = JIRA(url, basic_auth=(email, token))
    begun = time.perf_counter()
    issues = client.enhanced_search_issues("project = OPS", maxResults=0, expand="changelog")
    pulled = time.perf_counter() - begun
    begun = time.perf_counter()
    written = 0
    for issue in issues[:count] if task == "write" else ():
        client.add_comment(issue, "The client is owed an update. Next step: answer today.")
        issue.update(fields={"labels": [*issue.fields.labels, "escalated"], "duedate": "2026-03-04"})
        written += 1
    figures = {
        "issues": len(issues),
        "pull": pulled,
        "write": time.perf_counter() - begun,
        "written": written,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
