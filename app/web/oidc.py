"""Signing in at a provider of your own, by OpenID Connect: the code flow with PKCE, state and nonce.

The library is loaded where a provider is set up, and only then.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask, abort, current_app, url_for

from app.services import accounts
from app.services.access import Role
from app.services.accounts import Provided
from app.settings import Settings
from app.time import real_now
from app.web.auth import agent, ask, begin
from app.web.forms import Form
from app.web.runtime import web

log = logging.getLogger(__name__)
blueprint = Blueprint("oidc", __name__)

SECONDS = 10
"""How long we wait for the provider."""
AWAY = "Your sign-in provider did not answer as it should. Try again in a while; the log says more"
REFUSED = "Your sign-in provider did not let you in, or the page was open for too long. Try again"
SHUT_OUT = "Your account here is shut out. Ask an admin of this Plumbline"


class Provider:
    """The provider that the settings name."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self.settings = settings

    @cached_property
    def client(self) -> Any:
        """The library's client; made at first use, because loading it takes a while."""
        from authlib.integrations.flask_client import OAuth

        secret = self.settings.oidc_client_secret
        return OAuth(self._app).register(
            "provider",
            client_id=self.settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret is not None else None,
            server_metadata_url=f"{self.settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": self.settings.oidc_scopes,
                "code_challenge_method": "S256",
                "default_timeout": SECONDS,
            },
        )

    def claims(self) -> dict[str, Any]:
        """What the provider says of whoever comes back from it. Raises what the library raises."""
        options = {
            # whatever the provider's own description says: it must be the one that was set up
            "iss": {"essential": True, "value": self.settings.oidc_issuer},
            "aud": {"essential": True, "value": self.settings.oidc_client_id},
            "sub": {"essential": True},
            "nonce": {"essential": True},
        }
        token = self.client.authorize_access_token(claims_options=options)
        return dict(token["userinfo"])

    def told(self, claims: dict[str, Any]) -> Provided:
        """The same in our words."""
        mail = str(claims.get("email") or "") if claims.get("email_verified", True) else ""
        name = claims.get("name") or claims.get("preferred_username") or mail.partition("@")[0]
        return Provided(
            issuer=self.settings.oidc_issuer,
            subject=str(claims["sub"]),
            name=str(name or ""),
            mail=mail,
            role=role_of(claims, self.settings),
        )


def install(app: Flask, settings: Settings) -> None:
    """Offer signing in at the provider, where one is set up."""
    if not settings.oidc_issuer:
        return
    app.extensions["plumbline.oidc"] = Provider(app, settings)
    app.register_blueprint(blueprint)


@blueprint.get("/sign-in/provider/begin")
def go() -> Any:
    """Send the browser to the provider."""
    from requests import RequestException

    provider = _provider()
    try:
        return provider.client.authorize_redirect(_address())
    except (RequestException, KeyError, ValueError, RuntimeError):
        log.exception("the sign-in provider could not be reached")
        return _refuse(AWAY, 503)


@blueprint.get("/sign-in/provider/back")
def back() -> Any:
    """Take in whoever comes back from the provider."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    provider = _provider()
    try:
        who = provider.told(provider.claims())
    except RequestException:
        log.exception("the sign-in provider did not answer")
        return _refuse(AWAY, 503)
    except (AuthlibBaseError, JoseError, KeyError, ValueError, TypeError) as error:
        log.warning("a sign-in by the provider was refused: %s", error)
        return _refuse(REFUSED, 403)
    key = accounts.sign_in_provided(
        web().runtime.db, who, all_projects=provider.settings.oidc_sees == "all", agent=agent(), now=real_now()
    )
    return _refuse(SHUT_OUT, 403) if key is None else begin(key)


def role_of(claims: dict[str, Any], settings: Settings) -> Role | None:
    """The role that a claim gives; None where no claim is to be asked. A claim that is not there makes a viewer.

    The claim may lie deeper: "realm_access.roles".
    """
    if not settings.oidc_role_claim:
        return None
    value: Any = claims.get(settings.oidc_role_claim)
    if value is None:
        value = claims
        for part in settings.oidc_role_claim.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    has = {str(one) for one in value} if isinstance(value, list) else {str(value)}
    if has & set(settings.names_of("oidc_admins")):
        return Role.ADMIN
    return Role.EDITOR if has & set(settings.names_of("oidc_editors")) else Role.VIEWER


def _refuse(trouble: str, status: int) -> Any:
    web().refused.add("provider")
    return ask(Form(), trouble=trouble), status


def _provider() -> Provider:
    found = current_app.extensions.get("plumbline.oidc")
    if not isinstance(found, Provider):
        abort(404)
    return found


def _address() -> str:
    return web().runtime.settings.base_url + url_for("oidc.back")
