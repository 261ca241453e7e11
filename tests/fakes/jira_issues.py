"""The resources of one issue that Jira Cloud and Data Center share: itself, its comments, its properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fakes.jira_edit import check_property
from fakes.jira_users import UserResources
from fakes.jira_view import Ask
from fakes.jira_words import Refusal, payload
from fakes.server import Answer

if TYPE_CHECKING:
    from fakes.jira_call import Call
    from fakes.jira_edit import Edit, NewComment
    from fakes.jira_records import Comment, Issue


class IssueResources(UserResources):
    """A Jira with its issues; `histories_on_get` is how many of them GET issue shows inline (None: all)."""

    histories_on_get: ClassVar[int | None]
    comments_a_page: ClassVar[int]
    """How many comments a page has when the client names no number."""
    routes: ClassVar[dict[tuple[str, str], str]] = {
        ("GET", "issue/([^/]+)"): "get_issue",
        ("PUT", "issue/([^/]+)"): "put_issue",
        ("GET", "issue/([^/]+)/editmeta"): "get_edit_meta",
        ("GET", "issue/([^/]+)/comment"): "get_comments",
        ("POST", "issue/([^/]+)/comment"): "post_comment",
        ("GET", "issue/([^/]+)/comment/([^/]+)"): "get_comment",
        ("DELETE", "issue/([^/]+)/comment/([^/]+)"): "remove_comment",
        ("GET", "issue/([^/]+)/properties"): "get_properties",
        ("GET", "issue/([^/]+)/properties/([^/]+)"): "get_property",
        ("PUT", "issue/([^/]+)/properties/([^/]+)"): "put_property",
        ("DELETE", "issue/([^/]+)/properties/([^/]+)"): "delete_property",
        ("GET", "comment/([^/]+)/properties"): "get_comment_properties",
        ("GET", "comment/([^/]+)/properties/([^/]+)"): "get_comment_property",
    }

    # --- the issue ----------------------------------------------------------------------------------------

    def get_issue(self, call: Call, which: str) -> Answer:
        """Answer GET /issue/{id or key}: the state of this moment, whatever search says."""
        issue = self.visible(call, which)
        return Answer(body=call.view.issue(issue, self.ask_of_one(call)).encode())

    def ask_of_one(self, call: Call) -> Ask:
        """Return what the query of a request for one issue asks of it."""
        return Ask(
            call.words("fields") or ("*all",),
            frozenset(call.words("expand")),
            call.words("properties"),
            changes=self.histories_on_get,
        )

    def put_issue(self, call: Call, which: str) -> Answer:
        """Answer PUT /issue/{id or key}: fields, updates and properties, all of them or none."""
        issue = self.visible(call, which)
        quiet = call.request.one("notifyUsers") == "false"
        admin = any(call.may(one, issue.project) for one in ("ADMINISTER", "ADMINISTER_PROJECTS"))
        if quiet and not admin:
            raise Refusal(403, "notify")
        self._write(issue, self.reader(call, issue).edit(call.request.body))
        if self.cloud and call.request.one("returnIssue") == "true":
            return Answer(body=call.view.issue(issue, self.ask_of_one(call)).encode())
        return Answer(204)

    def _write(self, issue: Issue, edit: Edit) -> None:
        self.site.edit(issue, self.caller.name, edit.values)
        for new in edit.comments:
            self._add(issue, new)
        with self.site.writing(issue):
            issue.properties.update(edit.properties)

    def get_edit_meta(self, call: Call, which: str) -> Answer:
        """Answer GET /issue/{id or key}/editmeta."""
        return Answer(body=self.edit_meta(call, self.visible(call, which)))

    # --- comments -----------------------------------------------------------------------------------------

    def get_comments(self, call: Call, which: str) -> Answer:
        """Answer GET /issue/{id or key}/comment: a page, the oldest first unless `orderBy` says else."""
        issue = self.visible(call, which)
        order = call.request.one("orderBy", "created").strip()
        if order.removeprefix("-").removeprefix("+") != "created":
            raise payload("orderBy")
        start = call.number("startAt", 0)
        most = call.number("maxResults", self.comments_a_page, 5000)
        comments = issue.comments[::-1] if order.startswith("-") else issue.comments
        shown = comments[start : start + most]
        properties = "properties" in call.words("expand")
        return Answer(
            body={
                "startAt": start,
                "maxResults": most,
                "total": len(comments),
                "comments": [call.view.comment(issue, one, properties=properties) for one in shown],
            }
        )

    def post_comment(self, call: Call, which: str) -> Answer:
        """Answer POST /issue/{id or key}/comment; the properties travel in the body."""
        issue = self.visible(call, which)
        comment = self._add(issue, self.reader(call, issue).comment(call.request.body))
        return Answer(201, call.view.comment(issue, comment, properties="properties" in call.words("expand")))

    def _add(self, issue: Issue, new: NewComment) -> Comment:
        return self.site.comment(issue, self.caller.name, new.body, new.properties, new.visibility)

    def get_comment(self, call: Call, which: str, number: str) -> Answer:
        """Answer GET /issue/{id or key}/comment/{id}."""
        issue = self.visible(call, which)
        for comment in issue.comments:
            if comment.id == number:
                properties = "properties" in call.words("expand")
                return Answer(body=call.view.comment(issue, comment, properties=properties))
        raise Refusal(404, "no thing", what=f"comment {number}")

    def remove_comment(self, call: Call, which: str, number: str) -> Answer:
        """Answer DELETE /issue/{id or key}/comment/{id}: one's own, or anybody's with the right for that."""
        issue = self.visible(call, which)
        comment = next((one for one in issue.comments if one.id == number), None)
        if comment is None:
            raise Refusal(404, "no thing", what=f"comment {number}")
        own = comment.author == self.caller.name and call.may("DELETE_OWN_COMMENTS", issue.project)
        if not own and not call.may("DELETE_ALL_COMMENTS", issue.project):
            raise Refusal(400, "no comments")
        with self.site.writing(issue):
            issue.comments.remove(comment)
            issue.updated = self.site.now
        return Answer(204)

    def _comment(self, call: Call, number: str) -> Comment:
        for issue in self.site.issues.values():
            for comment in issue.comments:
                if comment.id == number and call.may("BROWSE_PROJECTS", issue.project):
                    return comment
        raise Refusal(404, "no thing", what=f"comment {number}")

    def get_comment_properties(self, call: Call, number: str) -> Answer:
        """Answer GET /comment/{id}/properties: the keys."""
        keys = self._comment(call, number).properties
        address = f"{call.view.api}/comment/{number}/properties"
        return Answer(body={"keys": [{"self": f"{address}/{key}", "key": key} for key in keys]})

    def get_comment_property(self, call: Call, number: str, key: str) -> Answer:
        """Answer GET /comment/{id}/properties/{key}."""
        properties = self._comment(call, number).properties
        if key not in properties:
            raise Refusal(404, "no thing", what=f"property {key}")
        return Answer(body={"key": key, "value": properties[key]})

    # --- entity properties --------------------------------------------------------------------------------

    def get_properties(self, call: Call, which: str) -> Answer:
        """Answer GET /issue/{id or key}/properties: the keys."""
        issue = self.visible(call, which)
        address = f"{call.view.api}/issue/{issue.id}/properties"
        return Answer(body={"keys": [{"self": f"{address}/{key}", "key": key} for key in issue.properties]})

    def get_property(self, call: Call, which: str, key: str) -> Answer:
        """Answer GET /issue/{id or key}/properties/{key}."""
        issue = self.visible(call, which)
        self._has(issue, key)
        return Answer(body={"key": key, "value": issue.properties[key]})

    def put_property(self, call: Call, which: str, key: str) -> Answer:
        """Answer PUT /issue/{id or key}/properties/{key}: no history, and `updated` stays."""
        issue = self.visible(call, which)
        if not call.may("EDIT_ISSUES", issue.project):
            raise Refusal(403, "no issue")
        if call.request.body is None:
            raise Refusal(400, "property", key=key, why="empty")
        check_property(key, call.request.body)
        status = 200 if key in issue.properties else 201
        with self.site.writing(issue):
            issue.properties[key] = call.request.body
        return Answer(status)

    def delete_property(self, call: Call, which: str, key: str) -> Answer:
        """Answer DELETE /issue/{id or key}/properties/{key}."""
        issue = self.visible(call, which)
        if not call.may("EDIT_ISSUES", issue.project):
            raise Refusal(404 if self.cloud else 403, "no issue")
        self._has(issue, key)
        with self.site.writing(issue):
            del issue.properties[key]
        return Answer(204)

    @staticmethod
    def _has(issue: Issue, key: str) -> None:
        if key not in issue.properties:
            raise Refusal(404, "no thing", what=f"property {key}")
