"""Decoding runs twice per delivery, at intake and when drained: it must cost next to nothing."""

from __future__ import annotations

import time

from integrations.github.decode.events import decode
from tests.integrations.github.payloads import RECEIVED, octokit

LIMIT = 150e-6
"""Seconds per `issues` payload, JSON parsing not counted."""


def test_an_issues_payload_is_decoded_within_its_time():
    payloads = [payload for event, payload in octokit() if event == "issues"]
    best = LIMIT * 100
    for _ in range(10):
        began = time.perf_counter()
        for payload in payloads:
            decode("issues", payload, RECEIVED)
        best = min(best, (time.perf_counter() - began) / len(payloads))
    assert best < LIMIT
