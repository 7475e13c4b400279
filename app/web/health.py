"""Is the process alive, can it work, and what do its numbers say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from app.bootstrap import Runtime
from app.settings import EVERY_QUEUE
from app.store import schema
from app.store.views import health
from app.time import real_now
from app.web.auth import bearer
from app.web.runtime import web
from app.web.security import json_error

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Any:
    """The process lives."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Any:
    """The database answers and has its tables, the broker answers; 503 names what does not."""
    runtime = web().runtime
    failing = {
        name: reason
        for name, probe in (("database", _database), ("broker", _broker))
        if (reason := _try(probe, runtime))
    }
    answer = jsonify({"status": "failing" if failing else "ok", "failing": failing})
    answer.status_code = 503 if failing else 200
    return answer


@blueprint.get("/metrics")
def metrics() -> Any:
    """Numbers for Prometheus, read at scrape time.

    For this machine, or with an API token: counts tell of the work behind them. A proxy on the same machine must set
    X-Forwarded-For, as all do, or everybody behind it would count as this machine.
    """
    if not _from_here() and bearer(request.headers.get("Authorization"), real_now()) is None:
        return json_error(401, "metrics are read from the same machine, or with an API token")
    registry = CollectorRegistry()
    registry.register(_Collector(web().runtime, web().refused.counts()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Collector:
    """Reads database and broker when it is asked, and keeps nothing."""

    def __init__(self, runtime: Runtime, refused: dict[str, float]) -> None:
        self._runtime = runtime
        self._refused = refused

    def collect(self) -> Iterator[Metric]:
        now = real_now()
        with self._runtime.db.read() as tx:
            found = health.measures(tx)
        yield _labelled("plumbline_deliveries", "Deliveries by what became of them.", "status", found.deliveries)
        yield _labelled("plumbline_publications", "Publications by status.", "status", found.publications)
        yield _labelled("plumbline_notices", "Notices to people by what became of them.", "status", found.notices)
        yield _labelled("plumbline_flags_open", "Open flags by type of rule.", "rule_type", found.flags)
        for name, text, since in (
            (
                "plumbline_oldest_pending_delivery_seconds",
                "Age of the oldest delivery that waits; 0 where none does.",
                found.oldest_pending,
            ),
            (
                "plumbline_oldest_bell_seconds",
                "Age of the oldest bell nobody answered; 0 where none rings.",
                found.oldest_bell,
            ),
            (
                "plumbline_latest_delivery_seconds",
                "Time since the latest delivery; 0 where there was none.",
                found.latest_delivery,
            ),
            (
                "plumbline_clock_tick_age_seconds",
                "Time since the clock last ticked; 0 before its first.",
                found.ticked_at,
            ),
        ):
            yield GaugeMetricFamily(name, text, value=max(0.0, (now - since).total_seconds()) if since else 0.0)
        yield GaugeMetricFamily(
            "plumbline_subjects_due", "Subjects whose time to be judged has come.", value=self._due()
        )
        yield GaugeMetricFamily("plumbline_paused", "1 while all writing is paused.", value=float(found.paused))
        refused = CounterMetricFamily(
            "plumbline_sign_ins_refused", "Sign-ins that were refused since this process began.", labels=["why"]
        )
        for why in ("link", "password", "provider", "throttled"):
            refused.add_metric([why], self._refused.get(why, 0.0))
        yield refused
        yield _labelled("plumbline_queue_length", "Jobs waiting in the broker.", "queue", self._queues())

    def _due(self) -> float:
        with self._runtime.db.read() as tx:
            return float(health.subjects_due(tx, now=self._runtime.world().now()))

    def _queues(self) -> dict[str, float]:
        try:
            return {queue: float(self._runtime.broker.llen(f"rq:queue:{queue}")) for queue in EVERY_QUEUE}
        except Exception:  # noqa: BLE001 (a broker that is away must not hide the other numbers; readyz names it)
            return {}


def _labelled(name: str, text: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], number)
    return family


def _from_here() -> bool:
    """Whether the request comes from this machine and was not passed on for somebody else."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers or not request.remote_addr:
        return False
    try:
        return ip_address(request.remote_addr).is_loopback
    except ValueError:
        return False


def _try(probe: Callable[[Runtime], str], runtime: Runtime) -> str:
    try:
        return probe(runtime)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is why we are not ready)
        return type(error).__name__


def _database(runtime: Runtime) -> str:
    return "" if schema.is_current(runtime.db) else "its schema is not of this version; run plumbline migrate"


def _broker(runtime: Runtime) -> str:
    return "" if runtime.broker.ping() else "no answer"
