"""Histories on the command line: every mistake with its place, all or nothing, out and in again."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services.history import files, reference
from app.services.history.records import RECORDS
from app.store import models, trackers
from tests.support import ROOT

HEAD = '{"kind": "history", "version": 1}'
PROJECT = '{"kind": "project", "key": "acme/past"}'
ITEM = '{"kind": "item", "id": "1", "key": "#1", "title": "A", "created_at": "2026-02-02T09:00:00Z"}'
CHANGE = '{"kind": "change", "item": "1", "at": "2026-02-04T10:00:00Z", "field": "comment"}'
GOOD = "\n".join([HEAD, PROJECT, ITEM, CHANGE, ""])
HOW_TO = (ROOT / "docs" / "how-to" / "bring-your-own-history.md").read_text("utf-8")


def after(*lines: str) -> str:
    return "\n".join([HEAD, PROJECT, ITEM, *lines])


MISTAKES = [
    ("", "1:1: file: is empty"),
    ("\n\n", "2:1: file: is empty"),
    ("{}", "1:1: the first line: must be {"),
    ("[]", "1:1: line: must be one JSON object"),
    ("nothing", "1:2: line: is not JSON"),
    (PROJECT, "1:1: the first line: must be {"),
    ('{"kind": "history", "version": 2}', "1:1: version: is 2; this Plumbline reads version 1"),
    (f"{HEAD}\n{HEAD}", "2:1: kind: stands here twice"),
    (after('{"kind": "chagne"}'), "4:1: kind: there is no such kind of record; did you mean `change`?"),
    (after('{"id": 3}'), "4:1: kind: is missing"),
    (after('{"kind": "item"}'), "4:1: title: is missing"),
    (after(ITEM.replace('"title"', '"tittle"')), "4:1: tittle: is not known here; did you mean `title`?"),
    (after(ITEM), "4:1: id: is taken by an item above (given: '1')"),
    (after(ITEM.replace('"1"', '"2"').replace("Z", "")), "4:1: created_at: must say its offset"),
    (after(ITEM.replace('"1"', '"2"').replace("2026", "1926")), "4:1: created_at: lies outside 1970 to 2199"),
    (after(ITEM.replace('"1"', '"2", "item_kind": "isue"')), "4:1: item_kind: "),
    (after(ITEM.replace('"1"', '"2", "estimate": NaN')), "4:"),
    (after(ITEM.replace('"1"', '"2", "assignees": ["ann"]')), "4:1: assignees: there is no such person above (given: 'ann')"),
    (after(CHANGE.replace('"1"', '"7"')), "4:1: item: there is no such item above (given: '7')"),
    (after(CHANGE.replace("comment", "lable")), "4:1: field: there is no `lable`; did you mean `label`?"),
    (after(CHANGE.replace('"item": "1", ', "")), "4:1: item: give the id of an item, or of a `milestone`"),
    (after(CHANGE.replace('comment"', 'estimate", "before": "many"')), "4:1: before: must be a number"),
    (after(CHANGE.replace('comment"', 'due", "after": "soon"')), "4:1: after: must be a date"),
    (after(CHANGE.replace('comment"', 'effort", "after": "spent:3"')), "4:1: after: must be one of timespent"),
    (after('{"kind": "link", "source": "1", "link_kind": "blocks"}'), "4:1: to: is missing"),
    (after('{"kind": "milestone", "id": "4", "home": "9"}'), "4:1: home: there is no such item above (given: '9')"),
    (after('{"kind": "milestone", "id": "4", "due": "20 May"}'), "4:1: due: "),
    (after('{"kind": "settings", "settings": {"policy": "strict"}}'), "4:1: settings: policy: "),
    (after('{"kind": "settings", "calendar": {"zone": "Mars"}}'), "4:1: calendar: zone: "),
    (f'{HEAD}\n{{"kind": "person", "id": "ann"}}', "2:1: tracker: is missing: there is none above"),
    (f'{HEAD}\n{PROJECT}\n{PROJECT.replace("past", "other")}\n{ITEM}', "4:1: project: is missing: there are acme/past, acme/other"),
]  # fmt: skip


@pytest.fixture
def written(tmp_path: Path):
    def write(content: str | bytes, name: str = "history.jsonl") -> Path:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


def items(db) -> list[str]:
    with db.read() as tx:
        return list(tx.scalars(sa.select(models.item.c.title).order_by(models.item.c.title)))


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_a_mistake_is_named_with_its_place_and_nothing_is_taken_in(home, plumbline, db, written, text, said):
    file = written(text)
    answer = plumbline("history", "import", str(file))
    assert answer.code == 1
    assert f"{file}:{said}" in answer.err
    assert answer.err.endswith(". Nothing was changed.\n")
    assert items(db) == []


def test_every_mistake_is_named_at_once_up_to_fifty(home, plumbline, written):
    wrong = [CHANGE.replace('"1"', f'"{number}"') for number in range(2, 9)]
    said = plumbline("history", "import", str(written(after(*wrong))), "--json")
    assert [(one["line"], one["value"]) for one in said.data["mistakes"]] == [(n + 2, f"'{n}'") for n in range(2, 9)]
    said = plumbline("history", "import", str(written(after(*["nonsense"] * 400))))
    assert said.err.endswith("50 mistakes. Nothing was changed.\n")


def test_what_refers_to_a_record_with_a_mistake_is_no_mistake_of_its_own(home, plumbline, written):
    bad = ITEM.replace('"title": "A"', '"title": null')
    said = plumbline("history", "import", str(written("\n".join([HEAD, PROJECT, bad, CHANGE, CHANGE]))))
    assert said.err.endswith("1 mistake. Nothing was changed.\n")


@pytest.mark.parametrize("damage", [lambda raw: raw[:-9], lambda raw: raw[:30] + b"\0\0\0\0" + raw[34:]])
def test_a_packed_file_that_is_damaged_is_refused(home, plumbline, db, written, damage):
    raw = damage(gzip.compress(GOOD.encode()))
    said = plumbline("history", "import", str(written(raw, "history.gz")))
    assert (said.code, "the packed file is" in said.err or "is not JSON" in said.err) == (1, True)
    assert items(db) == []


def test_a_line_without_end_fills_no_memory(home, plumbline, written, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_LINE", 1000)
    said = plumbline("history", "import", str(written(after("x" * 2000))))
    assert "4:1: file: cannot be read any further: a line is longer than" in said.err


@pytest.mark.parametrize("raw", [GOOD.encode(), gzip.compress(GOOD.encode()), b"\xef\xbb\xbf" + GOOD.encode()])
@pytest.mark.parametrize("by_name", [True, False])
def test_it_is_taken_in_packed_or_not_from_a_file_or_standard_input(home, plumbline, db, written, raw, by_name):
    said = (
        plumbline("history", "import", str(written(raw))) if by_name else plumbline("history", "import", "-", stdin=raw)
    )
    assert (said.code, said.err) == (0, "")
    assert "acme/past can be seen now, on history." in said.out
    assert items(db) == ["A"]
    with db.read() as tx:
        (project,) = trackers.projects(tx)
    assert (project.connection_id, project.status) == (None, "active")
    assert "acme/past" in plumbline("project", "list").out


def test_a_dry_run_says_what_is_in_it_and_needs_no_installation(plumbline, written, tmp_path, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path / "none"))
    rule = '{"kind": "rule", "name": "quiet", "rule_type": "stalled-work", "mode": "live"}'
    odd = ITEM.replace('"1"', '"2", "due": "9999-12-31", "milestones": ["nowhere"]')
    said = plumbline("history", "import", str(written(after(CHANGE, rule, odd))), "--dry-run")
    assert (said.code, said.err) == (0, "")
    assert "1 project, 2 items, 0 milestones, 0 people, 1 change\n" in said.out
    assert "rule quiet: stalled-work, version 1, live" in said.out
    assert "line 6: a due date after 2199 is read as none" in said.out
    assert "line 6: milestone nowhere is named, and stands nowhere in the file" in said.out
    assert said.out.endswith("This was a dry run: nothing was changed.\n")
    assert not (tmp_path / "none").exists()


def test_a_dry_run_in_an_installation_says_what_would_be_refused(home, plumbline, db, written):
    file = str(written(GOOD))
    assert plumbline("history", "import", file, "--dry-run").code == 0
    assert items(db) == []
    assert plumbline("history", "import", file).code == 0
    for more in (["--dry-run"], []):
        said = plumbline("history", "import", file, *more)
        assert (said.code, "Watched here already: acme/past (on history)" in said.err) == (2, True)
    assert items(db) == ["A"]


def test_rules_of_a_file_are_put_in_force_only_with_rules(home, plumbline, written):
    rule = '{"kind": "rule", "name": "quiet", "rule_type": "stalled-work", "mode": "live", "params": {"quiet_days": 9}}'
    file = str(written(after(rule)))
    assert (
        "Rules that would be put in force: quiet." in plumbline("history", "import", file, "--rules", "--dry-run").out
    )
    assert "Rules in force now: quiet." in plumbline("history", "import", file, "--rules").out
    assert "mode: observe" in plumbline("rules", "export").out


def test_a_file_without_a_project_is_told_so(home, plumbline, written):
    said = plumbline("history", "import", str(written(HEAD)))
    assert (said.code, "The file holds no project" in said.err) == (2, True)


def test_what_is_written_is_taken_in_elsewhere(home, plumbline, db, written, tmp_path):
    plumbline("history", "import", str(written(GOOD)))
    packed, plain = tmp_path / "out.jsonl.gz", tmp_path / "out.jsonl"
    said = plumbline("history", "export", "--output", str(packed))
    assert (said.code, said.out) == (0, f"{packed}: 1 project, 1 item, 1 change.\n")
    plumbline("history", "export", "--project", "acme/past", "--output", str(plain))
    assert gzip.decompress(packed.read_bytes()).splitlines()[1:] == plain.read_bytes().splitlines()[1:]
    assert not list(tmp_path.glob(".*.part"))
    plumbline("project", "remove", "acme/past", "--purge", "--yes")
    assert items(db) == []
    assert plumbline("history", "import", str(packed)).code == 0
    assert items(db) == ["A"]


def test_an_export_of_what_is_not_there_says_so_and_writes_nothing(home, plumbline, tmp_path):
    said = plumbline("history", "export", "--output", str(tmp_path / "x"))
    assert (said.code, "No project is watched yet" in said.err) == (2, True)
    said = plumbline("history", "export", "--project", "acme/none", "--output", str(tmp_path / "x"))
    assert (said.code, "There is no project 'acme/none'" in said.err) == (2, True)
    assert not (tmp_path / "x").exists()


def test_the_example_of_the_how_to_is_a_whole_history(home, plumbline, db, written):
    example = HOW_TO.partition("```json\n")[2].partition("```")[0]
    said = plumbline("history", "import", str(written(example)))
    assert (said.code, said.err, "Strange" in said.out) == (0, "", False)
    assert items(db) == ["Add the export", "Export as CSV"]


def test_the_reference_tells_every_record_every_field_and_every_change():
    page = reference.page("")
    for kind, model in RECORDS.items():
        section = page.partition(f"### `{kind}`")[2].partition("\n### ")[0]
        assert all(f"| `{name}` |" in section for name in model.model_fields if name != "kind"), kind
    assert reference.documented_changes() == reference.change_fields()
    assert json.loads(json.dumps(reference.schema()))["$defs"].keys() >= {"Item", "Change", "Milestone"}


def test_an_item_and_a_change_need_no_more_than_the_reference_says(home, plumbline, db, written):
    assert plumbline("history", "import", str(written(GOOD))).code == 0
    with db.read() as tx:
        row = tx.execute(sa.select(models.item)).one()
    assert (row.number, row.status, row.state) == (1, "open", "todo")
    assert row.derived["last_movement"]["at"] == "2026-02-02T09:00:00Z"
    assert row.created_at == datetime(2026, 2, 2, 9, tzinfo=UTC)
