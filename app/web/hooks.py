"""Where trackers deliver: `POST /webhooks/<kind>/<tracker>`. Answers 202 only for what is committed.

A Jira that cannot sign delivers to `/webhooks/jira/<tracker>/<secret>`: the best to be had there.
"""

from __future__ import annotations

import structlog
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.bootstrap import Runtime
from app.services import intake
from integrations.errors import BadPayload, BadSignature

log = structlog.get_logger()

TAKES = {"github": ("github", "sandbox"), "jira": ("jira", "sandbox-jira")}
"""Which kinds of tracker speak through which address; there is a sandbox for either language."""


DELIVERY_IDS = ("x-github-delivery", "x-atlassian-webhook-identifier")
PATH_SECRET = "x-path-secret"  # noqa: S105 (the name of a header)


def hooks(runtime: Runtime) -> Blueprint:
    """The webhook routes of one installation."""
    blueprint = Blueprint("hooks", __name__)

    @blueprint.post("/webhooks/github/<name>")
    def github(name: str) -> ResponseReturnValue:
        return _receive(runtime, "github", name)

    @blueprint.post("/webhooks/jira/<name>")
    @blueprint.post("/webhooks/jira/<name>/<path_secret>")
    def jira(name: str, path_secret: str | None = None) -> ResponseReturnValue:
        return _receive(runtime, "jira", name, path_secret=path_secret)

    return blueprint


def _receive(runtime: Runtime, kind: str, name: str, *, path_secret: str | None = None) -> ResponseReturnValue:
    raw = request.get_data(cache=False)
    headers = {key.lower(): value for key, value in request.headers.items()}
    headers.pop(PATH_SECRET, None)  # nobody but the address itself may say it
    if path_secret is not None:
        headers[PATH_SECRET] = path_secret
    guid = next((headers[name] for name in DELIVERY_IDS if name in headers), "")
    with structlog.contextvars.bound_contextvars(delivery=guid):
        try:
            accepted = intake.receive(
                name,
                headers,
                raw,
                kinds=TAKES[kind],
                directory=runtime.directory,
                adapters=runtime.adapters,
                commits=runtime.commits,
            )
        except intake.UnknownTracker as error:
            return _refused(404, "unknown_tracker", str(error))
        except BadSignature as error:
            log.warning("a delivery was refused", tracker=name, reason=str(error))
            return _refused(401, "bad_signature", str(error))
        except BadPayload as error:
            log.warning("a delivery was refused", tracker=name, reason=str(error))
            return _refused(400, "bad_payload", str(error), field=error.path)
        except TimeoutError:
            return _refused(503, "busy", "the database did not answer in time; deliver again")
    return jsonify({"accepted": accepted.guid, "event": accepted.event}), 202


def _refused(status: int, code: str, message: str, *, field: str | None = None) -> ResponseReturnValue:
    return jsonify({"error": {"code": code, "message": message, "field": field}}), status
