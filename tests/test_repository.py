"""House rules that no linter knows."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.support import ROOT, unavailable

LONGEST_MODULE = 400
DECLARATIONS = {"rules/facts.py"}
"""A list of facts: long, but it reads like a table of contents of itself."""


def tracked(*patterns: str) -> list[Path]:
    try:
        done = subprocess.run(
            ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        unavailable("this is not a git checkout")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_init_files_are_empty_so_that_importing_a_leaf_boots_nothing():
    assert [str(file) for file in tracked("*__init__.py") if file.read_text("utf-8").strip()] == []


def test_modules_stay_small():
    code = tracked("app/*.py", "integrations/*.py", "rules/*.py")
    sizes = {str(file.relative_to(ROOT)): len(file.read_text("utf-8").splitlines()) for file in code}
    assert {name: size for name, size in sizes.items() if size > LONGEST_MODULE and name not in DECLARATIONS} == {}


def test_every_pinned_package_has_a_hash_and_no_file_names_where_to_get_it():
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text("utf-8")
        entries = [entry for entry in re.split(r"\n(?=\S)", text) if "==" in entry]
        assert entries
        assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links|file:", text)
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry or "integrity" not in entry] == []


def test_make_help_names_every_target_people_use():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("help", "run", "test", "check", "fmt", "docs", "bench", "clean"):
        assert f"make {target} " in done.stdout
