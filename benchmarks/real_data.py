"""Writes docs/real-data.md: what is decided on real issues and tickets (from MAKEGOOD_CORPUS, or ../shared)."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from real_downtime import caught_up, sounds, told  # noqa: E402 - found beside the tests
from real_issues import NOW, fitted_policy, passes, read_issues  # noqa: E402
from real_report import (  # noqa: E402
    PASS_HEADER,
    Judged,
    decided,
    judge_of,
    judged,
    lived,
    lives_by_matrix,
    overraised,
    pass_row,
    read_by_hand,
    readings,
    shipped_policy,
    table,
    unfitted,
    unknown_statuses,
)
from real_trackers import KINDS, OnDataCenter  # noqa: E402

from sync.ticket import Status  # noqa: E402

if TYPE_CHECKING:
    from sync.judging.judgement import Judgement

PAGE = """\
# What is decided on real data: 400 issues, and a service desk

`benchmarks/real_data.py` writes this page, and a test fails when its figures are no longer what the program
decides.

**The data.** 400 issues of public Apache and DuraSpace trackers from 2007 to 2015, as collected by the
SEAnalytics data sets (Choetkiertikul et al., ASE 2015), with 862 comments and 2,249 sets of changes; people are
pseudonyms, links and logs are cut out. They are not distributed with makegood: the tests that need them skip
where they are not.

**What they are good for.** They are software issues, {closed} of the 400 closed, and hardly one is a client's
complaint. They test reading, history, clocks and volume. They say little about the taxonomy, and that little is
below.

**The mapping** is in `tests/data/real/`, fitted to them by reading them: the reporter stands for the client,
the project for the engagement. Whoever was never assigned an issue and never worked on one is on the client's
side; everybody else is staff, and whatever staff write, or a move to a status of work, is contact, for these
trackers are public. No status means “waiting for the client”, so nothing pauses while an issue is open (pauses
are tested on a real service desk instead).

## One pass at one moment, on five trackers

At {now.day} {now:%B %Y}, {now:%H:%M} UTC, with `mode = "full"` and a backlog limit of ten years, so that
whatever is owed is said. On an issue that is done, labels and date are left as they are; one that is resolved and
not yet closed is asked for news of its solution, once. “Failed” counts issues that could not be read or written.

{passes}

What was written is what was planned, to the last label. A pass a minute later has nothing to do, nor has one
after an edit of the mapping. “Differs from Jira” counts verdicts (category, severity, and each clock's start,
limit, state and step) that are other than on Jira, and the tests derive each difference from what the tracker
cannot know:

- A workbook has no history, so a reopening, a change of owner or of priority before the first look is unknown; and
  a priority that somebody chose is raised there, for nobody is known to have chosen it.
- The loader ticks an Asana task that has a resolution date. Three issues are open again with an old resolution
  date left behind; on Asana they are done, and a fourth issue of the same reporter therefore is not raised. The
  others are owners who followed an owner of the same pseudonym, of which Asana tells no story, and the
  {resolved} issues that are resolved on Jira and not closed: a tick says both at once, so no news of the solution
  is owed there.

## What was decided

{decided}

## Their lives, lived through again

At {now:%Y} the open issues have been silent for months, so each issue was also judged at every event of its
life and at every moment at which it asked to be looked at again (`wake_at`), knowing only what was known then.
A promise counts as made each time it begins (an issue that is reopened starts anew, each contact promises the
next update), as broken when its limit passed before it was kept. Of the promises beyond the matrix only the two
that contact alone can prove are watched, for no other evidence is mapped. “Fitted” is a matrix in the working days
of volunteers; “shipped” is that of `mappings/escalation.toml`. The first responses were counted a second time
by plain arithmetic on the JSON: the same.

{lived}

Nobody promised these reporters anything, so the shares say nothing about the projects. They do say what would
happen to a team that switches makegood on over an unanswered pile: without `backlog_after` and the guard, a
flood. And where nobody comments because the fix itself is the answer, an issue that is quietly fixed after the
limit counts as never answered.

## The shipped rules, as they are

{unfitted}

Weak on these issues, in the order of what it would cost:

1. **The taxonomy is silent.** Its phrases are those of a client who complains to a firm: late, invoice, scope,
   nobody answers. A developer writes “fails” or “NPE”; plain words for defects are known, little else. So
   {unclassified} of 400 are unclassified, and the guard refuses the plan before the first write (more than half of
   the open tickets unclassified), which is as it should be; but such a team must map its issue type, as the fitted
   rules do.
2. **Raised too often.** “Major”, what an issue has when nobody chose, says nothing in
   the shipped file; “Blocker” is critical and “Critical” high. With the raises below, that
   makes {critical} of 400 critical, which nobody would believe for long.
3. **“The third issue of one client within 90 days”** is meant for clients who write rarely. Here it raises
   {client_issues} issues, for developers file their own plans, many at a time. {reopened} are raised because they
   were reopened, and {missed_deadlines} by two dates missed in a row, for a project's dates pass one after the
   other.
4. **Statuses that are in no list** of the shipped `jira.toml`: {statuses}. Such an issue is not judged, and is
   reported with the line to add.

## Read by hand

Every sixteenth issue, read with its comments and called what a consultancy would call it. The fitted rules were
written before these were read, but by somebody who had skimmed all 400 titles; take the shares as an upper
bound.

{read}

What the fitted rules get wrong is mostly what an issue type cannot tell: a story may be a wish, a bug may be
one too, and a question or an errand is no client's problem at all, where the rules by type leave no room for
“unclassified”. Of the severities, {overraised} were right until the reporter's other issues raised them;
“Blocker” and “Critical” account for others, being about a release and not about anybody's engagement.

## A service desk, and a daemon that was down

The 649 tickets of a real service desk (the AEA Data Editor's, CC BY 4.0; its history comes without texts) lived
through in autumn 2025 under the shipped policy. Statuses and owners are the desk's own. What its history does not
tell is made up, the same each time: each ticket's client and priority, and that a due date somebody touched is two
weeks ahead. That a ticket is moved to “waiting for the client” counts as contact.

One daemon was never down and looked every hour, or every four through the month. Another one was down for a while
beside it, and made one pass when it came back. However many steps had fallen due meanwhile, a ticket hears the
newest one of each promise, in one comment that says how late it is; a pass a minute later adds nothing; and nobody
on the ladder is passed over for having been asked by nobody.

{downtime}

“Left to the report” are tickets with something that fell due longer ago than `backlog_after`, which gets a line
and no comment; “wait for another day” those whose comment would ask somebody for more than a day's measure
(`attention.toml`).

What the one that was never down said in that month, by what was owed. `times` counts occasions: one ticket, one
promise, one beginning.

{month}
"""

TRIGGERS = ("client_issues", "reopened", "missed_deadlines")


def _triggers(judged: Judgement) -> set[str]:
    return {raising.pull.trigger.kind for raising in judged.rating.raises}


def page(corpus: Path, folder: Path) -> str:
    """The whole page; `folder` is for what the trackers need meanwhile."""
    issues, policy = read_issues(corpus), fitted_policy(folder / "mappings")
    done = []
    for number, kind in enumerate(KINDS):
        place = folder / str(number)
        place.mkdir()
        done.append(passes(kind, issues, policy, place))
    first = next(each for each in done if each.name == OnDataCenter.name)
    source, tickets = first.source, [each.ticket for each in first.first.judged]
    fitted = judged(tickets, judge_of(policy, source))
    shipped = judged(tickets, judge_of(shipped_policy(policy), source))
    read, desk = readings(Judged(fitted, shipped)), caught_up(corpus, folder / "desk")
    return PAGE.format(
        now=NOW,
        closed=sum(not ticket.status.live for ticket in tickets),
        resolved=sum(ticket.status is Status.RESOLVED for ticket in tickets),
        passes=table(PASS_HEADER, [pass_row(each, first.verdicts) for each in done]),
        decided=decided(fitted),
        lived=lived(lives_by_matrix(tickets, policy, source)),
        unfitted=unfitted(shipped),
        unclassified=sum(each.classification.category == "unclassified" for each in shipped),
        critical=sum(each.rating.severity == "critical" for each in shipped),
        **{kind: sum(kind in _triggers(each) for each in shipped) for kind in TRIGGERS},
        statuses=", ".join(f"“{name}” ({count} issues)" for name, count in unknown_statuses(issues).items()),
        read=read_by_hand(read),
        overraised=overraised(read),
        downtime=told(desk),
        month=sounds(desk[-1]),
    )


def main() -> None:
    corpus = Path(os.environ.get("MAKEGOOD_CORPUS") or ROOT.parent / "shared")
    if not (corpus / "data").is_dir():
        sys.exit(f"the corpus of real issues is not in {corpus}; set MAKEGOOD_CORPUS to its folder")
    with tempfile.TemporaryDirectory() as folder:
        written = page(corpus, Path(folder))
    (ROOT / "docs" / "real-data.md").write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
