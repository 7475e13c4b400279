"""What the tests stand on stands: both databases, the broker, the stand-ins."""

from __future__ import annotations

import json
import urllib.request

import pytest
import redis
import sqlalchemy as sa

SEED = """
github:
  users:
    - login: ann
      name: Ann
  repos:
    - owner: ann
      name: shop
  tokens:
    test-token:
      login: ann
      scopes: [repo]
"""


def test_an_empty_database_of_each_kind(empty_database_url):
    engine = sa.create_engine(empty_database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (x INTEGER)"))
        assert connection.scalar(sa.text("SELECT count(*) FROM t")) == 0
    engine.dispose()


@pytest.mark.parametrize("turn", [1, 2])
def test_the_broker_is_empty_at_the_start_of_each_test(broker_url, turn):
    with redis.Redis.from_url(broker_url) as client:
        assert client.dbsize() == 0
        client.set("turn", turn)


def test_the_recorded_payloads_are_all_there(octokit_payloads):
    events = json.loads(octokit_payloads.read_text("utf-8"))
    assert sum(len(event["examples"]) for event in events) == 329


@pytest.mark.e2e
def test_the_stand_in_for_github_answers_as_seeded(emulate):
    github = emulate(SEED)
    request = urllib.request.Request(f"{github.url}/repos/ann/shop", headers={"Authorization": "Bearer test-token"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert json.load(answer)["full_name"] == "ann/shop"
