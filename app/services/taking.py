"""Taking answers that are ready: what each changes, and what we say to it. Runs in the lane's own transaction, after
judging and before planning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from app.services import answers, new_plan, quiet, removals, replies, rights
from app.services.memory import dump_standing, load_standing, quiet_of
from app.services.projects import Projects
from app.store import answers as kept
from app.store import control, publications, standings
from app.store import facts as store_facts
from app.store.answers import Answer
from app.store.database import Tx
from app.store.standings import Kept
from app.time import real_now, to_iso
from rules.answers import Command, Verb
from rules.engine import PreparedRule
from rules.facts import Item
from rules.standing import Standing, acknowledge
from rules.verdict import Said

EARLY = timedelta(minutes=5)
"""How much later than the answer a flag may have opened: the tracker's clock and ours differ."""


@dataclass(slots=True)
class Taking:
    """Everything that one transaction takes."""

    tx: Tx
    lane_id: int
    projects: Projects
    rules: Mapping[int, PreparedRule]
    base_url: str
    now: datetime
    standings: dict[int, Standing] = field(default_factory=dict)
    changed: set[int] = field(default_factory=set)
    prompt: set[int] = field(default_factory=set)
    """Items whose people wait for what we say."""

    def take(self, item_ids: Iterable[int]) -> set[int]:
        """Take what is ready on these items; gives the items to plan anew."""
        ready = kept.ready(self.tx, item_ids)
        if not ready:
            return set()
        concerned = sorted({one.item_id for one in ready if one.item_id is not None})
        items = store_facts.load_items(self.tx, concerned, projects=self.projects.facts)
        told = standings.shown_on(self.tx, concerned)
        for one in ready:
            item = items.get(one.item_id or 0)
            if one.status == kept.GIVEN:  # on a page, to flags that have taken it already
                self.prompt.add(one.item_id or 0)
                kept.settle(self.tx, one.id, status=kept.TAKEN, detail=one.detail, now=self.now)
                continue
            if item is None:
                kept.settle(self.tx, one.id, status=kept.SPENT, detail="the item is gone", now=self.now)
                continue
            flags = [flag for flag in told.get(item.id, ()) if flag.closed_at is None]
            self._take(one, item, flags)
        memories = {id_: dump_standing(self.standings[id_]) for id_ in self.changed}
        told_now = {id_: quiet_of(self.standings[id_]) for id_ in self.changed}
        standings.remember(self.tx, memories, quiet=told_now)
        return set(concerned)

    def _take(self, one: Answer, item: Item, flags: list[Kept]) -> None:
        flags = [flag for flag in flags if flag.opened_at <= one.at + EARLY]
        if one.verb in removals.VERBS:
            status, detail = self._removal(one, item, flags), ""
        else:
            status, detail = self._command(one, item, flags)
        kept.settle(self.tx, one.id, status=status, detail=detail, now=self.now)
        if status != kept.SPENT:
            self.prompt.add(item.id)
            control.audit(
                self.tx,
                who=one.who,
                what=f"answered {one.verb}" if status == kept.TAKEN else f"was refused {one.verb}",
                subject=f"{item.project.key} {item.key}",
                at=real_now(),
                detail={"answer": one.id},
            )

    # --- commands

    def _command(self, one: Answer, item: Item, flags: list[Kept]) -> tuple[str, str]:
        command = answers.load(one.command)
        near = _is_near(one, item)
        if command.verb in (Verb.WHY, Verb.HELP):
            return self._tell(one, item, flags, command, near=near)
        if command.verb in (Verb.BASELINE, Verb.HOME):
            if not rights.may_maintain(one.may):
                return self._refuse(one, item, "reply.right-maintain")
            taken = new_plan.take(
                self.tx, one, command, item, lane_id=self.lane_id, projects=self.projects, now=self.now
            )
            self._reply(one, item, [taken.reply])
            return (kept.TAKEN if taken.done else kept.SPENT), taken.detail
        if not near:
            return self._refuse(one, item, "reply.right-triage")
        return self._hush(one, item, flags, command)

    def _hush(self, one: Answer, item: Item, flags: list[Kept], command: Command) -> tuple[str, str]:
        """Acknowledge, snooze, expect or dismiss every flag that the item tells of."""
        calendar = item.project.calendar
        if command.problem is not None:
            self._reply(one, item, [Said("reply.when", {"verb": command.verb.value})])
            return kept.SPENT, "no good time"
        try:
            until = quiet.until(command, calendar, at=one.at)
        except quiet.NoGoodDay as error:
            self._reply(one, item, [Said("reply.past", {"until": error.day})])
            return kept.SPENT, "no good day"
        if not flags:
            self._reply(one, item, [Said("reply.nothing-open")])
            return kept.SPENT, "nothing was flagged"
        for flag in flags:
            self._change(flag, quiet.answered(self._standing(flag), command, until, at=one.at))
        kept.point(self.tx, one.id, [flag.id for flag in flags])
        self._reply(one, item, [])
        return kept.TAKEN, command.reason or ""

    def _tell(self, one: Answer, item: Item, flags: list[Kept], command: Command, *, near: bool) -> tuple[str, str]:
        if not near and one.person_id is not None:
            calendar = item.project.calendar
            today = calendar.local_date(one.at)
            asked = kept.asked_since(
                self.tx,
                item_id=item.id,
                person_id=one.person_id,
                verbs=sorted(rights.ANYBODY),
                since=calendar.midnight(today),
                until=calendar.end_of_day(today),
            )
            if asked:
                return kept.SPENT, "asked already today"
        if command.problem == "unknown":
            if not near:
                return kept.SPENT, "not a command"
            self._reply(one, item, [Said("reply.unknown")])
            return kept.SPENT, "not a command"
        if command.verb is Verb.HELP:
            said = replies.help_(item.project)
        else:
            told = [(self.rules.get(flag.rule_id), self._standing(flag)) for flag in flags]
            said = replies.why(item, told, page=f"{self.base_url}/i/{item.id}")
        self._reply(one, item, said, create=True)
        return kept.TAKEN, ""

    def _refuse(self, one: Answer, item: Item, code: str) -> tuple[str, str]:
        self._reply(one, item, [Said(code)])
        return kept.REFUSED, f"may: {one.may}"

    def _reply(self, one: Answer, item: Item, said: list[Said], *, create: bool = False) -> None:
        """Have this said in our comment, unless a later answer has been said something already. `create`: even where
        we have no comment yet.
        """
        self.prompt.add(item.id)
        row = self.projects.rows[item.project.id]
        if create:
            publications.ensure(self.tx, item.id, project_id=item.project.id, connection_id=row.connection_id)
        known = publications.of_items(self.tx, [item.id]).get(item.id)
        if known is None:
            return

        def change(doc: dict[str, Any]) -> None:
            before = doc.get("reply")
            if before is None or (before["at"], before["key"]) <= (to_iso(one.at), one.key):
                doc["reply"] = {
                    "at": to_iso(one.at),
                    "key": one.key,
                    "said": replies.dump(said),
                    "create": create,
                }

        publications.amend(self.tx, known.id, change)

    # --- removals

    def _removal(self, one: Answer, item: Item, flags: list[Kept]) -> str:
        known = publications.of_items(self.tx, [item.id]).get(item.id)
        if known is None:
            return kept.SPENT
        if one.verb == removals.UNLABEL:
            name = one.command["label"]
            left = sorted(set(known.shown_labels) - {name})
            publications.update(self.tx, known.id, shown_labels=left)
            if "bot" in one.command:
                return kept.SPENT  # not a person's answer: it is put on again, until it is quarantined
            for flag in flags:
                rule = self.rules.get(flag.rule_id)
                if rule is not None and f"{item.project.settings.label_prefix}{rule.label}" == name:
                    standing = acknowledge(self._standing(flag), reason=None, now=one.at)
                    self._change(flag, replace(standing, label_taken_at=one.at))
            return kept.TAKEN
        values: dict[str, Any] = {}
        if one.verb == removals.DELETE:
            values = {"comment_id": None, "comment_url": None, "shown_body": None, "sending_at": None}
        elif one.verb == removals.EDIT:
            values = {"shown_body": one.command["body"]}
        if values:
            publications.update(self.tx, known.id, **values)
        publications.amend(self.tx, known.id, lambda doc: doc.update(comment={"at": to_iso(one.at), "how": one.verb}))
        for flag in flags:
            standing = acknowledge(self._standing(flag), reason=None, now=one.at)
            self._change(flag, replace(standing, comment_taken_at=one.at))
        return kept.TAKEN

    # --- standings

    def _standing(self, flag: Kept) -> Standing:
        found = self.standings.get(flag.id)
        if found is None:
            found = self.standings[flag.id] = load_standing(flag.memory)
        return found

    def _change(self, flag: Kept, after: Standing) -> None:
        self.standings[flag.id] = after
        self.changed.add(flag.id)


def _is_near(one: Answer, item: Item) -> bool:
    """Whether the person may do what author, assignee and triage may, by what was told then or is known now."""
    if rights.may_triage(one.may):
        return True
    near = [item.author, *item.assignees]
    return one.person_id is not None and any(who is not None and who.id == one.person_id for who in near)
