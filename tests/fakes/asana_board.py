"""What an Asana organisation holds, set up and looked into as a test likes."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, TypeVar

from fakes.asana_events import EventLog
from fakes.asana_fields import Field, Kind, Option, display
from fakes.asana_people import Person, Team, Thing, Workspace
from fakes.asana_things import Access, Project, Section, Setting, Story, Tag, Task
from fakes.asana_wording import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

T = TypeVar("T", bound=Thing)


class Board:
    """All things by gid. People, sections, fields, options and tags are named by name, the rest by gid.

    A person is made at first mention. `bot` is the name of the person whose token we hold.
    """

    bot = "makegood"

    def __init__(self, *, paid: bool, language: str) -> None:
        if language not in LANGUAGES:
            raise ValueError(f"no wording in {language!r}; there is {', '.join(LANGUAGES)}")
        self._gids = count(1200000000000001)
        self.people: dict[str, Person] = {}
        self.all_tags: list[Tag] = []
        self.things: dict[str, Thing] = {}
        self.events = EventLog()
        self.organisation = self._keep(Workspace(gid=self._gid(), name="Agency", paid=paid, language=language))
        self.person(self.bot)

    @property
    def workspace(self) -> str:
        """The organisation's gid."""
        return self.organisation.gid

    # --- setting up -----------------------------------------------------------------------------------------

    def person(self, name: str, *, guest: bool = False) -> Person:
        """Return the person of that name; `guest` counts when they are made now."""
        if name not in self.people:
            email = f"{name.casefold().replace(' ', '.')}@{'client' if guest else 'agency'}.example"
            home = self.organisation
            made = Person(gid=self._gid(), name=name, email=email, guest=guest, workspace=home)
            self.people[name] = self._keep(made)
        return self.people[name]

    def add_team(self, name: str, members: Iterable[str]) -> str:
        """Make a team of these people, and return its gid."""
        people = [self.person(member) for member in members]
        return self._keep(Team(gid=self._gid(), name=name, workspace=self.organisation, members=people)).gid

    def add_project(
        self, name: str, *, sections: Iterable[str] = ("Untitled section",), open_as: Access | None = "editor"
    ) -> str:
        """Make a project, and return its gid.

        `open_as` is what everyone in the organisation but guests may do in it; None makes it private.
        """
        project = Project(
            gid=self._gid(),
            name=name,
            created_at=self.now,
            workspace=self.organisation,
            open_as=open_as,
        )
        self._keep(project)
        for section in sections:
            self.add_section(project.gid, section)
        return project.gid

    def share(self, project: str, who: str, access: Access = "editor") -> None:
        """Make a person (by name), or a team (by gid), a member of a project."""
        team = self.things.get(who)
        member = team if isinstance(team, Team) else self.person(who)
        self.project(project).members[member] = access

    def add_section(self, project: str, name: str) -> Section:
        """Add a section at the end of a project."""
        home = self.project(project)
        section = Section(gid=self._gid(), name=name, created_at=self.now, project=home)
        home.sections.append(self._keep(section))
        return section

    def add_field(self, project: str, name: str, kind: Kind, options: Iterable[str] = ()) -> Field:
        """Put a custom field on a project; the one of that name on other projects, if there is one."""
        known = (field for field in self.all(Field) if field.name == name)
        field = next(known, None) or self._keep(Field(gid=self._gid(), name=name, type=kind))
        for option in options:
            self.add_option(field, option)
        home = self.project(project)
        home.settings.append(self._keep(Setting(gid=self._gid(), project=home, field=field)))
        return field

    def add_option(self, field: Field, name: str) -> Option:
        """Add a choice to an enum field, unless it has it."""
        known = next((option for option in field.options if option.name == name), None)
        if known is None:
            known = self._keep(Option(gid=self._gid(), name=name))
            field.options.append(known)
        return known

    def add_tag(self, name: str) -> Tag:
        """Make a tag, though there be one of that name."""
        tag = Tag(gid=self._gid(), name=name, created_at=self.now, workspace=self.organisation)
        self.all_tags.append(self._keep(tag))
        return tag

    def tag_named(self, name: str) -> Tag:
        """Return the first tag of that name, made when there is none."""
        return next((tag for tag in self.all_tags if tag.name == name), None) or self.add_tag(name)

    # --- looking into ---------------------------------------------------------------------------------------

    def project(self, gid: str) -> Project:
        """Return a project."""
        return self._the(Project, gid)

    def task(self, gid: str) -> Task:
        """Return a task that is not deleted."""
        return self._the(Task, gid)

    def tags(self, task: str) -> list[str]:
        """Return the names of a task's tags."""
        return [tag.name for tag in self.task(task).tags]

    def stories(self, task: str) -> list[Story]:
        """Return a task's stories, oldest first."""
        return sorted(self.task(task).stories, key=lambda story: story.created_at)

    def comments(self, task: str, by: str | None = None) -> list[str]:
        """Return the texts of a task's comments, oldest first; with `by`, only that person's."""
        return [
            story.text
            for story in self.stories(task)
            if story.is_comment and by in {None, story.created_by and story.created_by.name}
        ]

    def field(self, task: str, name: str) -> str | None:
        """Return a custom field's value on a task as Asana displays it."""
        of = self.task(task)
        return display(of.value(self._field(of, name)))

    # --- inside ---------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The clock of whatever serves this board."""
        raise NotImplementedError

    def all(self, kind: type[T]) -> list[T]:
        """Return all things of a kind, oldest first."""
        return [thing for thing in self.things.values() if isinstance(thing, kind)]

    def find(self, kind: type[T], gid: str) -> T | None:
        """Return the thing with that gid, if it is of that kind."""
        thing = self.things.get(gid)
        return thing if isinstance(thing, kind) else None

    def _the(self, kind: type[T], gid: str) -> T:
        thing = self.find(kind, gid)
        if thing is None:
            raise LookupError(f"the fake has no {kind.__name__} {gid}")
        return thing

    def _field(self, task: Task, name: str) -> Field:
        return next(field for field in task.fields() if field.name == name)

    def _gid(self) -> str:
        return str(next(self._gids))

    def _keep(self, thing: T) -> T:
        self.things[thing.gid] = thing
        return thing
