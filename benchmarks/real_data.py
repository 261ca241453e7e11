"""Writes docs/real-data.md: what is decided on 400 real issues (from MAKEGOOD_CORPUS, or ../shared)."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from real_issues import NOW, fitted_policy, passes, read_issues  # noqa: E402 - found beside the tests
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

PAGE = """\
# What is decided on 400 real issues

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
whatever is owed is said. Resolved and closed issues are left as they are. No ticket raised; “failed” counts
those that could not be read or written.

{passes}

What was written is what was planned, to the last label. A pass a minute later has nothing to do, nor has one
after an edit of the mapping. “Differs from Jira” counts verdicts (category, severity, and each clock's start,
limit, state and step) that are other than on Jira, and the tests derive each difference from what the tracker
cannot know:

- A workbook has no history, so a reopening, a change of owner or of priority before the first look is unknown; and
  a priority that somebody chose is raised there, for nobody is known to have chosen it.
- The loader ticks an Asana task that has a resolution date. Three issues are open again with an old resolution
  date left behind; on Asana they are done, and a fourth issue of the same reporter therefore is not raised. The
  others are owners who followed an owner of the same pseudonym, of which Asana tells no story.

## What was decided

{decided}

## Their lives, lived through again

At {now:%Y} the open issues have been silent for months, so each issue was also judged at every event of its
life and at every moment at which it asked to be looked at again (`wake_at`), knowing only what was known then.
A promise counts as made each time it begins (an issue that is reopened starts anew, each contact promises the
next update), as broken when its limit passed while the issue was open. “Fitted” is a matrix in the working days
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
   {unclassified} of 400 are unclassified. It guesses nothing, and the guard refuses the plan before the first
   write (more than half of the open tickets unclassified), which is as it should be; but such a team must map
   its issue type, as the fitted rules do.
2. **Raised too often.** “Major”, what an issue has when nobody chose, says nothing in
   the shipped file; “Blocker” is critical and “Critical” high. With the raise below, that
   makes {critical} of 400 critical, which nobody would believe for long.
3. **“The third issue of one client within 90 days”** is meant for clients who write rarely. Here it raises
   {raised} issues, for developers file their own plans, many at a time.
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
"""


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
    read = readings(Judged(fitted, shipped))
    return PAGE.format(
        now=NOW,
        closed=sum(not ticket.status.live for ticket in tickets),
        passes=table(PASS_HEADER, [pass_row(each, first.verdicts) for each in done]),
        decided=decided(fitted),
        lived=lived(lives_by_matrix(tickets, policy, source)),
        unfitted=unfitted(shipped),
        unclassified=sum(each.classification.category == "unclassified" for each in shipped),
        critical=sum(each.rating.severity == "critical" for each in shipped),
        raised=sum(bool(each.rating.raises) for each in shipped),
        statuses=", ".join(f"“{name}” ({count} issues)" for name, count in unknown_statuses(issues).items()),
        read=read_by_hand(read),
        overraised=overraised(read),
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
