"""What `plumbline tracker` says: what a connection may do, and how to set up its webhook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

if TYPE_CHECKING:
    from app.bootstrap import Runtime
    from app.services.connect import Checked

EVENTS = (
    "Check runs",
    "Check suites",
    "Issue comments",
    "Issue dependencies",
    "Issues",
    "Labels",
    "Milestones",
    "Pull request review comments",
    "Pull request review threads",
    "Pull request reviews",
    "Pull requests",
    "Repositories",
    "Statuses",
    "Sub issues",
)
"""The events to tick, in GitHub's words. An App is told of its installations without being asked."""


def as_data(one: Checked) -> dict[str, object]:
    """A check for programs."""
    return {
        "tracker": one.tracker,
        "connection": one.connection_id,
        "kind": one.kind,
        "installation": one.installation,
        "ok": not one.problem,
        "answered": one.answered,
        "login": one.check.login if one.check else None,
        "can_read": bool(one.check and one.check.can_read),
        "can_write": bool(one.check and one.check.can_write),
        "missing": list(one.check.missing) if one.check else [],
        "problem": one.problem,
    }


def say_all(found: Sequence[Checked]) -> None:
    """Say what each check saw."""
    for one in found:
        _say(one)


def exit_code(found: Sequence[Checked]) -> int:
    """0: all is well; 1: something is missing or refused; 3: nothing worse than a tracker that does not answer."""
    wrong = [one for one in found if one.problem]
    if not wrong:
        return 0
    return 1 if any(one.answered for one in wrong) else 3


def _say(one: Checked) -> None:
    where = f"{one.tracker}, installation {one.installation}" if one.installation else one.tracker
    if one.check is None:
        click.echo(f"problem  {where}: {one.problem}")
        return
    able = {True: "yes", False: "no"}
    click.echo(
        f"{'problem' if one.problem else 'ok':8} {where}: comments appear as {one.check.login}; "
        f"read: {able[one.check.can_read]}, write: {able[one.check.can_write]}"
    )
    for missing in one.check.missing:
        click.echo(f"         missing: {missing}")
    if one.check.detail:
        click.echo(f"         {one.check.detail}")


def say_webhook(runtime: Runtime, name: str, kind: str, *, secret_to_show: str | None) -> None:
    """Say how to set up the webhook of a tracker just added; `secret_to_show` is one that was made for it."""
    if kind == "sandbox":
        return
    click.echo("\nSet up a webhook on the repository or the organisation (for an App: in the App's settings):")
    click.echo(f"  Payload URL   {runtime.settings.base_url}/webhooks/github/{name}")
    click.echo("  Content type  application/json")
    if secret_to_show is None:
        click.echo("  Secret        the one you gave")
    else:
        click.echo(f"  Secret        {secret_to_show}\n                (shown this once; it is stored encrypted)")
    click.echo(f"  Events        {', '.join(EVENTS)}")
    if (urlsplit(runtime.settings.base_url).hostname or "") in ("127.0.0.1", "::1", "localhost"):
        click.echo("\nThis address is this machine's own. Set PLUMBLINE_BASE_URL to the one the tracker can reach.")
