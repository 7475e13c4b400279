"""From Jira's own webhook to a label and a comment and back, through the real processes, on Cloud and on Data Center.

`plumbline up` with its embedded broker, connected by the command line, against a strict stand-in for Jira that sends
signed webhooks of what is done in it. Both live in one world time, so that days pass at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.fake_jira import fake_jira
from tests.e2e.jira_stage import SECRET, Processes, Stage, prepare, staged
from tests.e2e.jira_story import RULES, Plans, check_calls, check_imported, past, tell, tell_on
from tests.support_up import installed

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("edition", ["cloud", "datacenter"])
def test_a_round_trip(edition, short_dir, tmp_path):
    with fake_jira(edition) as jira:
        prepare(jira)
        plans = past(jira.world)
        jira.settle()
        with installed(short_dir / "home") as here:
            connect(Processes(jira, here.runtime, here=here, logs=tmp_path), plans)
        with installed(short_dir / "home") as here, here.up(tmp_path / "up.log") as process:
            stage = Processes(jira, here.runtime, here=here, logs=tmp_path)
            here.wait_ready(process)
            jira.hooks.append((f"{here.url}/webhooks/jira/plans", SECRET))
            stage.work()
            assert stage.flags() == []
            jira.exchanges.clear()
            tell(stage, plans)
            check_calls(jira.exchanges, again=False, workers=here.settings.workers)
            assert {status for status, _ in jira.told} == {202}
            stage.check_all_taken_in()


def connect(stage: Processes, plans: Plans) -> None:
    """By the command line, which reads the past of both projects."""
    assert stage.here is not None
    stage.here.set_clock(stage.jira.world.now, rate=1.0)
    said = stage.connect()
    assert said.code == 0, said.words
    assert "read: yes, write: yes" in said.words
    for key, items in (("PAY", 7), ("SHOP", 1)):
        said = stage.watch(key)
        assert said.code == 0, said.words
        assert f"{items} items read with" in said.words
    check_imported(stage, plans)
    stage.rules(RULES)


@pytest.fixture(params=["cloud", "datacenter"])
def stage(request, _sqlite_template, tmp_path, monkeypatch) -> Iterator[Stage]:
    """A Jira with a past, and an installation that nothing is connected to."""
    with fake_jira(request.param) as jira, staged(jira, _sqlite_template, tmp_path / "home", monkeypatch) as found:
        yield found


def test_the_same_comments_speak_again(stage):
    plans = past(stage.jira.world)
    stage.waiting.clear()
    stage.connect()
    stage.watch()
    stage.watch("SHOP")
    stage.rules(RULES)
    stage.work()
    stage.jira.exchanges.clear()
    tell_on(stage, plans, tell(stage, plans))
    check_calls(stage.jira.exchanges, again=True)
    stage.check_all_taken_in()
