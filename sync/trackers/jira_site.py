"""Which Jira it is: its deployment, its lasting id, and who we are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from sync.errors import CredentialsError, NotFoundError, ServerFaultError
from sync.trackers.jira_cloud import CloudApi
from sync.trackers.jira_dc import DataCenterApi
from sync.trackers.jira_poll import zone_of
from sync.trackers.jira_records import person

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from sync.trackers.jira_api import JiraApi
    from sync.trackers.jira_fields import Columns
    from sync.trackers.jira_http import JiraHttp
    from sync.trackers.sources import JiraSource
    from sync.trackers.translate import RawPerson

Deployment = Literal["cloud", "data-center"]

_GATEWAY = "api.atlassian.com"
"""Where scoped tokens work: another address of a Cloud site than the one people know."""


@dataclass(frozen=True, slots=True)
class Site:
    """`id` is for the state, `address` where people open tickets; `me` our account, `zone` that of its profile.

    `told_at` is when we signed in, by Jira's own clock, if it said.
    """

    id: str
    address: str
    me: RawPerson
    zone: tzinfo
    told_at: datetime | None = None


@dataclass(slots=True)
class Memory:
    """What is learned once and shared by clones; `desks` tells by ticket id which lie in a service desk, `names`
    the user name of a user key on Data Center, `refused` why somebody could not be brought in last time.
    """

    deployment: Deployment | None = None
    address: str = ""
    site: Site | None = None
    columns: Columns | None = None
    columns_at: datetime | None = None
    desks: dict[str, bool] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    refused: str = ""


def api_of(memory: Memory, http: JiraHttp) -> JiraApi:
    """The API that a Jira of this deployment speaks; version 2, which both serve, while it is not known."""
    api: JiraApi = CloudApi(http) if memory.deployment == "cloud" else DataCenterApi(http, memory.names)
    http.version = api.version
    return api


def sign_in(source: JiraSource, http: JiraHttp, memory: Memory) -> Site:
    """Ask who we are, the one question that bad credentials cannot pass; what is learned is kept in `memory`.

    The answer tells Cloud from Data Center, too: only Cloud has account ids. The site's id is the source's `site`,
    else host and path of the address where people open it (a Cloud site has the same through the gateway).
    """
    memory.deployment = memory.deployment or source.deployment or _by_address(source)
    api_of(memory, http)
    try:
        answer = http.read("GET", "myself")
    except CredentialsError as error:
        raise CredentialsError(f"{error}{_hint(source, memory)}") from None
    except NotFoundError as error:
        raise NotFoundError(f"{error}; is the source's `url` right, with its context path?") from None
    account = answer.record
    me = person(account)
    if me is None or not me.id:
        raise ServerFaultError("Jira does not say who the account is")
    memory.deployment = memory.deployment or ("cloud" if account.get("accountId") else "data-center")
    memory.address = memory.address or _address(source, http)
    parts = urlsplit(memory.address)
    name = source.site or f"{parts.netloc.rpartition('@')[2].casefold()}{parts.path.rstrip('/')}"
    memory.site = Site(name, memory.address, me, zone_of(account.get("timeZone")), answer.at)
    return memory.site


def _by_address(source: JiraSource) -> Deployment | None:
    host = urlsplit(source.url).hostname or ""
    return "cloud" if host == _GATEWAY or host.endswith((".atlassian.net", ".jira.com")) else None


def _address(source: JiraSource, http: JiraHttp) -> str:
    if urlsplit(source.url).hostname != _GATEWAY:
        return source.url
    address = http.read("GET", "serverInfo").record.get("baseUrl")
    if not isinstance(address, str) or not address:
        raise ServerFaultError("Jira does not tell its own address (serverInfo has no baseUrl)")
    return address.rstrip("/")


def _hint(source: JiraSource, memory: Memory) -> str:
    match memory.deployment, bool(source.email):
        case "data-center", False:
            return ""
        case "data-center", True:
            return "; on Data Center a personal access token goes alone: leave `email` out"
        case _, False:
            return "; on Jira Cloud an API token goes with the address of its account: set `email`"
        case "cloud", _ if urlsplit(source.url).hostname == _GATEWAY:
            return (
                "; `email` must be the address of the account that made the token, "
                "and the token must have the scopes that docs/security.md lists"
            )
        case "cloud", _:
            return "; `email` must be the address of the account that made the token"
        case _:
            return "; `email` must be the address of the account that made the token, on Data Center leave it out"
