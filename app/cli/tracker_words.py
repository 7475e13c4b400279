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


JIRA_EVENTS = (
    "Issue: created, updated, deleted",
    "Comment: created, updated, deleted",
    "Worklog: created, updated, deleted",
    "Issue link: created, deleted",
    "Sprint: created, started, updated, closed, deleted",
    "Version: created, released, unreleased, updated, moved, deleted, merged",
    "Board: created, updated, deleted",
    "Project: created, updated, deleted",
)
"""The boxes to tick, in Jira's words."""


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


def say_webhook(
    runtime: Runtime, name: str, kind: str, *, secret_to_show: str | None, in_path: str | None = None
) -> None:
    """Say how to set up the webhook of a tracker just added; `secret_to_show` is one that was made for it, `in_path`
    one that goes into the address because the tracker cannot sign.
    """
    if kind.startswith("sandbox"):
        return
    if kind == "jira":
        _say_jira(runtime, name, secret_to_show=secret_to_show, in_path=in_path)
    else:
        _say_github(runtime, name, secret_to_show=secret_to_show)
    if (urlsplit(runtime.settings.base_url).hostname or "") in ("127.0.0.1", "::1", "localhost"):
        click.echo("\nThis address is this machine's own. Set PLUMBLINE_BASE_URL to the one the tracker can reach.")


def _say_jira(runtime: Runtime, name: str, *, secret_to_show: str | None, in_path: str | None) -> None:
    click.echo("\nHave an administrator of Jira set up a webhook (Settings, System, WebHooks):")
    path = f"/{in_path}" if in_path is not None else ""
    click.echo(f"  URL      {runtime.settings.base_url}/webhooks/jira/{name}{path}")
    if in_path is not None:
        click.echo("  Secret   in the address above: whoever knows it can send here, so show it to nobody")
    elif secret_to_show is None:
        click.echo("  Secret   the one you gave")
    else:
        click.echo(f"  Secret   {secret_to_show}\n           (shown this once; it is stored encrypted)")
    for number, event in enumerate(JIRA_EVENTS):
        click.echo(f"  {'' if number else 'Events':8} {event}")
    click.echo("  JQL      leave it empty")
    click.echo(
        "\nWhere only an app's webhooks can be had, which tell nothing of sprints and versions: watch the project\n"
        "with --set poll_plans=true, and those are asked for every 5 minutes."
    )


def _say_github(runtime: Runtime, name: str, *, secret_to_show: str | None) -> None:
    click.echo("\nSet up a webhook on the repository or the organisation (for an App: in the App's settings):")
    click.echo(f"  Payload URL   {runtime.settings.base_url}/webhooks/github/{name}")
    click.echo("  Content type  application/json")
    if secret_to_show is None:
        click.echo("  Secret        the one you gave")
    else:
        click.echo(f"  Secret        {secret_to_show}\n                (shown this once; it is stored encrypted)")
    click.echo(f"  Events        {', '.join(EVENTS)}")
