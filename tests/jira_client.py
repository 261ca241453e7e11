"""A bare client of the Jira fakes, for the tests of the fakes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import requests

if TYPE_CHECKING:
    from fakes.jira_rest import Jira


class Client(requests.Session):
    """Speaks to one fake in one API version; `call` returns the answer, `json` asserts the status first."""

    def __init__(self, fake: Jira, version: str) -> None:
        super().__init__()
        self.base = f"{fake.url}/rest/api/{version}/"

    def __enter__(self) -> Self:
        return self

    def call(self, line: str, body: Any = None, **query: Any) -> requests.Response:  # noqa: ANN401
        """Send `line`, such as "PUT issue/OPS-1"."""
        method, path = line.split(" ", 1)
        return self.request(method, self.base + path, json=body, params=query, timeout=10)

    def json(self, line: str, body: Any = None, *, status: int = 200, **query: Any) -> Any:  # noqa: ANN401
        """Send, and return the JSON of an answer that has that status."""
        answer = self.call(line, body, **query)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


def adf(text: str) -> dict[str, Any]:
    """Return a document of one paragraph."""
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": text}]}],
    }
