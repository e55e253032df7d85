"""The demonstration's way in: only with `--demo`, only on this machine, only on a demonstration's database."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import anyio
import httpx
import pytest
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message, Scope
from starlette.websockets import WebSocket

from db.people import Person
from db.vocabulary import InstallationKind, Role
from portal import app, demo_signin, runtime
from portal.__main__ import main
from portal.commands.serve import refuse_real_orders, refuse_server
from portal.options import DEMO_HEADER, streamlit_options
from services.environment import Environment, Settings
from services.errors import PortalError
from services.installation import as_system, declare
from tests import builders

ORIGIN = "http://127.0.0.1:8601"


# What keeps it a demonstration ----------------------------------------------------------------------------------------


def test_it_is_refused_on_a_server_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(database_url="postgresql://hotline.test/huixiang", owner_url=None, data=tmp_path)
    with pytest.raises(PortalError, match=r"error\.demo_on_server"):
        refuse_server(settings)
    refuse_server(Settings(database_url=None, owner_url=None, data=tmp_path))


def test_the_command_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PORTAL_DATABASE_URL", "postgresql://hotline.test/huixiang")
    assert main(["serve", "--demo"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "PORTAL_DATABASE_URL" in said.err


@pytest.mark.parametrize("kind", [InstallationKind.PRODUCTION, None])
def test_it_is_refused_on_a_database_that_is_no_demonstration(
    environment: Environment, kind: InstallationKind | None
) -> None:
    if kind:
        declare(as_system(environment), kind=kind)
    with pytest.raises(PortalError, match=r"error\.demo_on_production"):
        refuse_real_orders(environment)


def test_it_is_allowed_on_a_demonstration(environment: Environment) -> None:
    declare(as_system(environment), kind=InstallationKind.DEMO)
    refuse_real_orders(environment)


def test_it_binds_to_loopback_whatever_is_configured() -> None:
    configured = {"STREAMLIT_SERVER_ADDRESS": "0.0.0.0", "STREAMLIT_SERVER_ALLOWED_HOSTS": "hotline.test"}
    options = streamlit_options(configured, demo=True)
    assert options["server.address"] == "127.0.0.1"
    assert options["server.allowedHosts"] == ["localhost", "127.0.0.1"]
    assert streamlit_options(configured)["server.address"] == "0.0.0.0"


def test_without_it_no_header_is_trusted_and_there_is_no_page_of_people() -> None:
    configured = {"STREAMLIT_SERVER_TRUSTED_USER_HEADERS": '{"x-portal-sign-in": "sub"}'}
    assert streamlit_options(configured)["server.trustedUserHeaders"] == {}
    paths = {route.path for route in app.routes(demo=False)}
    assert "/healthz" in paths
    assert not {route.path for route in demo_signin.ROUTES} & paths


def test_the_agent_api_cannot_be_switched_on() -> None:
    assert streamlit_options({"STREAMLIT_SERVER_ENABLE_AGENT_API": "true"})["server.enableAgentApi"] is False


# How it works ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def _demo(environment: Environment) -> Iterator[None]:
    declare(as_system(environment), kind=InstallationKind.DEMO)
    runtime.start(environment, demo=True)
    yield
    runtime.stop()


@pytest.fixture
def whom(_demo: None, owner: Session) -> Person:
    """The only person of the demonstration."""
    return builders.person(owner, Role.AGENT, name="测试·甲")


async def _screen(_: Request) -> Response:
    return PlainTextResponse("a screen")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(",".join(socket.headers.getlist(DEMO_HEADER)))
    await socket.close()


APPLICATION = Starlette(
    routes=[*demo_signin.ROUTES, Route("/order_list", _screen), WebSocketRoute("/_stcore/stream", _socket)],
    middleware=[Middleware(demo_signin.DemoIdentity)],
)


def _ask(
    path: str,
    *,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    token: str | None = None,
    client: str = "127.0.0.1",
) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(APPLICATION, client=(client, 1))
        jar = {"portal_sign_in": token} if token else None
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=jar) as browser:
            sent = {"accept": "text/html", **(headers or {})}
            if form is None:
                return await browser.get(path, headers=sent)
            sent |= {"content-type": "application/x-www-form-urlencoded"}
            return await browser.post(path, content=urlencode(form), headers=sent)

    return anyio.run(ask)


def _choose(whom: Person, **more: str) -> httpx.Response:
    return _ask("/sign-in", form={"person": str(whom.id), **more}, headers={"origin": ORIGIN})


def _token(answer: httpx.Response) -> str:
    return SimpleCookie(answer.headers["set-cookie"])["portal_sign_in"].value


def test_whoever_is_nobody_yet_is_led_to_the_page_of_people_and_back(whom: Person) -> None:
    led = _ask("/order_list?status=due")
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Forder_list%3Fstatus%3Ddue")
    page = _ask(led.headers["location"])
    assert "测试·甲" in page.text
    assert "演示" in page.text
    chosen = _choose(whom, next="/order_list?status=due")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/order_list?status=due")
    assert _ask("/order_list", token=_token(chosen)).text == "a screen"


def test_the_page_of_people_speaks_english_too(whom: Person) -> None:
    assert "Callback agent" in _ask("/sign-in?lang=en").text


def test_the_cookie_cannot_be_read_by_scripts_and_is_not_sent_from_other_sites(whom: Person) -> None:
    cookie = _choose(whom).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("wanted", ["https://evil.test/", "//evil.test", "/auth/logout"])
def test_nobody_is_led_away_after_signing_in(whom: Person, wanted: str) -> None:
    assert _choose(whom, next=wanted).headers["location"] == "/"


@pytest.mark.parametrize("origin", [{}, {"origin": "https://evil.test"}, {"origin": "null"}])
def test_another_site_cannot_sign_anybody_in(whom: Person, origin: dict[str, str]) -> None:
    assert _ask("/sign-in", form={"person": str(whom.id)}, headers=origin).status_code == 403


@pytest.mark.parametrize("person", ["", "x", "987", "-1"])
def test_choosing_nobody_leads_back_to_the_page(whom: Person, person: str) -> None:
    answer = _ask("/sign-in", form={"person": person}, headers={"origin": ORIGIN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "set-cookie" not in answer.headers


def test_signing_out_ends_the_session_on_the_server(whom: Person) -> None:
    token = _token(_choose(whom))
    assert _ask("/auth/logout", token=token).headers["location"] == "/sign-in"
    assert _ask("/order_list", token=token).status_code == 303


def test_somebody_whose_session_ended_by_itself_comes_back_to_the_screen(whom: Person) -> None:
    led = _ask("/auth/logout", token="old", headers={"referer": f"{ORIGIN}/order_list?q=1"})
    assert led.headers["location"] == "/sign-in?next=%2Forder_list%3Fq%3D1"


def test_it_answers_to_this_machine_only(whom: Person) -> None:
    assert _ask("/sign-in", client="10.0.0.7").status_code == 403


def test_what_a_client_says_about_itself_is_not_believed(whom: Person) -> None:
    token = _token(_choose(whom))
    spoofed = [(DEMO_HEADER.encode(), b"spoofed"), (b"X-Portal-Sign-In", b"spoofed"), (b"host", b"127.0.0.1:8601")]
    assert _header_behind(spoofed) == ""
    assert _header_behind([*spoofed, (b"cookie", f"portal_sign_in={token}".encode())]) == token


def _header_behind(headers: list[tuple[bytes, bytes]]) -> str:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "websocket",
        "path": "/_stcore/stream",
        "raw_path": b"/_stcore/stream",
        "query_string": b"",
        "root_path": "",
        "scheme": "ws",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8601),
        "subprotocols": [],
    }
    anyio.run(APPLICATION, scope, receive, send)
    return next(str(message["text"]) for message in sent if message["type"] == "websocket.send")
