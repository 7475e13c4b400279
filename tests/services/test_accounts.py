"""People, sessions and tokens on either database: what somebody sees follows their programmes at once."""

from __future__ import annotations

from datetime import timedelta

from app.services import access, accounts, sessions
from app.services.access import Role
from app.services.accounts import May, Provided
from app.store import programmes, trackers
from app.store import sessions as rows
from app.store.database import Database
from app.time import real_now
from tests.world import World

PASSWORD = "four words in a row"


def signed_in(db: Database, name: str) -> access.User:
    key = accounts.sign_in(db, name=name, password=PASSWORD, agent="", now=real_now())
    assert key is not None
    user = sessions.find(db, key, real_now())
    assert user is not None
    return user


def test_what_somebody_sees_follows_their_programmes(world: World) -> None:
    db, now = world.db, real_now()
    with db.write() as tx:
        project = trackers.projects(tx, key="acme/shop")[0].id
        mine = programmes.save(tx, name="Mine", project_ids=[project], same_readers=False, now=now)
        empty = programmes.save(tx, name="Empty", project_ids=[], same_readers=False, now=now)
    id_ = accounts.add(db, name="Ada", may=May(programmes=frozenset({empty})), password=PASSWORD, who="t", now=now)
    assert signed_in(db, "Ada").projects == frozenset()
    accounts.change(db, id_, may=May(programmes=frozenset({mine, empty})), who="t", now=now)
    token = access.create_token(db, "bot", owner=id_, now=now)
    user = access.check_token(db, token, now)
    assert user is not None
    assert signed_in(db, "ADA").projects == user.projects == frozenset({project})
    with db.write() as tx:
        programmes.remove(tx, mine)
    assert signed_in(db, "Ada").projects == frozenset()
    accounts.change(db, id_, may=May(role=Role.ADMIN), who="t", now=now)
    assert signed_in(db, "Ada").projects is None


def test_sessions_without_an_account_are_of_their_own_kind(world: World) -> None:
    db, now = world.db, real_now()
    accounts.add(db, name="Ada", may=May(), password=PASSWORD, who="t", now=now)
    token = access.new_sign_in_link(db, "", now).rsplit("/", 1)[1]
    key = accounts.use_link(db, token, agent="Firefox", now=now)
    assert key is not None
    user = sessions.find(db, key, now)
    assert user is not None
    assert (user.how, user.may("admin"), user.account_id) == ("recovery", True, None)
    ada = signed_in(db, "Ada")
    assert sessions.end_everywhere(db, user, now) == 1
    assert sessions.find(db, key, now) is None
    with db.read() as tx:
        assert len(rows.sessions(tx, ada.account_id, now)) == 1


def test_sessions_that_are_over_are_forgotten(world: World) -> None:
    db, now = world.db, real_now()
    id_ = accounts.add(db, name="Ada", may=May(), password=PASSWORD, who="t", now=now)
    for days in (0, 20):
        accounts.sign_in(db, name="Ada", password=PASSWORD, agent="", now=now + timedelta(days=days))
    with db.read() as tx:
        assert len(rows.sessions(tx, id_, now - timedelta(days=1))) == 1


def test_a_name_may_be_had_by_a_token_of_each_and_again_when_it_was_revoked(world: World) -> None:
    db, now = world.db, real_now()
    ids = [accounts.add(db, name=name, may=May(), who="t", now=now) for name in ("Ada", "Bob")]
    made = [access.create_token(db, "bot", owner=owner, now=now) for owner in (*ids, None)]
    assert len({access.check_token(db, one, now).name for one in made if access.check_token(db, one, now)}) == 3


def test_whom_a_provider_knows_is_one_however_often_they_come(world: World) -> None:
    db, now = world.db, real_now()
    who = Provided(issuer="https://login.example", subject="1", name="Ada")
    users = []
    for _ in range(2):
        key = accounts.sign_in_provided(db, who, all_projects=False, agent="", now=now)
        assert key is not None
        users.append(sessions.find(db, key, now))
    assert users[0] is not None
    assert {user.account_id for user in users if user is not None} == {users[0].account_id}
