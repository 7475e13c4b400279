"""Days that were forecast at 85 % and have passed: which count, and which came true."""

from __future__ import annotations

from app.services.foretold import Track, track
from app.store.views.scope import Visible
from tests.store.foretold import NOW, Told, tell
from tests.world import World

ALL = Visible(secured=True)
COUNT = {
    "all done on the day itself": Told(by85=20, items=((None, 25), (None, 20)), closed=19),
    "the last one done a day later": Told(by85=20, items=((None, 25), (None, 19)), closed=19),
    "one still open": Told(by85=20, items=((None, 25), (None, None))),
    "all done and not closed yet": Told(by85=20, items=((None, 25),)),
    "one left behind when it was closed": Told(by85=20, items=((None, 25), (None, None)), closed=22),
    "a later forecast gave another day": Told(by85=20, later=5, items=((None, 10),), closed=9),
}
CAME_TRUE = {"all done on the day itself", "all done and not closed yet"}
DO_NOT = {
    "its day is today": Told(by85=0, items=((None, 5),), closed=4),
    "its day is ahead, though it is done": Told(by85=-3, items=((None, 5),), closed=4),
    "no day for 85 of 100 was given": Told(by85=None, items=((None, 25),), closed=4),
    "it was said more than two years ago": Told(by85=20, items=((None, 25),), closed=4, said=800),
}


def tracked(world: World, *, visible: Visible = ALL) -> Track:
    with world.db.read() as tx:
        return track(tx, visible=visible, now=NOW)


def test_a_day_counts_once_it_has_passed_and_came_true_where_nothing_was_open(world: World) -> None:
    assert tracked(world) == Track()
    for title, told in (COUNT | DO_NOT).items():
        tell(world, title, told)
    found = tracked(world)
    assert {day.title for day in found.days} == COUNT.keys()
    assert {day.title for day in found.days if day.came_true} == CAME_TRUE
    assert (found.came_true, found.enough) == (len(CAME_TRUE), False)
    assert tracked(world, visible=Visible(projects=frozenset())).days == ()


def test_from_ten_on_they_are_enough_the_latest_first(world: World) -> None:
    for number in range(9):
        tell(world, f"release {number}", Told(by85=20 + number, items=((None, 40),), closed=19))
    assert not tracked(world).enough
    tell(world, "the tenth", Told(by85=50, items=((None, 40),), closed=19))
    found = tracked(world)
    assert (found.enough, len(found.days), found.came_true) == (True, 10, 9)
    assert [day.by85 for day in found.days] == sorted((day.by85 for day in found.days), reverse=True)
