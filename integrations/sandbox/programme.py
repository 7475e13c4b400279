"""The demo's second story, made by hand: a small programme of a company, over the demo's last three weeks.

A Jira with the projects PAY (two-week sprints, the version Mobile 5.2) and PLAT, and the private repository
acme/shop-api whose pull requests name PAY's issues. What there is to see when the clock stands at its end:

- PAY-231 is in progress in the running sprint, and its pull request (482) waits for a review;
- PAY-228 is blocked by PLAT-77, where nobody does anything;
- Mobile 5.2 has grown since it was planned;
- the sprint before, Sprint 30, ended with half of its issues done;
- pull request 484 names no issue ("SHA-256" is none).

The people are made up. Times are UTC.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

from integrations.sandbox.jira_site import JiraSite
from integrations.sandbox.recording import Entry, Header, Opening, Person, Recording

REPOSITORY = "acme/shop-api"
JIRA_PROJECTS = (("PAY", "Payments"), ("PLAT", "Platform"))
UNTIL = datetime(2026, 8, 3, 17, tzinfo=UTC)
MOBILE = 10_052
BOARD = 12


def day(month: int, number: int, hour: int, minute: int = 0) -> datetime:
    """An instant of 2026."""
    return datetime(2026, month, number, hour, minute, tzinfo=UTC)


def jira() -> JiraSite:
    """The Jira, with all that happened in it."""
    site = JiraSite()
    for key, name in JIRA_PROJECTS:
        site.add_project(key, name)
    _plan(site)
    _sprint_30(site)
    _sprint_31(site)
    return site


def _plan(site: JiraSite) -> None:
    """Friday 10 July and Monday 13 July: a version, two sprints, and what is to be in them."""
    for number, start, end in ((30, day(7, 13, 8), day(7, 24, 15)), (31, day(7, 27, 8), day(8, 7, 15))):
        site.add_sprint(day(7, 10, 9), number, name=f"Sprint {number}", start=start, end=end, board=BOARD)
    site.add_version(
        day(7, 10, 9, 5), MOBILE, project="PAY", name="Mobile 5.2", start=date(2026, 7, 13), release=date(2026, 8, 14)
    )
    site.open(day(7, 10, 9, 10), "PAY-218", by="Noor", kind="Epic", summary="Pay in one tap", versions=(MOBILE,))
    site.open(day(7, 10, 9, 12), "PLAT-76", by="Sascha", kind="Task", summary="Newer database for the shop", points=5)
    site.open(
        day(7, 10, 9, 14), "PLAT-77", by="Sascha", kind="Task", summary="Certificate for the wallet provider", points=3
    )
    planned = (
        (219, "Save a card for next time", 5, (30,), MOBILE),
        (220, "Show the saved card at checkout", 3, (30,), MOBILE),
        (221, "Refund from the order page", 5, (30,), None),
        (222, "Receipt by e-mail", 3, (30,), None),
        (223, "Try a declined card again", 5, (30,), MOBILE),
        (224, "Currency on the receipt", 2, (30,), None),
        (225, "Keep a log of payments for the audit", 3, (30,), None),
        (226, "Confirm with a fingerprint", 5, (), MOBILE),
        (228, "Pay with a wallet", 8, (), MOBILE),
        (231, "Charge a saved card", 3, (), MOBILE),
    )
    for place, (number, summary, points, sprints, version) in enumerate(planned):
        site.open(
            day(7, 10, 9, 20 + place), f"PAY-{number}", by="Noor", summary=summary, points=points, sprints=sprints,
            versions=(version,) if version else (), epic="PAY-218" if version else None,
        )  # fmt: skip
    site.start_sprint(day(7, 13, 8), 30)


def _sprint_30(site: JiraSite) -> None:
    """Four of seven get done; the rest goes on."""
    work = (
        (day(7, 13, 9), "PAY-219", "Kim", "In Progress"),
        (day(7, 13, 9, 30), "PAY-222", "Ari", "In Progress"),
        (day(7, 15, 14), "PAY-222", "Ari", "Done"),
        (day(7, 16, 8), "PAY-219", "Kim", "In Review"),
        (day(7, 16, 9), "PAY-224", "Ari", "In Progress"),
        (day(7, 17, 10), "PAY-219", "Kim", "Done"),
        (day(7, 17, 10, 30), "PAY-220", "Kim", "In Progress"),
        (day(7, 20, 9), "PAY-224", "Ari", "Done"),
        (day(7, 20, 9, 30), "PAY-221", "Ari", "In Progress"),
        (day(7, 22, 13), "PAY-220", "Kim", "Done"),
        (day(7, 22, 14), "PAY-223", "Kim", "In Progress"),
    )
    for at, key, who, status in work:
        site.change(at, key, by=who, status=status, assignee=who)
    site.comment(day(7, 23, 9), "PAY-221", by="Ari", body="The bank answers slowly; the refund itself works.")
    site.close_sprint(day(7, 24, 15), 30, by="Noor", rest_to=31)


def _sprint_31(site: JiraSite) -> None:
    """The sprint that runs at the end: more is put into the version, and two issues stand still."""
    for place, key in enumerate(("PAY-226", "PAY-228", "PAY-231")):
        site.change(day(7, 27, 7, 10 + place), key, by="Noor", sprints=(31,))
    site.start_sprint(day(7, 27, 8), 31)
    site.change(day(7, 27, 8, 30), "PAY-231", by="Kim", status="In Progress", assignee="Kim")
    site.change(day(7, 27, 9), "PAY-228", by="Ari", status="In Progress", assignee="Ari")
    _grow(
        site,
        (day(7, 27, 12), 232, "Show the fee before paying", 3),
        (day(7, 28, 9), 233, "Pay in the customer's own currency", 5),
    )
    site.change(day(7, 28, 11), "PLAT-76", by="Sascha", status="In Progress", assignee="Sascha")
    site.change(day(7, 28, 12), "PAY-221", by="Ari", status="In Review")
    site.comment(day(7, 29, 8), "PAY-228", by="Ari", body="The wallet refuses us until the new certificate is there.")
    site.block(day(7, 29, 8, 10), "PAY-228", by="Ari", blocker="PLAT-77")
    _grow(
        site,
        (day(7, 29, 13), 234, "Split a payment over two cards", 8),
        (day(7, 30, 8), 235, "Forget a saved card", 2),
    )
    site.change(day(7, 30, 12), "PAY-221", by="Ari", status="Done")
    site.change(day(7, 30, 13), "PAY-223", by="Kim", status="In Review")
    site.change(day(7, 31, 9), "PAY-226", by="Ari", status="In Progress", assignee="Ari")
    site.comment(day(7, 31, 13), "PLAT-76", by="Sascha", body="Half of the tables are moved.")
    site.change(day(8, 3, 8), "PAY-223", by="Kim", status="Done")
    site.comment(day(8, 3, 12), "PAY-226", by="Ari", body="Works on one of the two phones.")


def _grow(site: JiraSite, *added: tuple[datetime, int, str, float]) -> None:
    for at, number, summary, points in added:
        site.open(
            at, f"PAY-{number}", by="Noor", summary=summary, points=points, versions=(MOBILE,), epic="PAY-218"
        )  # fmt: skip


@contextmanager
def repository() -> Iterator[Recording]:
    """The repository's record, as `demo_recording` gives that of the open-source project."""
    people = tuple(Person(login=login, association="MEMBER") for login in ("acme-kim", "acme-ari", "acme-lee"))
    header = Header(repository=REPOSITORY, until=UNTIL, people=people, private=True)
    yield Recording(header, sorted(_pulls(), key=lambda entry: entry.at))


def _pulls() -> Iterator[Entry]:
    yield from _merged(478, "PAY-222 Send receipts by e-mail", "acme-ari", opened=day(7, 14, 13), done=day(7, 15, 13))
    yield from _merged(479, "PAY-219 Save a card", "acme-kim", opened=day(7, 15, 15), done=day(7, 17, 9))
    yield from _merged(480, "PAY-220 List saved cards", "acme-kim", opened=day(7, 21, 9), done=day(7, 22, 12))
    yield from _merged(481, "PAY-221 Refund an order", "acme-ari", opened=day(7, 28, 12), done=day(7, 30, 11))
    # the story: opened, pushed to once more, and then nobody looks at it
    yield _opened(482, "PAY-231 Charge a saved card", "acme-kim", day(7, 28, 9))
    yield Entry(at=day(7, 28, 10, 30), kind="pushed", number=482, by="acme-kim", sha="4820002")
    yield from _merged(483, "PAY-223 Ask again", "acme-kim", opened=day(7, 30, 13), done=day(8, 3, 7))
    yield _opened(484, "Check webhooks with SHA-256", "acme-lee", day(7, 31, 8))
    yield _opened(485, "PAY-226 Ask for a fingerprint", "acme-ari", day(8, 3, 11))


def _opened(number: int, title: str, by: str, at: datetime) -> Entry:
    opening = Opening(
        title=title, pull=True, association="MEMBER", sha=f"{number}0001", additions=120, deletions=14,
        changed_files=5, commits=2,
    )  # fmt: skip
    return Entry(at=at, kind="opened", number=number, by=by, opening=opening)


def _merged(number: int, title: str, by: str, *, opened: datetime, done: datetime) -> Iterator[Entry]:
    """A pull request that is looked at and merged."""
    yield _opened(number, title, by, opened)
    yield Entry(at=done, kind="reviewed", number=number, by="acme-lee", id=number * 10, state="approved")
    yield Entry(at=done.replace(minute=30), kind="closed", number=number, by=by, merged=True)
