"""Whether a text may go to a client: its tone, by the word lists of its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.legible import inert
from sync.richtext import plain
from sync.saying.tone import lint, staff, told

if TYPE_CHECKING:
    from sync.judging.judgement import Judgement
    from sync.mapping.policy import Policy
    from sync.richtext import Document
    from sync.saying.comments import Composer
    from sync.saying.tone import Slip
    from sync.ticket import Language


def slips(judged: Judgement, body: Document, composer: Composer, policy: Policy) -> str:
    """What is wrong with a text for the client, in the language of the staff; empty if nothing is."""
    language = composer.language(judged, client=True)
    found = slips_of(judged, plain(body), language, policy)
    if isinstance(found, str):
        return found
    tone = policy.tone.get(composer.language(judged, client=False), policy.tone[language])
    return told(found, tone) if found else ""


def slips_of(judged: Judgement, text: str, language: Language, policy: Policy) -> list[Slip] | str:
    """The slips of a text for the client; a sentence where the language has no word lists.

    Such a language cannot be judged, so nothing in it goes to a client.
    """
    tone = policy.tone.get(language)
    if tone is None:
        return f"mappings/tone/{language}.toml is missing; copy the shipped one back"
    ticket = judged.ticket
    people = [ticket.assignee, *(comment.author for comment in ticket.comments)]
    names = {person.name for person in people if person and person.side == "staff"} | staff(policy.clients)
    quoted = [inert(words) for words in (ticket.title, ticket.client, ticket.engagement) if words]
    return lint(text, language, tone, client=True, names=names, quoted=quoted)
