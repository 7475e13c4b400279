"""Structured logs: one line an event, for people on a terminal, JSON elsewhere; secrets are blanked on the way out.

    log = structlog.get_logger(__name__)
    with bound(delivery="5b1f…"):
        log.info("delivery decoded", items=3)

Whatever is bound is on every line until the block ends, in that thread and in libraries that log the ordinary way.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN = "[hidden]"

_SECRET_NAME = re.compile(
    r"(^|_)(token|secret|password|passwd|authorization|cookie|signature|private_key|api_key)s?($|_)", re.I
)
_SECRET_VALUE = re.compile(
    r"\b(?:gh[opsur]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|ATATT[A-Za-z0-9_=-]{20,})"
    r"|(?<=Bearer )\S+|(?<=Basic )\S{8,}"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.S | re.I,
)
_DEEPEST = 6


def configure_logging(
    *,
    level: str = "info",
    style: Literal["auto", "console", "json"] = "auto",
    stream: IO[str] | None = None,
) -> None:
    """Send structlog and the standard library's logging through one chain to `stream` (standard error).

    Calling it again replaces what was set. Levels: debug, info, warning, error.
    """
    out = stream or sys.stderr
    console = style == "console" or (style == "auto" and out.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
        structlog.processors.StackInfoRenderer(),
    ]
    # Traces become plain text before secrets are blanked; prettier ones would print the variables of every frame.
    trace = structlog.dev.plain_traceback
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=36, exception_formatter=trace)
        if console
        else structlog.processors.JSONRenderer()
    )
    last: list[Processor] = [structlog.processors.format_exc_info, redact, renderer]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Libraries that tell every step: their news is ours only when somebody debugs.
    quiet = logging.DEBUG if level == "debug" else logging.WARNING
    for name in ("rq", "rq.worker", "urllib3", "github", "alembic", "granian.access"):
        logging.getLogger(name).setLevel(quiet)


@contextmanager
def bound(**context: Any) -> Iterator[None]:
    """Put `context` (e.g. `delivery=…`, `lane=…`) on every log line of this thread until the block ends."""
    with structlog.contextvars.bound_contextvars(**context):
        yield


def redact(_logger: WrappedLogger | None, _method: str, event: EventDict) -> EventDict:
    """Blank values whose name says secret and texts that look like one, at any depth."""
    return {k: HIDDEN if _is_secret_name(k) and v else _clean(v, depth=0) for k, v in event.items()}


def _is_secret_name(name: object) -> bool:
    return isinstance(name, str) and _SECRET_NAME.search(name.replace("-", "_")) is not None


def _clean(value: Any, *, depth: int) -> Any:
    if isinstance(value, str):
        return _SECRET_VALUE.sub(HIDDEN, value)
    if depth >= _DEEPEST:
        return value
    if isinstance(value, dict):
        return {k: HIDDEN if _is_secret_name(k) and v else _clean(v, depth=depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part, depth=depth + 1) for part in value]
    return value
