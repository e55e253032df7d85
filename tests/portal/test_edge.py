"""What stands around every answer: hosts, headers, cookies, and the link that somebody followed."""

import anyio
import httpx
import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portal.edge import Edge, host_allowed, own_screen


async def _page(_: Request) -> Response:
    return PlainTextResponse("page", headers={"cache-control": "public"})


async def _login(_: Request) -> Response:
    return RedirectResponse("https://sso.example.cn/authorize", 302)


async def _callback(_: Request) -> Response:
    answer = RedirectResponse("/", 302)
    answer.set_cookie("_streamlit_user", "claims", max_age=30 * 86400, httponly=True)
    return answer


class _Browser:
    """A client that keeps its cookies and follows nothing."""

    def __init__(self, base_url: str = "http://127.0.0.1:8601") -> None:
        routes = [
            Route("/", _page),
            Route("/healthz", _page),
            Route("/static/app.js", _page),
            Route("/auth/login", _login),
            Route("/oauth2callback", _callback),
        ]
        self._app = Starlette(routes=routes, middleware=[Middleware(Edge)])
        self._base_url = base_url
        self._cookies = httpx.Cookies()

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url=self._base_url, cookies=self._cookies) as client:
                answer = await client.get(path, headers=headers)
                self._cookies = client.cookies
                return answer

        return anyio.run(ask)


@pytest.fixture(autouse=True)
def _hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", {"server.allowedHosts": ["127.0.0.1", "hotline.test"]}.__getitem__)


def test_every_answer_carries_a_policy_without_foreign_origins_and_without_free_scripts() -> None:
    answer = _Browser().get("/")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://127.0.0.1:8601"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["frame-src"] == "'none'"
    sources = policy["script-src"].split()
    assert "'self'" in sources
    assert all(source == "'self'" or source.startswith("'sha256-") for source in sources)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


def test_only_static_files_may_be_kept_by_the_browser() -> None:
    assert _Browser().get("/static/app.js").headers["cache-control"] == "public"


def test_an_unknown_host_is_answered_by_nothing_but_the_probes() -> None:
    stranger = _Browser("http://evil.test")
    assert stranger.get("/").status_code == 421
    assert stranger.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("hotline.cn", True),
        ("HOTLINE.cn:8501", True),
        ("a.city.cn", True),
        ("city.cn", False),
        ("hotline.cn.evil.cn", False),
        ("hotline.cn; script-src *", False),
        ("", False),
    ],
)
def test_a_host_is_allowed_by_name_or_by_the_name_above_it(host: str, allowed: bool) -> None:
    assert host_allowed(host, ["hotline.cn", "*.city.cn"]) is allowed


def test_cookies_are_secure_behind_tls_and_a_sign_in_lives_a_working_day() -> None:
    cookies = _Browser("https://hotline.test").get("/oauth2callback").headers.get_list("set-cookie")
    assert all(cookie.endswith("; Secure") for cookie in cookies)
    assert any("Max-Age=28800" in c and c.startswith("_streamlit_user") for c in cookies)
    plain = _Browser().get("/oauth2callback").headers.get_list("set-cookie")
    assert not any("Secure" in cookie for cookie in plain)


def test_the_link_that_somebody_followed_survives_the_sign_in() -> None:
    client = _Browser()
    client.get("/auth/login", headers={"referer": "http://127.0.0.1:8601/order_list?status=due&q=%E7%A7%AF%E6%B0%B4"})
    back = client.get("/oauth2callback")
    assert back.headers["location"] == "/order_list?status=due&q=%E7%A7%AF%E6%B0%B4"
    assert client.get("/oauth2callback").headers["location"] == "/"


def test_a_refused_sign_in_comes_back_with_its_reason() -> None:
    back = _Browser().get("/oauth2callback?error=access_denied")
    assert back.headers["location"] == "/?sign_in_error=access_denied"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.test/order_list",
        "//evil.test/order_list",
        "/\\evil.test",
        "javascript:alert(1)",
        "/auth/login?provider=x",
        "/_stcore/metrics",
        "http://[broken",
        "/order\r\nset-cookie: a=b",
        "/..//evil.test",
        "/a/../..//evil.test",
        "/%2f%2fevil.test",
        "/%2e%2e/%2fevil.test",
        "/order_list/../auth/logout",
    ],
)
def test_nobody_is_sent_anywhere_but_to_a_screen(url: str) -> None:
    assert own_screen(url, "127.0.0.1:8601") is None
