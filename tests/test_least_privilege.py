"""What an account needs on each tracker and what it must not have: `check --online` tells, docs/security.md lists."""

from __future__ import annotations

import ast
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import pytest
from fakes import vendor_specs
from harness_asana import STAFF, AsanaHarness
from harness_jira import CLIENT, CloudDeskHarness, CloudHarness, DataCenterHarness, JiraHarness, connected

from sync.action import Draft, Edit, FollowUp
from sync.errors import CredentialsError
from sync.richtext import Paragraph, Text
from sync.ticket import Audience
from sync.trackers import jira_site
from sync.trackers.asana import open_asana
from sync.trackers.jira import open_jira
from sync.trackers.jira_http import JiraHttp
