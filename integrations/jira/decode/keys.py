"""Natural keys of changes: one entry of history has one key, however it is learnt.

The same whether a webhook's changelog or the REST API's histories tell it, unique per tracker. Ids are Jira's own; an
entry of a changelog is found by the history's id and its field, since the order of its items is not promised.

    opened:<issue id>                     at the issue's `created`; no changelog has such an entry
    changelog:<history id>:status         status, summary, description, duedate, issuetype, security, assignee, key
    changelog:<history id>:points         the estimate in the team's unit; flagged: its flag
    changelog:<history id>:timespent      and timeestimate, timeoriginalestimate: hours, as "timespent:7200"
    changelog:<history id>:label:+<name>  and `-` for taken off, here and below
    changelog:<history id>:sprint:+<id>   milestone joined or left; also version:+<id> and epic:+<issue id>
    changelog:<history id>:link:+<key>:<Jira's words>
    changelog:<history id>:parent         of a sub-task
    comment:<id>  worklog:<id>
    sprint:<id>:started:<iso>  sprint:<id>:closed:<iso>  version:<id>:released:<iso>  version:<id>:unreleased:<iso>
    sprint:<id>:due:<iso>  sprint:<id>:title:<iso>        where an event tells what was before

Left out, because the snapshot says all that is needed or because nobody asks: resolution (its status tells), priority,
components, rank, attachments, workflow, affected versions, reporter, remote links, and any other custom field.
"""

from __future__ import annotations

from datetime import datetime


def opened(issue_id: str) -> str:
    return f"opened:{issue_id}"


def entry(history_id: str, what: str) -> str:
    """One entry of a changelog."""
    return f"changelog:{history_id}:{what}"


def by_id(field: str, native_id: str) -> str:
    """`comment:<id>` and `worklog:<id>`: ids are unique by themselves."""
    return f"{field}:{native_id}"


def of_milestone(native_id: str, what: str, at: datetime) -> str:
    """`sprint:31:closed:2026-11-27T16:00:00.000Z`; `native_id` as in "sprint/31"."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    return f"{native_id.replace('/', ':')}:{what}:{stamp}"
