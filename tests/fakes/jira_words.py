"""What the Jira fakes say when they refuse, in the languages of a site: clients must not rely on any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes.server import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS: dict[str, dict[str, str]] = {
    "anonymous": {
        "en": "Client must be authenticated to access this resource.",
        "de": "Der Client muss authentifiziert sein, um auf diese Ressource zuzugreifen.",
    },
    "no issue": {
        "en": "Issue does not exist or you do not have permission to see it.",
        "de": "Der Vorgang existiert nicht oder Sie haben keine Berechtigung, ihn anzuzeigen.",
    },
    "no thing": {
        "en": "Can not find {what}.",
        "de": "{what} kann nicht gefunden werden.",
    },
    "no route": {"en": "No resource at this address.", "de": "Unter dieser Adresse gibt es keine Ressource."},
    "media type": {"en": "Unsupported Media Type", "de": "Nicht unterstützter Medientyp"},
    "payload": {
        "en": "Invalid request payload. Refer to the REST API documentation and try again. ({why})",
        "de": "Ungültige Anforderungsnutzlast. Lesen Sie die REST-API-Dokumentation. ({why})",
    },
    "gone": {
        "en": "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.",
        "de": "Die angeforderte API wurde entfernt. Bitte wechseln Sie zur API /rest/api/3/search/jql.",
    },
    "rate": {"en": "Rate limit exceeded.", "de": "Ratenlimit überschritten."},
    "notify": {
        "en": "To discard the user notification either admin or project admin permissions are required.",
        "de": "Um die Benachrichtigung zu unterdrücken, sind Admin-Berechtigungen erforderlich.",
    },
    "no comments": {
        "en": "You do not have the permission to comment on this issue.",
        "de": "Sie haben keine Berechtigung, diesen Vorgang zu kommentieren.",
    },
    "comment": {"en": "Comment body is not valid!", "de": "Der Kommentartext ist ungültig!"},
    "level": {
        "en": "Role or group with name '{name}' does not exist.",
        "de": "Rolle oder Gruppe mit dem Namen '{name}' ist nicht vorhanden.",
    },
    "long": {
        "en": "The entered text is too long. It exceeds the allowed limit of 32,767 characters.",
        "de": "Der eingegebene Text ist zu lang. Er überschreitet das Limit von 32.767 Zeichen.",
    },
    "not a document": {
        "en": "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
        "de": "Der Wert muss ein Atlassian-Dokument sein (siehe Atlassian Document Format)",
    },
    "not a string": {"en": "Operation value must be a string", "de": "Der Wert muss eine Zeichenkette sein"},
    "not on screen": {
        "en": "Field '{field}' cannot be set. It is not on the appropriate screen, or unknown.",
        "de": "Feld '{field}' kann nicht gesetzt werden. Es ist unbekannt oder nicht auf der Maske.",
    },
    "twice": {
        "en": "Field '{field}' cannot appear in both 'fields' and 'update'",
        "de": "Das Feld '{field}' kann nicht zugleich in 'fields' und 'update' stehen",
    },
    "operation": {
        "en": "The operation '{name}' is not supported for this field.",
        "de": "Die Operation '{name}' wird für dieses Feld nicht unterstützt.",
    },
    "label": {
        "en": "The label '{label}' contains spaces which is invalid.",
        "de": "Das Stichwort '{label}' enthält Leerzeichen und ist daher ungültig.",
    },
    "long label": {
        "en": "The label '{label}' exceeds the maximum length of 255 characters.",
        "de": "Das Stichwort '{label}' überschreitet die Höchstlänge von 255 Zeichen.",
    },
    "date": {
        "en": 'Error parsing date string: "{value}". Use "yyyy-MM-dd".',
        "de": 'Das Datum "{value}" ist ungültig. Bitte verwenden Sie "yyyy-MM-dd".',
    },
    "choice": {"en": "The value chosen is invalid.", "de": "Der ausgewählte Wert ist ungültig."},
    "required": {"en": "You must specify a value.", "de": "Sie müssen einen Wert angeben."},
    "property": {
        "en": "The property '{key}' is not valid: {why}",
        "de": "Die Eigenschaft '{key}' ist ungültig: {why}",
    },
    "unbounded": {
        "en": "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
        "de": "Unbegrenzte JQL-Abfragen sind hier nicht zulässig. Bitte schränken Sie die Suche ein.",
    },
    "jql": {
        "en": "Error in the JQL Query: {why}",
        "de": "Fehler in der JQL-Abfrage: {why}",
    },
    "jql value": {
        "en": "The value '{value}' does not exist for the field '{field}'.",
        "de": "Der Wert '{value}' ist für das Feld '{field}' nicht vorhanden.",
    },
    "token": {
        "en": "The provided next page token is invalid or expired.",
        "de": "Das Token für die nächste Seite ist ungültig oder abgelaufen.",
    },
}


def say(language: str, text: str, **values: object) -> str:
    """Return the named text in `en` or `de`."""
    return _TEXTS[text][language].format(**values)


Why = tuple[str, dict[str, object]]
"""A text's name and its values."""


class Refusal(Exception):  # noqa: N818 - it is the answer to a request, not a fault of the fake
    """A request that is refused: with a status, a named text, and named texts by field or parameter."""

    def __init__(
        self,
        status: int,
        text: str = "",
        *,
        errors: Mapping[str, Why] | None = None,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        super().__init__(text or sorted(errors or ()))
        self.status = status
        self.text = text
        self.values = values
        self.errors = dict(errors or {})
        self.headers = dict(headers or {})

    def answer(self, language: str) -> Answer:
        """Return the answer, worded in a language."""
        messages = [say(language, self.text, **self.values)] if self.text else []
        errors = {name: say(language, text, **values) for name, (text, values) in self.errors.items()}
        return Answer(self.status, {"errorMessages": messages, "errors": errors}, self.headers)


def payload(why: str) -> Refusal:
    """Return the refusal of a body or a parameter that is not of the documented shape."""
    return Refusal(400, "payload", why=why)
