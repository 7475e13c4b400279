from __future__ import annotations

import json
import sys
import types

import pytest

from app.cli.doctor import examine
from app.cli.main import run
from app.settings import load_settings
from tests.support import free_port


@pytest.fixture
def schema(monkeypatch):
    """Decide what the database says of its schema."""

    def install(present: str | None, wanted: str = "0002") -> None:
        module = types.ModuleType("app.bootstrap")
        module.schema_revisions = lambda _url: (present, wanted)
        module.look_at_targets = lambda _settings: types.SimpleNamespace(count=0, problems=(), notes=())
        monkeypatch.setitem(sys.modules, "app.bootstrap", module)

    return install


def findings(**overrides):
    return {finding.check: finding for finding in examine(load_settings(**overrides))}


def test_a_machine_before_the_first_start_has_notes_but_no_problem(short_dir):
    found = findings(home=short_dir / "home", port=free_port())
    assert [f for f in found.values() if f.state == "problem"] == []
    assert found["database"].state == found["key"].state == found["home"].state == "note"
    assert not (short_dir / "home").exists()


def test_it_names_what_is_wrong(short_dir, schema, monkeypatch):
    schema("0001")
    (short_dir / "plumbline.db").touch()
    (short_dir / "secret.key").write_text("")
    (short_dir / "secret.key").chmod(0o644)
    monkeypatch.setenv("PLUMBLINE_REDIS_URL", f"unix://{short_dir}/nobody.sock")
    found = findings(home=short_dir, port=free_port())
    assert {name for name, f in found.items() if f.state == "problem"} == {"key", "database", "broker"}
    assert "plumbline migrate" in found["database"].what
    assert "chmod 600" in found["key"].what


def test_a_database_that_fails_is_a_finding_not_a_trace(short_dir, monkeypatch):
    module = types.ModuleType("app.bootstrap")
    module.schema_revisions = lambda _url: 1 / 0
    monkeypatch.setitem(sys.modules, "app.bootstrap", module)
    monkeypatch.setenv("PLUMBLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert findings(home=short_dir, port=free_port())["database"].state == "problem"


def test_json_is_for_machines_and_the_exit_code_tells(short_dir, schema, monkeypatch, capsys):
    schema("0002")
    (short_dir / "plumbline.db").touch()
    monkeypatch.setenv("PLUMBLINE_HOME", str(short_dir))
    monkeypatch.setenv("PLUMBLINE_PORT", str(free_port()))
    assert run(["doctor", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {"check": "database", "state": "ok", "what": "SQLite, schema 0002"} in printed
    schema(None)
    assert run(["doctor"]) == 1
    assert "problem  database" in capsys.readouterr().out
