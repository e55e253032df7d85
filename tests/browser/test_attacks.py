"""What strangers send and what people write does no harm: no way in without a sign-in, no script and no beacon."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from db import embedded
from db.people import Person
from db.records import Import, ImportProblem
from db.vocabulary import Event, ImportKind, InstallationKind, JobState, Role, Satisfaction
from portal.screens import HOME, SCREENS
from services import setup
from services.environment import Settings
from services.installation import DATABASE, as_system, declare, opened
from services.rules.permissions import permissions_of
from tests import builders
from tests.browser import portals
from tests.browser.conftest import Visit
from tests.servers import short_directory

pytestmark = pytest.mark.browser

MARK = "evil.test"
BEACON = f"![x](http://{MARK}/i) <img src=http://{MARK}/j onerror=window.hurt=1>"
PAYLOADS = (
    f"{BEACON} <script>window.hurt=1</script> [x](javascript:window.hurt=1) [y](http://{MARK}/l)",
    f"$\\href{{http://{MARK}/k}}{{x}}$ $$\\includegraphics{{http://{MARK}/m}}$$ <iframe src=http://{MARK}/f>",
    f"<http://{MARK}/a> http://{MARK}/b <svg onload=window.hurt=1> :red[![](http://{MARK}/c)]",
    f'=HYPERLINK("http://{MARK}/d") | a | b |\n|--|--|\n| ![](http://{MARK}/e) | # x',
)
HOSTILE = "\n".join(PAYLOADS)


@dataclass(frozen=True)
class Target:
    """A running demonstration, its owner's address, and the numbers of the orders in it."""

    address: str
    owner_url: str
    orders: dict[str, int]
    people: dict[Role, int]


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    """A demonstration in which whatever people write is hostile."""
    with short_directory() as data:
        settings = Settings(database_url=None, owner_url=None, data=data)
        with opened(settings, migrated=True) as environment:
            setup.load_reference(as_system(environment))
            declare(as_system(environment), kind=InstallationKind.DEMO)
            with embedded.running(data / "postgres") as server:
                owner_url = server.url(embedded.OWNER, DATABASE)
                orders, people = _write(owner_url)
                with portals.portal(data, "--demo", PORTAL_DATA=str(data)) as running:
                    yield Target(running.address, owner_url, orders, people)


def _write(owner_url: str) -> tuple[dict[str, int], dict[Role, int]]:
    engine = create_engine(owner_url)
    with Session(engine, expire_on_commit=False) as session:
        unit = builders.department(session, f"局{BEACON}"[:120], name_en=f"Unit {BEACON}"[:160])
        people = {
            role: builders.person(
                session, role, at=unit if role == Role.UNIT else None, name=f"{role.value} {BEACON}"[:80]
            )
            for role in (Role.UNIT, Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
        }
        facts = {
            "title": HOSTILE[:300],
            "text": HOSTILE,
            "address": HOSTILE[:400],
            "place_text": PAYLOADS[0][:200],
            "requester": f"![](http://{MARK}/r)",
            "reply": HOSTILE,
        }
        made = {
            "due": builders.due_order(session, unit, number=f"![](http://{MARK}/n)", **facts),
            "dissatisfied": builders.dissatisfied_order(session, unit, agent=people[Role.AGENT], **facts),
            "returned": builders.returned_order(session, unit, agent=people[Role.AGENT], **facts),
            "rated": builders.archived_order(session, unit, Satisfaction.SATISFIED, **facts),
        }
        for order in made.values():
            last = builders.current_round(session, order)
            last.evidence_note = HOSTILE
            builders.attempt(session, order, people[Role.AGENT], disposition="3.13", words=HOSTILE)
            builders.event(session, order, Event.ORDER_ARCHIVED, by=people[Role.SUPERVISOR], reason=HOSTILE)
        when = made["due"].accepted_at
        taken = Import(
            kind=ImportKind.ORDERS,
            profile="huixiang",
            file_name=f"{BEACON}.csv",
            file_sha256="0" * 64,
            state=JobState.DONE,
            started_by=people[Role.ADMIN].id,
            started_at=when,
            report={"rows": 1, "inserted": 0, "updated": 0, "unchanged": 0, "rejected": 1, "warnings": 0},
            request_id="import",
        )
        session.add(taken)
        session.flush()
        wrong = {"row": 1, "field": "number", "code": "required", "value": PAYLOADS[2][:200], "rejected": True}
        session.add(ImportProblem(import_id=taken.id, **wrong))
        session.commit()
        found = {name: order.id for name, order in made.items()} | {"import": taken.id}
        numbers = {role: whom.id for role, whom in people.items()}
    engine.dispose()
    return found, numbers


def _sign_in(target: Target, role: Role) -> str:
    """Sign in without a browser, and return the token."""
    form = {"person": str(target.people[role])}
    answer = httpx.post(f"{target.address}/sign-in", data=form, headers={"origin": target.address}, timeout=30)
    return answer.cookies["portal_sign_in"]


DRAWN = f"""() => ({{
    hurt: window.hurt || 0,
    links: [...document.querySelectorAll('main a, main img, main iframe, main script, main object, section a')]
        .map(one => one.href || one.src || '').filter(to => String(to).includes('{MARK}') || /^javascript/.test(to)),
}})"""
"""What hostile words have become on a screen: a script that ran, or an element that leads outside."""


@pytest.mark.parametrize("role", [Role.UNIT, Role.AGENT, Role.SUPERVISOR, Role.ADMIN])
def test_nothing_that_people_write_runs_or_calls_out(target: Target, visit: Visit, role: Role) -> None:
    visitor = visit(target.address)
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
    visitor.open("/sign-in")
    visitor.page.get_by_role("button", name=re.compile(role.value)).first.click()
    visitor.sees("退出登录")
    orders = target.orders
    questions = {
        "order_list": "order_list_words=evil.test",
        "order_detail": f"order={orders['returned']}",
        "callback_record": f"order={orders['due']}",
        "dissatisfied_review": f"order={orders['dissatisfied']}",
        "rework_board": f"order={orders['returned']}",
        "exchange": f"import={orders['import']}",
    }
    allowed = [screen for screen in SCREENS if screen.permission in permissions_of(role)]
    paths = ["" if screen == HOME else f"{screen.name}?{questions.get(screen.name, '')}" for screen in allowed]
    for path in paths:
        visitor.open(f"/{path}")
        expect(visitor.page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
        expect(visitor.page.get_by_test_id("stHeading").first).to_be_visible()
        found = visitor.page.evaluate(DRAWN)
        assert found == {"hurt": 0, "links": []}, (path, found)
    assert [one for one in asked if not one.startswith(target.address) and not one.startswith(("data:", "blob:"))] == []
    assert [one for one in visitor.complaints if MARK in one] == []


def test_without_a_sign_in_there_are_no_files_no_uploads_and_no_figures(target: Target) -> None:
    with httpx.Client(base_url=target.address, timeout=30) as client:
        for path in ("/media/x.csv", "//media/x.csv", "/%6dedia/x.csv", "/home/media/x.csv", "/home/_stcore/metrics"):
            assert client.get(target.address + path).status_code == 403, path
        for method in ("PUT", "POST", "DELETE", "GET"):
            assert client.request(method, "/_stcore/upload_file/one/two").status_code == 403, method
        for path in ("/static/..%2f..%2f..%2fetc/passwd", "/portal/static/..%2fsignin.py"):
            assert "root:" not in client.get(path).text
            assert "import" not in client.get(path).text[:200]
        for host in ("evil.test", "127.0.0.1.evil.test", "evil.test:80@127.0.0.1"):
            assert client.get("/", headers={"host": host}).status_code in (400, 421), host
        for origin in ("", "null", "http://evil.test", f"{target.address}.evil.test"):
            form = {"person": str(target.people[Role.ADMIN])}
            refused = client.post("/sign-in", data=form, headers={"origin": origin})
            assert (refused.status_code, dict(client.cookies)) == (403, {}), origin
        for person in (str(2**63), str(2**70), "-1", "0", "²"):
            sent = client.post("/sign-in", data={"person": person}, headers={"origin": target.address})
            assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in"), person


def _told(socket: ClientConnection) -> str:
    """Return what the server says until its script has run."""
    heard = b""
    while True:
        frame = ForwardMsg.FromString(socket.recv(timeout=30))
        heard += frame.SerializeToString()
        if frame.WhichOneof("type") == "script_finished":
            return heard.decode("utf-8", "replace")


def _ask(socket: ClientConnection, screen: str, query: str = "", fragment: str = "") -> str:
    asked = BackMsg()
    asked.rerun_script.page_name, asked.rerun_script.query_string = screen, query
    asked.rerun_script.fragment_id = fragment
    socket.send(asked.SerializeToString())
    return _told(socket)


def test_a_disabled_person_gets_nothing_more_from_an_open_session(target: Target) -> None:
    address = target.address.replace("http", "ws") + "/_stcore/stream"
    engine = create_engine(target.owner_url)
    with Session(engine) as session:
        whom = builders.person(session, Role.SUPERVISOR, name="被停用的人")
        token = _sign_in(Target(target.address, target.owner_url, {}, {Role.SUPERVISOR: whom.id}), Role.SUPERVISOR)
        cookie = {"cookie": f"portal_sign_in={token}"}
        with connect(address, subprotocols=["streamlit"], additional_headers=cookie, max_size=None) as socket:
            assert "待研判" in _ask(socket, "dissatisfied_review")
            session.get_one(Person, whom.id).active = False
            session.commit()
            for screen, query in (("order_list", ""), ("order_detail", f"order={target.orders['due']}"), ("trail", "")):
                told = _ask(socket, screen, query)
                assert "已被停用" in told
                assert MARK not in told
        assert httpx.get(f"{target.address}/media/x.csv", headers=cookie, timeout=30).status_code == 403
    engine.dispose()


def test_forged_messages_are_dropped_or_end_the_connection(target: Target) -> None:
    address = target.address.replace("http", "ws") + "/_stcore/stream"
    cookie = {"cookie": f"portal_sign_in={_sign_in(target, Role.UNIT)}"}
    forged = BackMsg()
    forged.rerun_script.page_name = "people"
    widget = forged.rerun_script.widget_states.widgets.add()
    widget.id, widget.trigger_value = f"$$ID-{'0' * 32}-people_add", True
    with connect(address, subprotocols=["streamlit"], additional_headers=cookie, max_size=None) as socket:
        for garbage in (b"\xff" * 99, BackMsg(clear_cache=True).SerializeToString(), forged.SerializeToString()):
            socket.send(garbage)
        told = _told(socket)
        assert "不向承办单位开放" in told
        assert MARK not in _without_the_visitor(told)
    assert httpx.get(f"{target.address}/healthz", timeout=30).status_code == 200


def _without_the_visitor(told: str) -> str:
    """Leave out who is signed in: the name at the side of the screen is the visitor's own."""
    return re.sub(r"unit !?\\?\[?x.{0,200}", "", told)
