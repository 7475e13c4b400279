"""What becomes of people and prose in a recording: kept for tests on the source, or replaced for what is shipped."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from integrations.sandbox.recording import Entry, Opening, Person, Recording
from tools.neutral import Titles, is_unfinished, made_up_sha, neutral_path, neutral_text

_BOT_NAMES = ("ci-bot[bot]", "helper-bot[bot]", "sync-bot[bot]", "branch-bot[bot]")


class Disguise(Protocol):
    """Turns a recording into the one to be handed on; entries are a list before and after."""

    def apply(self, recording: Recording) -> Recording: ...


class Plain:
    """Keeps everything."""

    def apply(self, recording: Recording) -> Recording:
        return recording


class Neutral:
    """Handles by how busy people are (`dev-01` most), made-up titles and texts, another repository's name."""

    def __init__(self, repository: str) -> None:
        self.repository = repository

    def apply(self, recording: Recording) -> Recording:
        entries = list(recording.entries)
        people = _handles(recording.header.people)
        titles = _titles(entries)
        header = replace(recording.header, repository=self.repository, people=tuple(people.values()))
        logins = {old: person.login for old, person in people.items()}
        turns: Counter[int] = Counter()
        told = []
        for entry in entries:
            if entry.title is not None and entry.kind == "edited":
                turns[entry.number] += 1
            title = titles.get((entry.number, turns[entry.number])) if entry.kind in ("opened", "edited") else None
            told.append(_neutral_entry(entry, logins=logins, title=title))
        return Recording(header, told)


def _neutral_entry(entry: Entry, *, logins: dict[str, str], title: str | None) -> Entry:
    opening = entry.opening
    if opening is not None:
        opening = replace(
            opening,
            title=title or "",
            body=neutral_text(opening.body, seed=entry.number, most=12),
            assignees=tuple(logins[login] for login in opening.assignees),
            reviewers=tuple(logins[login] for login in opening.reviewers),
            sha=made_up_sha(entry.number, opening.sha) if opening.sha else "",
        )
    body = entry.body
    if body is not None:
        edited = entry.kind == "edited"
        body = neutral_text(body, seed=entry.number if edited else entry.id, most=12 if edited else 3)
    return replace(
        entry,
        by=logins[entry.by],
        person=logins[entry.person] if entry.person else "",
        title=title if entry.kind == "edited" and entry.title is not None else _milestone_title(entry),
        body=body,
        sha=made_up_sha(entry.number, entry.sha) if entry.sha else "",
        path=neutral_path(entry.path) if entry.path else "",
        opening=opening,
    )


def _milestone_title(entry: Entry) -> str | None:
    # Titles of milestones are version numbers: facts, not prose.
    return entry.title if entry.kind.startswith("milestone_") else None


def _handles(people: Iterable[Person]) -> dict[str, Person]:
    named, humans, bots = {}, 0, iter(_BOT_NAMES)
    for person in people:
        if person.bot:
            named[person.login] = replace(person, login=next(bots))
        else:
            humans += 1
            named[person.login] = replace(person, login=f"dev-{humans:02d}")
    return named


def _titles(entries: Iterable[Entry]) -> dict[tuple[int, int], str]:
    """Made-up titles by (item number, how often it was renamed before)."""
    originals: dict[int, list[str]] = {}
    labels: dict[int, list[str]] = {}
    for entry in entries:
        if isinstance(entry.opening, Opening):
            originals[entry.number] = [entry.opening.title]
        elif entry.kind == "edited" and entry.title is not None:
            originals[entry.number].append(entry.title)
        elif entry.kind == "labeled":
            labels.setdefault(entry.number, []).append(entry.label)
    maker, made = Titles(), {}
    for back in range(max((len(known) for known in originals.values()), default=0)):
        # Last titles first, so that they get the shortest words.
        for number, known in sorted(originals.items()):
            if back < len(known):
                turn = len(known) - 1 - back
                unfinished = is_unfinished(known[turn])
                made[number, turn] = maker.title(
                    number, labels.get(number, ()), version=back, unfinished=unfinished
                )  # fmt: skip
    return made
