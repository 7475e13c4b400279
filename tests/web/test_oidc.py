"""Signing in at a provider: a small one of the test's own, that signs what it says, and lies where it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from flask.testing import FlaskClient

from app.errors import UserError
from app.settings import Settings, load_settings
from app.store import models as m
from app.web.app import create_app
from tests.web.conftest import Site, build

CLIENT, SECRET = "plumbline", "known to both"


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return part(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass
class Provider:
    """A provider. `claims` are what it says of whoever comes; `lies` replace claims of the token; `key` signs."""

    key: Any = field(default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))
    other: Any = field(default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1", "name": "Ada"})
    lies: dict[str, Any] = field(default_factory=dict)
    forged: bool = False
    url: str = ""
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    exchanged: list[dict[str, str]] = field(default_factory=list)

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/go", "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys", "id_token_signing_alg_values_supported": ["RS256"],
        }  # fmt: skip

    def keys(self) -> dict[str, Any]:
        public = self.key.public_key().public_numbers()
        known = {"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": number(public.n), "e": number(public.e)}
        return {"keys": [known]}

    def allow(self, address: str) -> str:
        """What a browser sent there would be sent back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.asked)}"
        self.asked[code] = asked
        return f"{urlsplit(asked['redirect_uri']).path}?code={code}&state={asked['state']}"

    def token(self, sent: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.exchanged.append(sent)
        asked = self.asked.pop(sent["code"], None)
        proof = part(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        if asked is None or proof != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"], **self.claims, **self.lies,
        }  # fmt: skip
        body = f"{part(json.dumps({'alg': 'RS256', 'kid': '1'}).encode())}.{part(json.dumps(claims).encode())}"
        signer = self.other if self.forged else self.key
        signed = signer.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": f"{body}.{part(signed)}"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(200, made.keys() if self.path == "/keys" else made.described())

        def do_POST(self) -> None:
            sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.reply(*made.token({name: values[0] for name, values in sent.items()}))

        def reply(self, status: int, body: dict[str, Any]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    Handler.disable_nagle_algorithm = True
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def site(sqlite_url: str, tmp_path: Path, provider: Provider) -> Iterator[Site]:
    runtime = build(sqlite_url, tmp_path / "home")
    settings = Settings(
        home=tmp_path / "home", database_url=sqlite_url, base_url="http://plumb.example", oidc_issuer=provider.url,
        oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_name="Acme", oidc_role_claim="realm.groups",
        oidc_admins="leads, owners", oidc_editors="makers",
    )  # type: ignore[arg-type] # fmt: skip
    runtime = replace(runtime, settings=settings)
    yield Site(app=create_app(runtime), runtime=runtime, ids={})
    runtime.db.dispose()


def come(site: Site, provider: Provider, client: FlaskClient | None = None) -> tuple[FlaskClient, Any]:
    client = client or site.app.test_client()
    sent = client.get("/sign-in/provider/begin")
    assert sent.status_code == 302
    return client, client.get(provider.allow(sent.location))


def people(site: Site) -> list[tuple[str, str, str]]:
    with site.runtime.db.read() as tx:
        query = sa.select(m.account.c.name, m.account.c.role, m.account.c.subject).order_by(m.account.c.id)
        return [tuple(row) for row in tx.execute(query)]


def test_the_page_offers_the_provider(site: Site) -> None:
    assert "Sign in with Acme" in site.app.test_client().get("/sign-in").get_data(as_text=True)


def test_who_comes_the_first_time_is_a_viewer_who_sees_nothing_yet(site: Site, provider: Provider) -> None:
    client, answer = come(site, provider)
    assert answer.status_code == 303
    page = client.get("/settings/account").get_data(as_text=True)
    assert "You are Ada, a viewer" in page
    assert "You see no project yet" in page
    assert people(site) == [("Ada", "viewer", "u-1")]
    come(site, provider)
    assert people(site) == [("Ada", "viewer", "u-1")]


def test_people_are_known_by_their_subject_never_by_mail_or_name(site: Site, provider: Provider) -> None:
    site.add_person("Ada")
    provider.claims |= {"email": "ada@acme.example"}
    come(site, provider)
    provider.claims |= {"sub": "u-2"}
    come(site, provider)
    assert people(site) == [("Ada", "viewer", None), ("Ada 2", "viewer", "u-1"), ("Ada 3", "viewer", "u-2")]
    provider.claims |= {"sub": "u-1", "name": "Somebody else", "email": "other@acme.example"}
    come(site, provider)
    assert len(people(site)) == 3


@pytest.mark.parametrize(
    ("groups", "role"), [(["leads"], "admin"), (["makers", "x"], "editor"), (["x"], "viewer"), ("owners", "admin")]
)
def test_a_claim_gives_the_role_at_every_sign_in(site: Site, provider: Provider, groups: Any, role: str) -> None:
    come(site, provider)
    provider.claims |= {"realm": {"groups": groups}}
    come(site, provider)
    assert people(site) == [("Ada", role, "u-1")]


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"nonce": "old"},
        {"exp": 1},
        {"sub": None},
        {"nonce": None},
    ],
)
def test_a_token_that_is_not_for_us_signs_nobody_in(site: Site, provider: Provider, lie: dict[str, Any]) -> None:
    provider.lies = lie
    client, answer = come(site, provider)
    assert answer.status_code == 403
    assert "did not let you in" in answer.get_data(as_text=True)
    assert people(site) == []
    assert client.get("/").status_code == 303


def test_a_forged_signature_signs_nobody_in(site: Site, provider: Provider) -> None:
    provider.forged = True
    assert come(site, provider)[1].status_code == 403
    assert people(site) == []


def test_an_answer_that_nobody_asked_for_signs_nobody_in(site: Site, provider: Provider) -> None:
    asked = site.app.test_client().get("/sign-in/provider/begin").location
    path = provider.allow(asked)
    assert site.app.test_client().get(path).status_code == 403, "another browser's state"
    assert site.app.test_client().get("/sign-in/provider/back").status_code == 403
    assert site.app.test_client().get("/sign-in/provider/back?error=access_denied").status_code == 403
    assert provider.exchanged == []


def test_an_answer_is_taken_once(site: Site, provider: Provider) -> None:
    client = site.app.test_client()
    path = provider.allow(client.get("/sign-in/provider/begin").location)
    assert client.get(path).status_code == 303
    assert client.get(path).status_code == 403


def test_who_is_shut_out_here_stays_out(site: Site, provider: Provider) -> None:
    come(site, provider)
    with site.runtime.db.write() as tx:
        tx.execute(sa.update(m.account).values(disabled_at=sa.func.current_timestamp()))
    assert come(site, provider)[1].status_code == 403


def test_a_provider_that_does_not_answer_is_said_so(site: Site, provider: Provider) -> None:
    settings = site.runtime.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:1"})
    app = create_app(replace(site.runtime, settings=settings))
    answer = app.test_client().get("/sign-in/provider/begin")
    assert answer.status_code == 503
    assert "did not answer" in answer.get_data(as_text=True)


def test_without_a_provider_there_is_no_such_address(empty_site: Site) -> None:
    assert empty_site.app.test_client().get("/sign-in/provider/begin").status_code in (303, 404, 410)
    assert "Sign in with Acme" not in empty_site.app.test_client().get("/sign-in").get_data(as_text=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"oidc_issuer": "http://login.example.org", "oidc_client_id": "x"}, "with https"),
        ({"oidc_issuer": "https://login.example.org"}, "belong together"),
        ({"oidc_scopes": "profile"}, "openid"),
    ],
)
def test_settings_of_a_provider_that_cannot_work_are_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        load_settings(**given)
