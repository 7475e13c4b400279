"""Every page over 100,000 items, 1,000,000 changes and 50 rules, against a tenth of the items and changes.

The pages are those of the application's own map of addresses, so that one made later is measured too. Items are copies
of a real pull request, a quarter of them open; a tenth of the open ones carry a flag, and as many as a fifth of all
had one.
"""

from __future__ import annotations

import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from app import bootstrap
from app.services import access
from app.settings import Settings
from app.store import models as m
from app.time import real_now
from app.web.app import create_app
from bench.core import Core
from bench.drain import side
from bench.servers import Missing, new_database, postgres
from bench.synthetic import copy_change, copy_items, quiet_pull, refresh_statistics
from bench.table import table
from integrations.sandbox.demo import demo_recording
from integrations.sandbox.replay import replay

FEW, MANY = 10_000, 100_000
CHANGES = 10
RULES = 50
ROUNDS = 5
NO_PAGES = ("static", "auth.", "api.", "hooks.", "health.")
MORE = ("/flags?state=all", "/flags?q=nothing-of-the-kind", "/find?q=nothing-of-the-kind", "/find?q=%231000005")
"""Addresses beyond the plain ones: the longest list, and what is found nowhere."""
IDS = {
    "item_id": "SELECT max(id) AS found FROM item",
    "milestone_id": "SELECT max(id) AS found FROM milestone",
    "project_id": "SELECT min(id) AS found FROM project",
    "delivery_id": "SELECT max(id) AS found FROM delivery",
    "connection_id": "SELECT min(id) AS found FROM connection",
    "account_id": "SELECT min(id) AS found FROM account",
    "name": "SELECT min(name) AS found FROM rule WHERE type = 'stalled-review'",
    "rule_id": "SELECT min(id) AS found FROM rule WHERE type = 'stalled-review'",
}
"""What stands for a value in an address."""


@dataclass(slots=True)
class Side:
    """One installation with so many items."""

    core: Core
    client: FlaskClient
    addresses: dict[str, str]
    queries: dict[str, int] = field(default_factory=dict)
    times: dict[str, list[float]] = field(default_factory=dict)


def main() -> None:
    """Measure and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp")))
        kinds: dict[str, Callable[[str], str] | None] = {"SQLite": None}
        try:
            server = stack.enter_context(postgres())
            kinds["PostgreSQL"] = lambda name: new_database(server, name)
        except Missing as missing:
            print(f"PostgreSQL: skipped, {missing}\n")
        for kind, url in kinds.items():
            few, many = (_side(stack, folder, f"{kind} {count}", count, url) for count in (FEW, MANY))
            for _ in range(ROUNDS + 1):
                for name in few.addresses:
                    _measure(few, name)
                    _measure(many, name)
            print(_table(kind, few, many))
            missing = sorted(set(_names(few.client)) - set(few.addresses))
            print(f"\nNot measured, for want of a value in their address: {', '.join(missing) or 'none'}.\n")


def _table(kind: str, few: Side, many: Side) -> str:
    head = ("page", "queries", f"ms at {FEW:,}", f"ms at {MANY:,}", "ratio")
    rows = [
        (
            name,
            str(few.queries[name]) if few.queries[name] == many.queries[name]
            else f"{few.queries[name]} and {many.queries[name]}",
            f"{1000 * statistics.median(few.times[name][1:]):.0f}",
            f"{1000 * statistics.median(many.times[name][1:]):.0f}",
            f"{statistics.median(b / a for a, b in zip(few.times[name][1:], many.times[name][1:], strict=True)):.2f} x",
        )
        for name in few.addresses
    ]  # fmt: skip
    return table(f"Pages, {kind}: {RULES} rules, {CHANGES} changes an item, {ROUNDS} rounds, medians", head, rows)


def _names(client: FlaskClient) -> list[str]:
    """The addresses of all pages, as the application has them."""
    found = client.application.url_map.iter_rules()
    return [rule.rule for rule in found if "GET" in (rule.methods or ()) and not rule.endpoint.startswith(NO_PAGES)]


def _addresses(core: Core, client: FlaskClient) -> dict[str, str]:
    found: dict[str, str] = {}
    for rule in client.application.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint.startswith(NO_PAGES) or not rule.arguments <= IDS.keys():
            continue
        values = {name: core.rows(IDS[name])[0].found for name in rule.arguments}
        with client.application.test_request_context():
            address = client.application.url_for(rule.endpoint, **values)
        if client.get(address).status_code == 200:
            found[rule.rule] = address
    return found | {address: address for address in MORE}


def _side(stack: ExitStack, folder: Path, name: str, count: int, url: Callable[[str], str] | None) -> Side:
    with demo_recording() as recording:
        hooks = list(islice(replay(recording), 600))
    core = side(stack, folder, name, hooks, url=url).core
    core.stock(hooks)
    core.drain()
    ids = copy_items(core, quiet_pull(core), count)
    closed = "UPDATE item SET is_open = :no, closed_at = created_at, closed_as = 'merged', state = 'done'"
    core.run(f"{closed} WHERE number >= 1000000 AND id % 4 <> 0", {"no": False})
    change = core.rows("SELECT min(id) AS id FROM change WHERE item_id IS NOT NULL")[0].id
    copy_change(core, change, ids, CHANGES)
    _rules(core)
    _standings(core, ids)
    refresh_statistics(core)
    settings = Settings(home=folder / f"home {name}", database_url=str(core.db.url.render_as_string(False)))
    app = create_app(bootstrap.build(settings))
    client = _signed_in(core, app.test_client())
    return Side(core, client, _addresses(core, client))


def _signed_in(core: Core, client: FlaskClient) -> FlaskClient:
    """A browser of the first admin."""
    link = access.new_sign_in_link(core.db, "", real_now())
    page = client.get(link).get_data(as_text=True)
    token = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    password = secrets.token_urlsafe(16)
    answer = client.post(link, data={"csrf_token": token, "name": "Bench", "password": password})
    if answer.status_code != 303:
        raise RuntimeError(f"signing in answered {answer.status_code}")
    return client


def _rules(core: Core) -> None:
    """Copies of a rule until there are RULES of them."""
    with core.db.write() as tx:
        known = tx.execute(sa.select(m.rule).where(m.rule.c.type == "stalled-review")).mappings().first()
        assert known is not None
        version = (
            tx.execute(sa.select(m.rule_version).where(m.rule_version.c.rule_id == known["id"])).mappings().first()
        )
        assert version is not None
        have = tx.scalar(sa.select(sa.func.count()).select_from(m.rule)) or 0
        for n in range(have, RULES):
            rule = {**known, "name": f"copy-{n}"}
            del rule["id"]
            made = tx.execute(sa.insert(m.rule).values(rule).returning(m.rule.c.id)).scalar_one()
            copied: dict[str, Any] = {**version, "rule_id": made}
            del copied["id"]
            tx.execute(sa.insert(m.rule_version).values(copied))


def _standings(core: Core, ids: list[int]) -> None:
    """Flags of copies: open ones on a tenth of the open items, closed ones on a fifth of all."""
    with core.db.read() as tx:
        rules = list(tx.scalars(sa.select(m.rule.c.id).order_by(m.rule.c.id)))
        project = tx.execute(sa.select(m.item.c.project_id).where(m.item.c.id == ids[0])).scalar_one()
    verdict = {"outcome": "flagged", "reason": {"code": "stalled-review.author"}, "severity": "warning"}
    rows = []
    for place, id_ in enumerate(ids):
        opened = core.now
        common = {
            "rule_id": rules[place % len(rules)], "rule_version": 1, "project_id": project, "subject_kind": "item",
            "subject_id": id_, "shown_on": id_, "severity": "warning", "reach": "label",
            "code": "stalled-review.author", "opened_at": opened, "verdict": verdict, "memory": {},
        }  # fmt: skip
        if place % 5 == 0:
            rows.append({**common, "outcome": "clear", "closed_at": opened})
        if id_ % 40 == 0:
            rows.append({**common, "outcome": "flagged", "closed_at": None})
    with core.db.write() as tx:
        for start in range(0, len(rows), 5_000):
            tx.execute(sa.insert(m.standing), rows[start : start + 5_000])


@contextmanager
def _counted() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _cu: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def _measure(one: Side, name: str) -> None:
    with _counted() as seen:
        start = time.monotonic()
        answer = one.client.get(one.addresses[name])
        took = time.monotonic() - start
    if answer.status_code not in (200, 303):
        raise RuntimeError(f"{one.addresses[name]} answered {answer.status_code}")
    one.times.setdefault(name, []).append(took)
    one.queries[name] = len(seen)
