"""Who a process is, and whether another one still lives."""

from __future__ import annotations

import subprocess
import sys

from app.process import is_gone, own_name


def test_a_process_knows_of_its_own_life_and_of_the_end_of_another_of_this_machine():
    asked = "from app.process import own_name; print(own_name())"
    other = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()
    assert is_gone(other)
    assert not is_gone(own_name())


def test_of_other_machines_and_containers_nothing_is_known():
    pid = own_name().rpartition(":")[2]
    for name in ("elsewhere/4026531836:999999", f"elsewhere:{pid}", "elsewhere", "", "a:b"):
        assert not is_gone(name)
