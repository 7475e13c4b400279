"""`plumbline tracker`: connect a tracker, see what the connection may do, take it out of use."""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

import click

from app.cli.output import as_option, confirm, installation, json_option, print_json, print_table, secret
from app.cli.tracker_words import as_data, exit_code, say_all, say_webhook
from app.errors import UserError
from app.time import real_now

if TYPE_CHECKING:
    from app.bootstrap import Runtime
    from app.services.connect import Checked

SANDBOXES = ("sandbox", "sandbox-jira")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DEFAULT_URL = {"github": "https://api.github.com", **dict.fromkeys(SANDBOXES, "http://sandbox.invalid")}
_LIKE = {"jira": "https://acme.atlassian.net", "github": "https://github.acme.example/api/v3"}


@click.group("tracker")
def command() -> None:
    """Connect, check, list and remove trackers.

    \b
    Examples:
      plumbline tracker add github work --token -
      plumbline tracker check
      plumbline tracker list --json
    """


@command.command("add")
@click.argument("kind", type=click.Choice(["github", "jira", *SANDBOXES]))
@click.argument("name")
@click.option(
    "--url",
    help="Address: of GitHub's REST API (default https://api.github.com; Enterprise: https://HOST/api/v3), or of the "
    "Jira site (https://acme.atlassian.net).",
)
@click.option(
    "--token",
    envvar=["PLUMBLINE_TRACKER_TOKEN", "PLUMBLINE_GITHUB_TOKEN"],
    show_envvar=True,
    help="Access token; `-` asks for it. For Jira Cloud an API token, for Data Center a personal access token.",
)
@click.option("--account", help="Jira Cloud: the e-mail address of the account that the API token belongs to.")
@click.option("--app-id", envvar="PLUMBLINE_GITHUB_APP_ID", show_envvar=True, help="Id of a GitHub App.")
@click.option(
    "--private-key",
    type=click.File("r", encoding="utf-8"),
    envvar="PLUMBLINE_GITHUB_PRIVATE_KEY_FILE",
    show_envvar=True,
    help="File with the App's private key (PEM); `-` is standard input.",
)
@click.option("--installation", "installed", help="Id of one installation of the App (default: all there are).")
@click.option(
    "--webhook-secret",
    envvar="PLUMBLINE_WEBHOOK_SECRET",
    show_envvar=True,
    help="Secret that signs webhooks; `-` asks for it. Made and printed when left out.",
)
@click.option("--unsigned", is_flag=True, help="Jira that cannot sign its webhooks: put the secret into the address.")
@as_option
def add(
    *,
    kind: str,
    name: str,
    url: str | None,
    token: str | None,
    account: str | None,
    unsigned: bool,
    app_id: str | None,
    private_key: TextIO | None,
    installed: str | None,
    webhook_secret: str | None,
    author: str,
) -> int:
    """Connect a tracker as NAME, with a token or as a GitHub App, and check at once what it may do.

    Secrets are stored encrypted. To keep them out of the shell's history give `-`, or set the variable. A `sandbox`
    (which speaks as GitHub does) or `sandbox-jira` keeps what is written to it in a local file: for trying things out.

    Exit code 0 when all is well; 1 when it is stored but lacks something, which is named; 3 when the tracker does not
    answer.

    \b
    Examples:
      plumbline tracker add github work --token -
      plumbline tracker add github work --app-id 12345 --private-key plumbline.pem
      PLUMBLINE_TRACKER_TOKEN=… plumbline tracker add github ghe --url https://github.acme.example/api/v3
      plumbline tracker add jira plans --url https://acme.atlassian.net --account plumb@acme.example --token -
      plumbline tracker add jira plans --url https://jira.acme.example --token - --unsigned
    """
    from app.services import connect, installations
    from integrations.ports import Credentials

    if not _NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot be part of an address: use letters, digits, dots, dashes; at most 64.")
    address = _address(url or _DEFAULT_URL.get(kind, ""), kind)
    secrets = _secrets(kind, token=token, app_id=app_id, private_key=private_key, installed=installed)
    if account is not None:
        if kind != "jira":
            raise UserError("--account goes with Jira Cloud only.")
        secrets["account"] = account.strip()
    signing = secret(webhook_secret, what="Webhook secret") or random.token_hex(32)
    runtime = installation()
    _refuse_in_demo(runtime, kind)
    places: Sequence[str | None] = (installed,)
    if "app_id" in secrets and installed is None:
        found = installations.listing(
            runtime.adapters,
            kind,
            Credentials(base_url=address, token=None, app_id=secrets["app_id"], private_key=secrets["private_key"]),
        )
        if not found:
            raise UserError(
                "The App is installed nowhere yet. Install it on an account first, or give --installation ID."
            )
        places = [one.native_id for one in found]
    now = real_now()
    connect.add_tracker(
        runtime.db,
        runtime.vault,
        name=name,
        kind=kind,
        base_url=address,
        webhook_secret=signing,
        secrets=secrets,
        installation=places[0],
        author=author,
        now=now,
    )
    more = [place for place in places[1:] if place is not None]
    if more:
        installations.connect(runtime.db, runtime.vault, tracker=name, installations=more, author=author, now=now)
    click.echo(f"{name} is stored.")
    checks = _checks(runtime, name)
    say_all(checks)
    say_webhook(
        runtime, name, kind, secret_to_show=None if webhook_secret else signing, in_path=signing if unsigned else None
    )
    if exit_code(checks):
        click.echo(
            f"\nWhen it is put right: plumbline tracker check {name}\n"
            f"For other credentials: plumbline tracker remove {name}, then add it again."
        )
    return exit_code(checks)


def _refuse_in_demo(runtime: Runtime, kind: str) -> None:
    """The demo's clock stands in the past: a real tracker would be judged by it."""
    from app.store import instance

    with runtime.db.read() as tx:
        demo = instance.load(tx).demo
    if demo and kind not in SANDBOXES:
        raise UserError(
            f"{runtime.settings.home} holds the demo, whose clock is not today's.\n"
            "Start an installation of your own beside it: plumbline up --home DIR, and PLUMBLINE_HOME=DIR for commands."
        )


def _address(url: str, kind: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        what = "site" if kind == "jira" else "REST API"
        raise UserError(f"--url: {url!r} is no address of a {what}; it looks like {_LIKE.get(kind, _LIKE['github'])}")
    if parts.username or parts.password:
        raise UserError("--url: it holds a user or password; give the token with --token instead.")
    return url.rstrip("/")


def _secrets(
    kind: str, *, token: str | None, app_id: str | None, private_key: TextIO | None, installed: str | None
) -> dict[str, str]:
    """What to seal: a token, or an App's id and key. Raises UserError where it is neither or both."""
    if kind in SANDBOXES:
        return {}
    if token is not None and (app_id is not None or private_key is not None or installed is not None):
        raise UserError("Give either --token, or --app-id with --private-key; not both.")
    if token is not None:
        return {"token": secret(token, what="Token") or ""}
    if kind == "jira":
        raise UserError("Give --token (`-` asks for it), and for Jira Cloud --account with its e-mail address.")
    if app_id is None or private_key is None:
        raise UserError("Give --token (`-` asks for it), or --app-id and --private-key of a GitHub App.")
    try:
        key = private_key.read()
    except UnicodeDecodeError:
        key = ""
    if "PRIVATE KEY" not in key:
        raise UserError("--private-key: this is no private key; it is the .pem file that GitHub gave you.")
    return {"app_id": app_id.strip(), "private_key": key}


@command.command("field")
@click.argument("name")
@click.argument("what", type=click.Choice(["points", "sprint", "epic", "flagged"]))
@click.argument("field", required=False)
@as_option
def field(*, name: str, what: str, field: str | None, author: str) -> None:
    """Say from which custom field of a Jira to read WHAT; without FIELD, from the one that is found.

    \b
    Examples:
      plumbline tracker field plans points customfield_10016
      plumbline tracker field plans points
    """
    from app.services import sites

    runtime = installation()
    sites.choose(runtime.db, tracker=name, what=what, field=field, author=author, now=real_now())
    click.echo(
        f"{name}: {what} is read from {field or 'the field that is found'}. What was read before stays as it was;"
    )
    click.echo("to read it anew: plumbline project import KEY --again")


@command.command("check")
@click.argument("name", required=False)
@click.option(
    "--new-installations", is_flag=True, help="First connect installations that a GitHub App was given since."
)
@json_option
@as_option
def check(*, name: str | None, new_installations: bool, as_json: bool, author: str) -> int:
    """Ask every connection (of NAME, or of all trackers) what it may do: who it is, read, write, what is missing.

    Exit code 0 when all is well, 1 when something is missing or refused, 3 when a tracker does not answer.

    \b
    Examples:
      plumbline tracker check
      plumbline tracker check work --json
      plumbline tracker check work --new-installations
    """
    from app.services import installations

    runtime = installation()
    if new_installations:
        if name is None:
            raise UserError("--new-installations needs the NAME of a tracker.")
        for one in installations.connect_new(
            runtime.db, runtime.vault, runtime.adapters, tracker=name, author=author, now=real_now()
        ):
            click.echo(f"Connected installation {one.native_id} ({one.account or 'unnamed'}).", err=as_json)
    found = _checks(runtime, name)
    if as_json:
        print_json([as_data(one) for one in found])
        return exit_code(found)
    if not found:
        click.echo("No tracker is connected yet: plumbline tracker add github NAME --token -")
    say_all(found)
    return exit_code(found)


def _checks(runtime: Runtime, name: str | None) -> list[Checked]:
    from app.services import connect

    return connect.check(runtime.db, runtime.vault, runtime.adapters, tracker=name, now=real_now())


@command.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the trackers and their connections, with what the last check saw. Asks no tracker.

    \b
    Examples:
      plumbline tracker list
      plumbline tracker list --json
    """
    from app.store import trackers

    runtime = installation()
    with runtime.db.read() as tx:
        rows = trackers.connections(tx)
    if as_json:
        names = ("id", "kind", "installation", "login", "status", "status_detail", "checked_at")
        print_json(
            [
                {"tracker": row.tracker_name, "tracker_kind": row.tracker_kind, "url": row.base_url}
                | {name: getattr(row, name) for name in names}
                for row in rows
            ]
        )
        return
    print_table(
        ("tracker", "kind", "url", "as", "login", "status", "detail"),
        (
            (
                row.tracker_name,
                row.tracker_kind,
                row.base_url,
                f"{row.kind} {row.installation}" if row.installation else row.kind,
                row.login,
                row.status,
                row.status_detail,
            )
            for row in rows
        ),
        empty="No tracker is connected yet: plumbline tracker add github NAME --token -",
    )


@command.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_option
def remove(*, name: str, yes: bool, author: str) -> None:
    """Take a tracker out of use: its projects are watched no more, its secrets are forgotten.

    What was judged is kept; labels and comments stay in the tracker.

    \b
    Examples:
      plumbline tracker remove work
      plumbline tracker remove work --yes
    """
    from app.services import connect

    runtime = installation()
    confirm(f"Remove the tracker {name} and all its projects from Plumbline?", yes=yes)
    connect.remove_tracker(runtime.db, name=name, author=author, now=real_now())
    click.echo(f"{name} is removed. Delete its webhook or App in the tracker as well.")
