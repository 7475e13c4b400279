"""The web application: pages, API, webhooks and health, behind one set of headers and one gate."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from app.bootstrap import Runtime
from app.services.explain import explain
from app.web import auth, security, shell, words
from app.web.api import routes as api
from app.web.health import blueprint as health
from app.web.hooks import hooks
from app.web.pages import (
    control,
    deliveries,
    find,
    flags,
    items,
    load,
    milestones,
    overview,
    projects,
    rules,
    settings,
    workflow,
)
from app.web.runtime import Explain, Web

MAX_BODY = 25 * 1024 * 1024
"""GitHub's own limit for a delivery."""
PAGES = (overview, flags, milestones, items, rules, projects, workflow, load, deliveries, settings, find, control)


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
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["plumbline"] = Web(runtime=runtime, explain=explain)
    csrf = CSRFProtect(app)
    security.install(app)
    auth.install(app)
    shell.install(app)
    words.install(app)
    app.register_blueprint(health)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    app.register_blueprint(api.blueprint)
    csrf.exempt(api.blueprint)
    _add_hooks(app, csrf, runtime)
    return app


def _add_hooks(app: Flask, csrf: CSRFProtect, runtime: Runtime) -> None:
    blueprint = hooks(runtime)
    app.register_blueprint(blueprint)
    csrf.exempt(blueprint)  # deliveries carry a signature
