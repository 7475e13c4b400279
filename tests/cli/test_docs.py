"""The reference is what the code says, and every link in the documents leads somewhere."""

from __future__ import annotations

import json
import re

import pytest

from app.cli import docs
from app.cli.main import COMMANDS
from app.settings import ENV_PREFIX, Settings
from tests.support import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def test_the_reference_is_fresh():
    assert docs.stale(ROOT) == [], "run `make docs`"


def test_stale_missing_and_left_over_pages_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    assert docs.main([]) == 0
    assert docs.main(["--check"]) == 0
    folder = tmp_path / docs.FOLDER
    (folder / "cli.md").write_text("old")
    (folder / "settings.md").unlink()
    (folder / "gone.md").write_text("made once")
    capsys.readouterr()
    assert docs.main(["--check"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[:3] == [f"stale: {docs.FOLDER}/{name}.md" for name in ("cli", "gone", "settings")]
    assert docs.main([]) == 0
    assert docs.stale(tmp_path) == []
    assert docs.main(["--chekc"]) == 2


def test_a_narrow_terminal_makes_the_same_pages(monkeypatch):
    before = docs.pages()
    monkeypatch.setenv("COLUMNS", "40")
    assert docs.pages() == before


def test_every_command_and_setting_is_in_it():
    made = docs.pages()
    for name in COMMANDS:
        assert f"## plumbline {name}\n" in made[f"{docs.FOLDER}/cli.md"]
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`{ENV_PREFIX}{name.upper()}`" in made[f"{docs.FOLDER}/settings.md"]
    assert json.loads(made[f"{docs.FOLDER}/rule-file.schema.json"])["properties"]["rules"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)):
        if not re.match(r"https?:|mailto:|#", target):
            path, _, _ = target.partition("#")
            assert (page.parent / path).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_documents_exist(page):
    from app.cli.main import cli

    for line in re.findall(r"^(?:    |\$ )plumbline ([a-z][^\n#]*)", page.read_text("utf-8"), flags=re.M):
        words = line.split()
        command = cli.get_command(None, words[0])
        assert command is not None, line
        if hasattr(command, "commands") and len(words) > 1 and words[1].isalpha():
            assert words[1] in command.commands, line
            command = command.commands[words[1]]
        options = {option for parameter in command.params for option in getattr(parameter, "opts", [])}
        for word in words:
            if word.startswith("--") and words[0] not in ("up", "web"):
                assert word.partition("=")[0] in options, line
