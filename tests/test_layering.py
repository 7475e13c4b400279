"""The floors hold: the tree as it is keeps every contract, and each contract notices a planted violation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

TREES = ("app", "integrations", "rules")


def lint(folder: Path) -> tuple[int, str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as c; c()",
        "--no-cache",
        "--no-logo",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in TREES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def plant(folder: Path, module: str, text: str) -> None:
    file = folder / Path(*module.split(".")).with_suffix(".py")
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(f"\n{text}\n")


def test_the_tree_keeps_its_contracts():
    code, said = lint(ROOT)
    assert code == 0, said


@pytest.mark.parametrize(
    ("module", "text", "broken"),
    [
        ("app.store.planted", "import app.services.planted", "app: entry points"),
        ("app.services.planted", "import app.bootstrap", "app: entry points"),
        ("app.web.planted", "import app.worker.runner", "app: entry points"),
        ("app.settings", "import app.log", "app: entry points"),
        (
            "app.store.planted",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import app.services.planted",
            "app: entry points",
        ),
        ("app.newcomer", "", "app: entry points"),
        ("integrations.github.planted", "import integrations.sandbox.planted", "integrations: sandbox"),
        ("integrations.ports", "import integrations.github.planted", "integrations: sandbox"),
        ("integrations.newcomer", "", "integrations: sandbox"),
        ("rules.facts", "import rules.catalog.planted", "rules: engine"),
        ("rules.newcomer", "", "rules: engine"),
        ("rules.catalog.planted", "import app.time", "rules know neither"),
        ("rules.catalog.planted", "import integrations.ports", "rules know neither"),
        ("integrations.github.planted", "import app.settings", "integrations never import"),
        ("integrations.github.planted", "import rules.catalog.planted", "integrations see of rules"),
        ("app.services.planted", "import integrations.github.planted", "only app.bootstrap names"),
        ("app.cli.planted", "import integrations.sandbox.planted", "only app.bootstrap names"),
        ("app.web.planted", "import app.store.models", "models are private"),
    ],
)
def test_a_planted_violation_breaks_its_contract(copy, module, text, broken):
    for there in ("app.bootstrap", "app.store.models", "integrations.ports", "rules.facts"):
        plant(copy, there, "")
    for there in ("app.services", "integrations.github", "integrations.sandbox", "rules.catalog"):
        plant(copy, f"{there}.planted", "")
    plant(copy, module, text)
    code, said = lint(copy)
    assert code != 0, said
    # A layer that is missing is reported without the contract's name.
    line = next((line for line in said.splitlines() if line.startswith(broken)), said)
    assert "BROKEN" in line, said


def test_what_is_allowed_passes(copy):
    plant(copy, "rules.facts", "")
    plant(copy, "integrations.ports", "import rules.facts\nimport rules.intents")
    plant(copy, "integrations.github.planted", "import integrations.ports\nimport rules.facts")
    plant(copy, "integrations.sandbox.planted", "import integrations.github.planted")
    plant(copy, "app.store.models", "")
    plant(copy, "app.store.planted", "import app.store.models\nimport rules.facts")
    plant(copy, "app.services.planted", "import app.store.planted\nimport integrations.ports\nimport app.time")
    plant(copy, "app.bootstrap", "import app.services.planted\nimport integrations.github.planted")
    plant(copy, "app.cli.planted", "import app.bootstrap")
    code, said = lint(copy)
    assert code == 0, said


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.date.today()",
        "import time\nx = time.time()",
        "from time import time\nx = time()",
    ],
)
@pytest.mark.parametrize("folder", ["rules", "app", "integrations"])
def test_only_app_time_may_read_the_wall_clock(copy, folder, text):
    plant(copy, f"{folder}.planted", text)
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "TID251", "."]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Only app/time.py reads the wall clock" in done.stdout
