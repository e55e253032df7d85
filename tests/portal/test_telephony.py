"""The door of the telephone system: open to a shared secret alone, and each call written down once."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.middleware import Middleware

from db.callbacks import TelephoneCall
from db.records import EventRow
from db.vocabulary import Event, Role
from portal import app, demo_signin, runtime, telephony
from portal.__main__ import main
from services import contacts
from services.environment import Environment
from services.errors import PortalError
from services.rules.phones import DialTemplate
from tests import builders
from tests.services.conftest import Clock

SECRET = "a secret of the switch, long enough"


@pytest.fixture(autouse=True)
def _process(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PORTAL_TELEPHONY_SECRET", SECRET)
    runtime.start(environment)
    yield
    runtime.stop()


@pytest.fixture
def reference(owner: Session, environment: Environment) -> str:
    """The reference of a call that was dialled at the desk."""
    desk = builders.access(owner, environment, Role.AGENT)
    order = builders.due_order(owner, builders.department(owner), phone="138-0000-0001")
    template = DialTemplate.parse("tel:{number}")
    return contacts.dial(desk, order_id=order.id, number=1, template=template, request_id="d1").reference


def _post(body: bytes, signature: str | None, method: str = "POST", **headers: str) -> httpx.Response:
    """Send a report the way in which the portal and its demonstration get one."""
    routes = app.routes(demo=True)
    server = Starlette(routes=routes, middleware=[Middleware(demo_signin.DemoIdentity)])
    signed = {"X-Portal-Signature": signature} if signature is not None else {}

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(server, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8601") as client:
            return await client.request(method, telephony.PATH, content=body, headers=signed | headers)

    return anyio.run(ask)


def _report(clock: Clock, reference: str, *, secret: str = SECRET, **facts: Any) -> httpx.Response:
    body = json.dumps({"reference": reference, "seconds": 93} | facts).encode()
    return _post(body, telephony.sign(secret.encode(), clock.now, body))


def _calls(owner: Session) -> list[tuple[int | None, str | None]]:
    owner.expire_all()
    return [(one.seconds, one.recording) for one in owner.scalars(select(TelephoneCall))]


def test_a_signed_report_is_written_down_once(reference: str, owner: Session, clock: Clock) -> None:
    facts = {"started_at": (clock.now + timedelta(seconds=9)).isoformat(), "recording": "https://pbx.test/rec/1"}
    first, again = (_report(clock, reference, **facts) for _ in range(2))
    assert (first.status_code, first.json()) == (200, {"reference": reference, "repeated": False})
    assert (again.status_code, again.json()) == (200, {"reference": reference, "repeated": True})
    assert _calls(owner) == [(93, "https://pbx.test/rec/1")]
    assert len(owner.scalars(select(EventRow.id).where(EventRow.action == Event.CALL_REPORTED)).all()) == 1


def test_something_else_about_the_same_call_is_refused(reference: str, owner: Session, clock: Clock) -> None:
    _report(clock, reference)
    refused = _report(clock, reference, seconds=94)
    assert (refused.status_code, refused.json()) == (409, {"error": "told_otherwise"})
    assert _calls(owner) == [(93, None)]


def test_a_wrong_or_missing_signature_writes_nothing(reference: str, owner: Session, clock: Clock) -> None:
    body = json.dumps({"reference": reference, "seconds": 93}).encode()
    right = telephony.sign(SECRET.encode(), clock.now, body)
    wrong = (
        None,
        "",
        "t=1,v1=" + "0" * 64,
        right.upper(),
        right + "0",
        right.replace("t=", "t=1"),
        telephony.sign(b"another secret of the same length !", clock.now, body),
        telephony.sign(SECRET.encode(), clock.now, body + b" "),
    )
    assert [_post(body, one).status_code for one in wrong] == [401] * len(wrong)
    assert _calls(owner) == [(None, None)]


@pytest.mark.parametrize("late", [timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_an_old_report_sent_again_is_refused(reference: str, owner: Session, clock: Clock, late: timedelta) -> None:
    body = json.dumps({"reference": reference, "seconds": 93}).encode()
    signature = telephony.sign(SECRET.encode(), clock.now, body)
    clock.now += late
    assert _post(body, signature).status_code == 401
    assert _calls(owner) == [(None, None)]


def test_a_report_that_is_too_big_is_refused_before_it_is_read(clock: Clock) -> None:
    body = b'{"reference": "' + b"a" * telephony.LONGEST_BODY + b'"}'
    assert _post(body, telephony.sign(SECRET.encode(), clock.now, body)).status_code == 413


def test_a_call_that_nobody_dialled_here_is_unknown(reference: str, clock: Clock) -> None:
    refused = _report(clock, "nobody")
    assert (refused.status_code, refused.json()) == (404, {"error": "unknown_reference"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 8000,
        b'"text"',
        b'{"seconds": 1}',
        b'{"reference": 7}',
        b'{"reference": "a\\u0000b"}',
        b'{"reference": "a", "seconds": "9"}',
        b'{"reference": "a", "seconds": true}',
        b'{"reference": "a", "seconds": 1.5}',
        b'{"reference": "a", "recording": ["https://pbx.test"]}',
        b'{"reference": "a", "started_at": "now"}',
        b'{"reference": "a", "started_at": "2026-06-15T10:00:00"}',
        b'{"reference": "a", "number": "13800000001"}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_report_is_refused(body: bytes, clock: Clock) -> None:
    assert _post(body, telephony.sign(SECRET.encode(), clock.now, body)).status_code == 400


@pytest.mark.parametrize(
    "facts", [{"seconds": 10**30}, {"recording": "http://pbx.test/1"}, {"recording": "https://pbx.test/\u0000"}]
)
def test_what_no_call_can_be_is_named(reference: str, clock: Clock, facts: dict[str, Any]) -> None:
    refused = _report(clock, reference, **facts)
    assert (refused.status_code, set(refused.json()["problems"])) == (422, set(facts))


@pytest.mark.parametrize("secret", ["", "short"])
def test_without_a_secret_there_is_no_door(
    reference: str, clock: Clock, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("PORTAL_TELEPHONY_SECRET", secret)
    assert _report(clock, reference, secret=secret).status_code == 404


def test_nobody_looks_through_the_door_and_a_cookie_opens_nothing(reference: str, clock: Clock) -> None:
    assert _post(b"", None, method="GET").status_code == 405
    assert _post(b"{}", None, Cookie="portal_sign_in=x; _streamlit_user=y").status_code == 401


# Settings -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "tel:{number}",
        "sip:{number}@pbx.test",
        "callto:{number}",
        "https://pbx.test/dial/{extension}/{number}?ref={reference}&case={order}",
        "http://127.0.0.1:9000/?to={number}",
    ],
)
def test_what_can_dial_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PORTAL_DIAL_URL", url)
    telephony.check()
    assert telephony.dial_template().text == url


@pytest.mark.parametrize(
    "url",
    [
        "http://pbx.test/?to={number}",
        "javascript:alert({number})",
        "https://pbx.test/dial",
        "https://{number}.evil.test/",
        "https://pbx.test/{number}/{name}",
        "https://pbx.test/{number!r}",
        "https://pbx.test/{number:>20}",
        "https://pbx.test/{number.__class__}",
        "{number}",
        "https:{number}",
        "tel:{number",
        "tel: {number}",
        "tel:{}",
    ],
)
def test_what_cannot_dial_or_sends_numbers_in_the_open_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PORTAL_DIAL_URL", url)
    with pytest.raises(PortalError, match=r"error\.dial_url"):
        telephony.check()


def test_no_fact_of_a_call_breaks_out_of_its_place_in_the_link() -> None:
    template = DialTemplate.parse("https://pbx.test/{extension}?to={number}&case={order}")
    facts = {"number": "138&x=1", "extension": "../a b", "order": "甲#?"}
    assert template.link(facts) == "https://pbx.test/..%2Fa%20b?to=138%26x%3D1&case=%E7%94%B2%23%3F"


def test_wrong_settings_are_said_before_the_portal_opens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTAL_DIAL_URL", "http://pbx.test/{number}")
    assert main(["serve"]) == 2
    assert "PORTAL_DIAL_URL" in capsys.readouterr().err
    monkeypatch.setenv("PORTAL_DIAL_URL", "tel:{number}")
    monkeypatch.setenv("PORTAL_TELEPHONY_SECRET", "short")
    assert main(["serve"]) == 2
    assert "PORTAL_TELEPHONY_SECRET" in capsys.readouterr().err


def test_a_time_beyond_every_calendar_is_no_signature(reference: str) -> None:
    body = json.dumps({"reference": reference, "seconds": 93}).encode()
    assert _post(body, f"t={'9' * 12},v1={'0' * 64}").status_code == 401
