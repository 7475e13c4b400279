"""Natural keys of changes: one entry of history has one key, however it is learnt.

The same whether a webhook, a redelivery or the REST timeline tells it, and unique per project. `<n>` is the item's
number, `<iso>` the instant in UTC to the second (`2026-11-24T09:30:00Z`): for a webhook the snapshot's `updated_at`
(`closed_at` for a closing), for the timeline the entry's `created_at`.

    comment:<id>  review:<id>  review:<id>:dismissed  review_comment:<id>     ids are the tracker's
    push:<n>:<head sha>               timeline: `committed` (its sha) and `head_ref_force_pushed` (commit_id)
    state:<n>:opened:<iso>            the item's created_at; the timeline has no such entry, the item itself tells it
    state:<n>:closed:<iso>            also when merged: timeline `merged` and `closed` are one change, `after` tells
    state:<n>:reopened:<iso>
    title:<n>:<iso>  body:<n>:<iso>   timeline: `renamed`; edits of the body are in webhooks only
    label:<n>:+<name>:<iso>           and `-` for taken off, here and below
    assignee:<n>:+<user id>:<iso>
    reviewer:<n>:+<user id>:<iso>     reviewer:<n>:+team:<team id>:<iso>
    milestone:<n>:+<title>:<iso>      the timeline knows a milestone only by the title it had then
    draft:<n>:ready:<iso>             draft:<n>:draft:<iso>
    lock:<n>:locked:<iso>             lock:<n>:unlocked:<iso>
    queue:<n>:auto_merge_enabled:<iso>  auto_merge_disabled, enqueued, dequeued (timeline: added_to_merge_queue,
                                      removed_from_merge_queue)
    due:m<milestone number>:<iso>     iso: the milestone's updated_at (created_at when it was created with a date)
    milestone_state:m<number>:closed:<iso>  (closed_at)   milestone_state:m<number>:opened:<iso>
    milestone_title:m<number>:<iso>

GitHub's clock may tick between an item's `updated_at` and the timeline entry's `created_at`: an import should look for
the same key a second either side before it adds a row.
"""

from __future__ import annotations

from datetime import datetime


def iso(at: datetime) -> str:
    """An aware UTC instant to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def of_item(field: str, number: int, what: str, at: datetime) -> str:
    """`state:482:closed:2026-11-24T09:30:00Z`; without `what` the part is left out."""
    return f"{field}:{number}:{what}:{iso(at)}" if what else f"{field}:{number}:{iso(at)}"


def of_milestone(field: str, number: int, what: str, at: datetime) -> str:
    """As `of_item`, for a milestone: `due:m4:2026-11-24T09:30:00Z`."""
    return f"{field}:m{number}:{what}:{iso(at)}" if what else f"{field}:m{number}:{iso(at)}"


def push(number: int, sha: str) -> str:
    """A push to a pull request, by the commit that became its head."""
    return f"push:{number}:{sha}"


def by_id(field: str, native_id: str) -> str:
    """`comment:<id>`, `review:<id>` and `review_comment:<id>`: ids are unique by themselves."""
    return f"{field}:{native_id}"
