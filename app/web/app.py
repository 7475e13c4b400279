"""The web application: pages, API, webhooks and health, behind one set of headers and one gate."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from app.bootstrap import Runtime
from app.services.explain import explain
from app.web import auth, oidc, security, shell, throttle, words
from app.web.api import routes as api
from app.web.health import blueprint as health
from app.web.hooks import hooks
from app.web.pages import (
    account,
    answers,
    audit,
    choosing,
    connect,
    connections,
    control,
    deliveries,
    find,
    flags,
    flow,
    items,
    load,
    milestones,
    overview,
    people,
    previews,
    programmes,
    project_settings,
    projects,
    publications,
    rule_editor,
    rule_files,
    rule_packs,
    rule_versions,
    rules,
    settings,
    targets,
    workflow,
    writes,
)
from app.web.runtime import Explain, Web

MAX_BODY = 25 * 1024 * 1024
"""GitHub's own limit for a delivery."""
LARGEST_ID = 2**63 - 1
PAGES = (
    overview, flags, milestones, items, rules, rule_editor, rule_versions, rule_files, rule_packs, previews,
    projects, deliveries, settings, find, control, answers, flow, connect, choosing, connections, programmes,
    publications, writes, project_settings, targets, audit, account, people, workflow, load,
)  # fmt: skip


class RowId(IntegerConverter):
    """A number in an address, no larger than an id can be: what is larger is not there, which is a 404."""

    def __init__(self, map_: Map, *args: Any, **limits: Any) -> None:
        super().__init__(map_, *args, **{"max": LARGEST_ID, **limits})


def create_app(runtime: Runtime, *, explain: Explain = explain) -> Flask:
    """Make the WSGI application of an installation. `explain` stands in for the service of that name in tests."""
    app = Flask(__name__)
    secure = runtime.settings.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=runtime.vault.derive("session cookies"),
        SESSION_COOKIE_NAME="plumbline",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        PERMANENT_SESSION_LIFETIME=auth.LIFETIME,
        MAX_CONTENT_LENGTH=MAX_BODY,
        WTF_CSRF_TIME_LIMIT=None,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),
    )
    app.url_map.converters["int"] = RowId
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["plumbline"] = Web(runtime=runtime, explain=explain)
    csrf = CSRFProtect(app)
    security.install(app)
    auth.install(app)
    shell.install(app)
    words.install(app)
    previews.install(app)
    app.register_blueprint(health)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    app.register_blueprint(api.blueprint)
    csrf.exempt(api.blueprint)
    _add_hooks(app, csrf, runtime)
    oidc.install(app, runtime.settings)
    throttle.install(app, broker_url=runtime.settings.redis_url)
    if proxies := runtime.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    return app


def _add_hooks(app: Flask, csrf: CSRFProtect, runtime: Runtime) -> None:
    blueprint = hooks(runtime)
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)  # deliveries carry a signature
