from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import UserError
from app.settings import load_settings, to_env


def test_defaults_need_no_service(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.home == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/plumbline.db"
    assert settings.redis_url == f"unix://{tmp_path}/var/broker/b.sock"
    assert settings.embedded_broker
    assert settings.is_sqlite
    assert settings.base_url == "http://127.0.0.1:8080"


def test_the_environment_wins_over_defaults_and_arguments_over_both(monkeypatch):
    monkeypatch.setenv("PLUMBLINE_HOME", "/srv/plumbline")
    monkeypatch.setenv("PLUMBLINE_PORT", "9000")
    monkeypatch.setenv("PLUMBLINE_REDIS_URL", "redis://broker:6379/0")
    monkeypatch.setenv("PLUMBLINE_LOG_LEVEL", "DEBUG")
    settings = load_settings(port=9001, home=None)
    assert settings.home == Path("/srv/plumbline")
    assert (settings.port, settings.log_level) == (9001, "debug")
    assert not settings.embedded_broker


@pytest.mark.parametrize("given", ["postgres://u:p@h/d", "postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"])
def test_every_spelling_of_postgresql_means_the_same_driver(monkeypatch, given):
    monkeypatch.setenv("PLUMBLINE_DATABASE_URL", given)
    assert load_settings().database_url == "postgresql+psycopg://u:p@h/d"


def test_an_empty_variable_is_an_unset_one(monkeypatch):
    monkeypatch.setenv("PLUMBLINE_REDIS_URL", "")
    assert load_settings().embedded_broker


@pytest.mark.parametrize(
    ("variable", "value", "help_"),
    [
        ("PLUMBLINE_DATABASE_URL", "mysql://root:hunter2@h/d", "postgresql://user:password@host/name"),
        ("PLUMBLINE_REDIS_URL", "http://hunter2", "redis://host:6379/0"),
        ("PLUMBLINE_BASE_URL", "plumbline.example.org", "https://plumbline.example.org"),
        ("PLUMBLINE_PORT", "http", "valid integer"),
        ("PLUMBLINE_PORT", "70000", "less than or equal to 65535"),
        ("PLUMBLINE_LOG_FORMAT", "xml", "'auto', 'console' or 'json'"),
        ("PLUMBLINE_WORKERS", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right_and_not_shown(monkeypatch, variable, value, help_):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError) as error:
        load_settings()
    assert str(error.value).startswith(f"{variable}: ")
    assert help_ in str(error.value)
    assert "hunter2" not in str(error.value)


def test_all_wrong_values_are_named_at_once(monkeypatch):
    monkeypatch.setenv("PLUMBLINE_PORT", "0")
    monkeypatch.setenv("PLUMBLINE_REDIS_URL", "nope")
    with pytest.raises(UserError, match=r"(?s)PLUMBLINE_REDIS_URL.*PLUMBLINE_PORT|PLUMBLINE_PORT.*PLUMBLINE_REDIS_URL"):
        load_settings()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080"), ("plumb.lan", "http://plumb.lan:8080")],
)
def test_the_address_shown_is_one_that_can_be_reached(host, shown):
    assert load_settings(host=host).base_url == shown


def test_a_secret_does_not_show_in_the_settings_text(monkeypatch):
    monkeypatch.setenv("PLUMBLINE_SECRET_KEY", "hunter2")
    assert "hunter2" not in repr(load_settings())


def test_children_see_what_the_command_line_said(tmp_path, monkeypatch):
    settings = load_settings(home=tmp_path, port=9003, demo=True)
    for name, value in to_env(settings).items():
        monkeypatch.setenv(name, value)
    again = load_settings()
    assert (again.home, again.port, again.demo, again.redis_url) == (tmp_path, 9003, True, settings.redis_url)


def test_a_mounted_secret_is_read_and_the_environment_wins_over_it(tmp_path, monkeypatch):
    (tmp_path / "plumbline_database_url").write_text("postgresql://u:p@h/d\n")
    (tmp_path / "plumbline_secret_key").write_text("from-file\n")
    monkeypatch.setattr("app.settings._SECRETS_DIR", tmp_path)
    assert load_settings().database_url == "postgresql+psycopg://u:p@h/d"
    monkeypatch.setenv("PLUMBLINE_SECRET_KEY", "from-env")
    key = load_settings().secret_key
    assert key is not None
    assert key.get_secret_value() == "from-env"
