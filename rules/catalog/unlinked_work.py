"""A pull request that names no issue.

What it finds
    Pull requests of members, open or lately merged, that name no key of a Jira project that is known here, in their
    title, their description or their branch.

Why it matters
    Work that no issue knows of is in no plan, no sprint and no release note; and the board shows less than is done.

How it is judged
    Judged some time after the pull request was opened or left draft, so that its author can still add the key. A
    mention of the key is enough. Words that only look like a key ("SHA-256") name no known project. Left alone are
    automation, authors who are not members, drafts, small changes, changes of documentation (by the label or a title
    that begins with "docs:"; the files themselves are not read), labels such as "release", and what was closed without
    a merge.

What clears it
    A key in the title, the description or the branch; or making it a draft.

When it is wrong
    When the work needs no issue. Answer that it is wrong, or raise what counts as small. Some days after the merge it
    is no longer flagged.

Example
    A change of 240 lines was opened on Tuesday 24 November; by Wednesday it names no issue.
"""

from __future__ import annotations

import re
from datetime import datetime

from rules.catalog.common import choice, dormant_at, label_among, left_out, quiet_since, setting
from rules.catalog.timing import with_recheck
from rules.facts import Item, Kind, LinkKind, State
from rules.spec import Params, RuleType
from rules.verdict import Said, Verdict, clear, flagged, skipped

DOCS_LABELS = frozenset({"documentation", "docs"})
DOCS_TITLE = re.compile(r"docs?(\([^)]*\))?:", re.IGNORECASE)


class UnlinkedWorkParams(Params):
    """From which size on, and when."""

    settle_days: int = setting(
        "Asked after",
        default=1,
        unit="working days",
        low=0,
        high=30,
        description="Days after it was opened, or left draft, before it is flagged.",
    )
    merged_days: int = setting(
        "Asked until",
        default=5,
        unit="working days",
        low=0,
        high=90,
        description="Days after the merge for which it stays flagged.",
    )
    small_lines: int = setting(
        "Small: lines",
        default=20,
        unit="changed lines",
        low=0,
        high=10000,
        description="A change of at most so many lines is left alone, if it has few files too.",
    )
    small_files: int = setting(
        "Small: files",
        default=2,
        unit="changed files",
        low=0,
        high=1000,
        description="A change of at most so many files is left alone, if it has few lines too.",
    )
    own_issues: bool = choice(
        "Issues of the repository count",
        default=True,
        description="A pull request that closes an issue of any project is linked to work that is known.",
    )


def judge(subject: Item, params: UnlinkedWorkParams, now: datetime) -> Verdict:
    if not subject.project.watched_keys:
        return skipped("unlinked-work.no-project")
    if (reason := _left_alone(subject, params)) is not None:
        return reason
    if _is_linked(subject, params):
        return clear("unlinked-work.linked")
    calendar = subject.project.calendar
    ready = subject.pull_request.ready_at if subject.pull_request is not None else None
    since = ready or subject.created_at
    first = calendar.add_working_days(since, params.settle_days)
    merged = subject.closed_at
    gone = (
        dormant_at(subject.project, quiet_since(subject))
        if merged is None
        else calendar.add_working_days(merged, params.merged_days)
    )

    def look(at: datetime) -> Verdict:
        if at >= gone:
            return clear("unlinked-work.past")
        if at < first:
            return clear("unlinked-work.new", values={"since": since})
        reason = Said("unlinked-work.open", {"since": since})
        if merged is not None:
            reason = Said("unlinked-work.merged", {"on": merged})
        return flagged(
            reason.code,
            values=reason.values,
            since=since,
            evidence=(
                Said("unlinked-work.size", {"lines": subject.size.lines, "files": subject.size.files}),
                Said("unlinked-work.looked"),
            ),
            helps=Said("unlinked-work.helps"),
            gist="merged" if merged is not None else "open",
            refs=(subject.ref,),
        )

    return with_recheck(look, instants=(first, gone), now=now)


def _left_alone(subject: Item, params: UnlinkedWorkParams) -> Verdict | None:
    """The first reason why nobody expects this pull request to name an issue, or None."""
    if subject.state is State.DROPPED:
        return clear("unlinked-work.dropped")
    if (reason := left_out(subject)) is not None:
        return reason
    if (label := label_among(subject, subject.project.settings.scope_left_out_labels)) is not None:
        return skipped("common.left-out", values={"label": label})
    if subject.author is None or not subject.author.member:
        return skipped("unlinked-work.no-member")
    if subject.pull_request is None:
        return skipped("unlinked-work.unread")
    if subject.pull_request.draft:
        return skipped("unlinked-work.draft")
    if label_among(subject, DOCS_LABELS) is not None or DOCS_TITLE.match(subject.title):
        return skipped("unlinked-work.documentation")
    lines, files = subject.size.lines, subject.size.files
    if lines is None or files is None:
        return skipped("unlinked-work.size-unknown")
    if lines <= params.small_lines and files <= params.small_files:
        return skipped("unlinked-work.small", values={"lines": lines, "files": files})
    return None


def _is_linked(subject: Item, params: UnlinkedWorkParams) -> bool:
    """Whether it names an issue of a project that is known, or does the work of an issue of whatever project."""
    if subject.names & subject.project.watched_keys:
        return True
    done = (LinkKind.CLOSES, LinkKind.IMPLEMENTS)
    issues = (link for link in subject.links if not link.inbound and link.other_kind is not Kind.PULL_REQUEST)
    return params.own_issues and any(link.kind in done for link in issues)


TYPE = RuleType(
    name="unlinked-work",
    title="Unlinked work",
    sentence="Pull requests of some size that name no issue.",
    judges=Item,
    kinds=frozenset({Kind.PULL_REQUEST}),
    params=UnlinkedWorkParams,
    judge=judge,
    doc=__doc__,
    label="unlinked",
    label_color="d4d4d4",
)
