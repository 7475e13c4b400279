"""Rule files on the command line: every mistake with its place, all or nothing, out and in again."""

from __future__ import annotations

import pytest

from app.services.rulebook import apply, compare
from app.store import rules, trackers
from app.time import real_now
from rules.packs.load import NAMES, load
from rules.rulefile import parse

GOOD = """\
rules:
- name: quiet
  type: stalled-work
  params:
    quiet_days: 4
"""

MISTAKES = [
    ("", "1:1: file: is empty"),
    ("[]", "1:1: file: must hold keys"),
    ("rules: 3", "1:8: rules: must be a list"),
    ("rules:\n- name: a\n  tpye: stalled-work", "3:3: rules[0].tpye: unknown key; did you mean `type`?"),
    ("rules:\n- name: a\n  name: b\n  type: stalled-work", "3:3: rules[0].name: stands here twice"),
    ("rules:\n- type: stalled-work", "2:3: rules[0].name: is missing"),
    ("rules:\n- name: a", "2:3: rules[0].type: is missing"),
    ("rules:\n- name: a\n  type: staled-work", "3:9: rules[0].type: there is no such rule type; did you mean `stalled-work`?"),
    ("rules:\n- name: a\n  type: stalled-work\n  mode: on", "4:9: rules[0].mode: must be one of off, observe, live"),
    ("rules:\n- name: a\n  type: stalled-work\n  severity: red", "4:13: rules[0].severity: must be one of"),
    ("rules:\n- name: a\n  type: stalled-work\n  reach: mail", "4:10: rules[0].reach: must be one of"),
    (GOOD.replace("quiet_days: 4", "quiet_day: 4"), "5:5: rules[0].params.quiet_day: unknown key; did you mean"),
    (GOOD.replace("quiet_days: 4", "quiet_days: 0"), "5:17: rules[0].params.quiet_days: "),
    (GOOD.replace("quiet_days: 4", "quiet_days: 99999"), "5:17: rules[0].params.quiet_days: "),
    (GOOD.replace("quiet_days: 4", "quiet_days: four"), "5:17: rules[0].params.quiet_days: "),
    (GOOD.replace("quiet_days: 4", "quiet_days: [4]"), "5:17: rules[0].params.quiet_days: "),
    (GOOD + "  scope: {condition: 'item.age_days >'}", "6:22: rules[0].scope.condition: "),
    (GOOD + "  scope: {condition: 'item.nothing > 1'}", "6:22: rules[0].scope.condition: "),
    (GOOD + "  scope: {kinds: [milestone]}", "6:18: rules[0].scope.kinds: "),
    (GOOD + "  scope: {projects: acme/*}", "6:21: rules[0].scope.projects: must be a list"),
    (GOOD + "- name: quiet\n  type: stalled-work\n", "6:3: rules[1].name: is taken by the rule in line 2"),
    ("rules: [", "1:9: file: is not YAML"),
    ("rules: &a [*a]", "1:1: file: aliases"),
    ("a: " + "[" * 5000 + "]" * 5000, "1:1: file: is nested too deeply"),
    (b"rules:\n- name: \xff\n", "2:9: file: is not UTF-8 text"),
]  # fmt: skip


@pytest.fixture
def written(tmp_path):
    def write(text: str | bytes):
        file = tmp_path / "rules.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


def in_force(db):
    with db.read() as tx:
        return {rule.name: rule for rule in rules.in_force(tx)}


@pytest.mark.parametrize(("text", "said"), MISTAKES)
def test_a_mistake_is_named_with_its_place_and_the_file_is_refused_whole(home, plumbline, db, written, text, said):
    file = written(text)
    checked = plumbline("rules", "check", str(file))
    assert checked.code == 1
    assert f"{file}:{said}" in checked.err
    assert plumbline("rules", "apply", "--pack", "kanban").code == 0
    before = in_force(db)
    applied = plumbline("rules", "apply", str(file), "--prune")
    assert applied.code == 1
    assert f"{file}:{said}" in applied.err
    assert "Nothing was changed." in applied.err
    assert in_force(db) == before


def test_every_mistake_of_a_file_is_named_at_once(plumbline, written):
    file = written(GOOD.replace("4", "0") + "- name: b\n  type: nothing\n  mode: on\n")
    said = plumbline("rules", "check", str(file))
    assert said.err.endswith("3 mistakes.\n")
    assert [one["line"] for one in plumbline("rules", "check", str(file), "--json").data] == sorted([5, 7, 8])


def test_check_needs_no_installation(plumbline, written, tmp_path, monkeypatch):
    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path / "none"))
    said = plumbline("rules", "check", str(written(GOOD)))
    assert (said.code, said.err) == (0, "")
    assert "1 rule, no mistakes" in said.out
    assert plumbline("rules", "check", "-", stdin=GOOD).code == 0
    assert not (tmp_path / "none").exists()


def test_apply_says_what_changes_and_a_dry_run_changes_nothing(home, plumbline, db, written):
    said = plumbline("rules", "apply", str(written(GOOD)), "--dry-run")
    assert (said.code, "new        quiet" in said.out, in_force(db)) == (0, True, {})
    plumbline("rules", "apply", str(written(GOOD)))
    assert "Nothing changes." in plumbline("rules", "apply", str(written(GOOD))).out
    changed = plumbline("rules", "apply", str(written(GOOD.replace("4", "9") + "  mode: live\n")))
    assert "changed    quiet" in changed.out
    assert "params.quiet_days: 4 -> 9" in changed.out
    assert "mode: observe -> live" in changed.out
    assert in_force(db)["quiet"].version == 2
    other = plumbline("rules", "apply", "-", stdin=GOOD.replace("quiet\n", "other\n"))
    assert "kept       quiet" in other.out
    gone = plumbline("rules", "apply", "-", "--prune", "--json", stdin=GOOD.replace("quiet\n", "other\n"))
    assert [(one["name"], one["state"]) for one in gone.data] == [("other", "unchanged"), ("quiet", "removed")]
    assert set(in_force(db)) == {"other"}


@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("second", NAMES)
def test_what_is_said_to_change_is_what_changes(home, db, first, second):
    now = real_now()
    apply(db, load(first), author="ada", prune=True, now=now, real=now)
    said = compare(db, load(second), prune=True)
    done = apply(db, load(second), author="ada", prune=True, now=now, real=now)
    by_state = {state: tuple(c.name for c in said if c.state == state) for state in ("unchanged", "removed")}
    assert by_state == {"unchanged": done.unchanged, "removed": done.removed}
    assert tuple(c.name for c in said if c.state in ("new", "changed")) == done.changed


@pytest.mark.parametrize("pack", NAMES)
def test_a_pack_goes_in_comes_out_and_goes_in_unchanged(home, plumbline, tmp_path, pack):
    assert plumbline("rules", "apply", "--pack", pack).code == 0
    file = tmp_path / "out.yaml"
    assert plumbline("rules", "export", str(file)).code == 0
    assert plumbline("rules", "export").out == file.read_text()
    assert "Nothing changes." in plumbline("rules", "apply", str(file), "--prune").out
    assert {draft.name for draft in parse(file.read_text(), source="")} == {draft.name for draft in load(pack)}
    assert parse(plumbline("rules", "packs", pack).out, source="") == load(pack)


def test_packs_are_listed(plumbline):
    assert [line.split()[0] for line in plumbline("rules", "packs").out.splitlines()] == list(NAMES)


def test_what_to_apply_must_be_said_once(home, plumbline, written, tmp_path):
    assert plumbline("rules", "apply").code == 2
    assert plumbline("rules", "apply", str(written(GOOD)), "--pack", "scrum").code == 2
    assert plumbline("rules", "apply", "--pack", "none").code == 2
    assert plumbline("rules", "check", str(tmp_path / "missing.yaml")).code == 2
    said = plumbline("rules", "export", str(tmp_path / "no" / "where.yaml"))
    assert (said.code, "Cannot write" in said.err) == (2, True)


def test_the_versions_of_rules_hold_from_world_time(home, plumbline, db):
    from datetime import UTC, datetime

    from app.store import instance
    from app.time import WorldClock

    world = datetime(2020, 5, 4, tzinfo=UTC)
    with db.write() as tx:
        instance.set_clock(tx, WorldClock(origin_real=real_now(), origin_world=world, rate=0.0))
    plumbline("rules", "apply", "-", stdin=GOOD)
    assert in_force(db)["quiet"].valid_from == world


def test_going_live_where_the_token_only_reads_says_what_is_needed(plumbline, db, written):
    with db.write() as tx:
        tracker = trackers.add_tracker(
            tx, name="work", kind="github", base_url="https://api.github.com", webhook_secret="", now=real_now()
        )
        connection = trackers.save_connection(
            tx, tracker_id=tracker.id, kind="token", installation=None, credentials=""
        )
        trackers.set_connection_status(tx, connection, status="read_only", detail="the scope repo", now=real_now())
        for number, key in enumerate(("acme/shop", "acme/docs")):
            trackers.add_project(
                tx,
                tracker_id=tracker.id,
                connection_id=connection,
                native_id=str(number),
                key=key,
                url="",
                public=True,
                now=real_now(),
                settings={},
                calendar={},
                author="test",
            )
    rule = GOOD.replace("  params", "  mode: live\n  scope: {projects: [acme/sh*]}\n  params")
    done = plumbline("rules", "apply", str(written(rule)))
    assert done.code == 0
    assert "acme/shop is only read" in done.err
    assert "It needs the scope repo." in done.err
    assert "acme/docs" not in done.err
    assert "only read" not in plumbline("rules", "apply", str(written(GOOD))).err
