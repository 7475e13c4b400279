"""The API, version 1: one gate before all of it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from app.time import real_now
from app.web.api.document import document
from app.web.api.operations import Operations
from app.web.auth import bearer
from app.web.security import json_error

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
api = Operations(blueprint)


@blueprint.before_request
def _gate() -> Any:
    if request.endpoint == "api.openapi":
        return None  # it says nothing of what is stored here
    g.user = bearer(request.headers.get("Authorization"), real_now())
    if g.user is None:
        answer = json_error(401, "send a token: Authorization: Bearer plb_… (plumbline token create NAME)")
        answer.headers["WWW-Authenticate"] = 'Bearer realm="plumbline"'
        return answer
    return None


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The document that describes the API."""
    return jsonify(document(api.all))
