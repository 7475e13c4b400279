"""Headers for every answer, and errors that say what happened without showing how."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.store.views.scope import BadCursorError

log = logging.getLogger(__name__)

FORMS = "form-action 'self'"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    f"{FORMS}; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
JSON_PATHS = ("/api/", "/webhooks/")
CODES = {
    400: "bad_request",
    401: "unauthorised",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_type",
    429: "too_many",
}


def install(app: Flask) -> None:
    """Add headers and error pages to an application."""
    app.before_request(_refuse_nul)
    app.after_request(_add_headers)
    app.register_error_handler(BadCursorError, _bad_cursor)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _known)
    app.register_error_handler(Exception, _unknown)


def json_error(status: int, message: str, *, code: str | None = None, field: str | None = None) -> Response:
    """An error as every JSON address of ours answers it."""
    answer = jsonify({"error": {"code": code or CODES.get(status, "error"), "message": message, "field": field}})
    answer.status_code = status
    return answer


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    elsewhere = g.get("forms_to")
    if elsewhere is not None:
        # a form of this one page goes to this one host, which may want to know where from
        response.headers["Content-Security-Policy"] = POLICY.replace(FORMS, f"{FORMS} {elsewhere}")
        response.headers["Referrer-Policy"] = "origin"
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "static":
        # pages hold what only signed-in people may see
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _refuse_nul() -> Any:
    """Refuse a zero character in what is typed: no database of ours takes one, and no person types one."""
    sent = [*request.args.items(multi=True)]
    if request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        sent += request.form.items(multi=True)
    wrong = next((name for name, text in sent if "\0" in name or "\0" in text), None)
    if wrong is None:
        return None
    field = wrong.replace("\0", "")[:40]
    return _answer(400, kind="400", message=f"{field}: holds a zero character; leave it out", field=field)


def _bad_cursor(_error: BadCursorError) -> Any:
    return _answer(
        400, kind="cursor", message="after: not a cursor of this list; take the one its last page gave", field="after"
    )


def _stale_form(_error: CSRFError) -> Any:
    return _answer(400, kind="form", message="The form was too old or came from elsewhere")


def _known(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    answer = make_response(_answer(status, kind=str(status), message=error.description or error.name))
    if isinstance(error, MethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return answer


def _unknown(error: Exception) -> Any:
    reference = secrets.token_hex(4)
    log.error("request failed", exc_info=error, extra={"error_id": reference, "path": request.path})
    return _answer(
        500, kind="500", message=f"Something went wrong here; it is in the log as {reference}", reference=reference
    )


def _answer(status: int, *, kind: str, message: str, reference: str = "", field: str | None = None) -> Any:
    if request.path.startswith(JSON_PATHS):
        return json_error(status, message, field=field)
    return render_template("error.html", kind=kind, status=status, reference=reference), status
