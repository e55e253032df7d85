"""The demonstration in a real browser: choose a person, see what it is, leave; and Streamlit's own words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy.orm import Session
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from db.vocabulary import Role
from portal.screens import HOME, SCREENS
from services.rules.permissions import permissions_of
from tests import builders
from tests.browser import portals
from tests.browser.conftest import Visit, Visitor

pytestmark = pytest.mark.browser


LATIN_WORDS = r"""() => {
    const found = new Set();
    const ours = '[data-testid=stMarkdownContainer],[data-testid=stText],[data-testid=stIconMaterial],' +
        '[data-testid=stDataFrame] table,[data-testid=stVegaLiteChart],textarea,input,style,script,noscript';
    const note = text => {
        const words = (text ?? '').trim();
        if (/[A-Za-z]{3,}/.test(words) && !/[\u4e00-\u9fff]/.test(words)) found.add(words);
    };
    for (const one of document.querySelectorAll('body *')) {
        if (one.closest('[data-testid=stVegaLiteChart]')) continue;
        for (const name of ['placeholder', 'aria-label', 'title', 'alt']) note(one.getAttribute(name));
        if (one.closest(ours) || getComputedStyle(one).fontFamily.includes('Material')) continue;
        for (const node of one.childNodes) if (node.nodeType === Node.TEXT_NODE) note(node.nodeValue);
    }
    return [...found].filter(words => words !== 'English' && !/^[•\s]*((CSV|XLSX|JSON|JSONL)[,\s]*)+$/.test(words));
}"""
"""What a screen says in Latin letters beside what our own catalogues and people say."""


@pytest.fixture(scope="module")
def demonstration() -> Iterator[str]:
    """The address of a demonstration with one person of each kind."""
    with portals.demonstration(_people) as running:
        yield running.address


def _people(session: Session) -> None:
    unit = builders.department(session, "测试水务局")
    builders.person(session, Role.SUPERVISOR, name="测试·甲")
    builders.person(session, Role.UNIT, at=unit, name="测试·乙")
    builders.due_order(session, unit)


def _enter(visitor: Visitor, name: str, path: str = "/") -> None:
    visitor.open(path)
    visitor.press(name)
    visitor.sees("退出登录")


def test_a_person_is_chosen_and_the_link_is_kept(demonstration: str, visit: Visit) -> None:
    visitor = visit(demonstration)
    visitor.open("/order_list?q=积水")
    visitor.sees("测试水务局")
    visitor.keep_picture("choose-a-person")
    _enter(visitor, "测试·甲", "/order_list?q=积水")
    visitor.sees("测试·甲 · 督办员")
    assert visitor.page.url.startswith(f"{demonstration}/order_list?q=")
    assert visitor.complaints == []


def test_every_screen_says_that_it_is_a_demonstration(demonstration: str, visit: Visit) -> None:
    visitor = visit(demonstration)
    _enter(visitor, "测试·甲")
    for screen in SCREENS:
        visitor.open("/" if screen == HOME else f"/{screen.name}")
        expect(visitor.page.locator(".st-key-portal_demo")).to_contain_text("演示")
        if screen.permission not in permissions_of(Role.SUPERVISOR):
            visitor.sees("不向督办员开放")
    assert visitor.complaints == []


def test_leaving_ends_the_session_in_every_tab(demonstration: str, visit: Visit) -> None:
    visitor = visit(demonstration)
    _enter(visitor, "测试·乙")
    second = visitor.context.new_page()
    second.goto(demonstration)
    expect(second.get_by_text("测试·乙 · 承办单位")).to_be_visible()
    visitor.press("退出登录")
    visitor.sees("测试水务局")
    second.get_by_test_id("stSidebarNav").get_by_role("link").last.click()
    expect(second.get_by_text("登录已结束")).to_be_visible()
    expect(second.get_by_test_id("stSidebarNav")).to_have_count(0)
    second.get_by_role("button", name="重新登录").click()
    expect(second.get_by_role("button", name="测试·乙")).to_be_visible()
    assert "/sign-in?next=" in second.url


def test_streamlits_own_words_follow_the_language(demonstration: str, visit: Visit) -> None:
    visitor = visit(demonstration)
    _enter(visitor, "测试·甲")
    page = visitor.page
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.get_by_text("English", exact=True).click()
    visitor.sees("Supervisor")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.get_by_text("中文", exact=True).click()
    visitor.sees("测试·甲 · 督办员")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_no_english_of_streamlit_is_left_on_any_screen(demonstration: str, visit: Visit) -> None:
    visitor = visit(demonstration)
    _enter(visitor, "测试·甲")
    left = set()
    for screen in SCREENS:
        visitor.open("/" if screen == HOME else f"/{screen.name}")
        visitor.sees("测试·甲 · 督办员")
        visitor.page.wait_for_load_state("networkidle")
        left |= set(visitor.page.evaluate(LATIN_WORDS))
    assert left == set()


def test_both_themes_are_drawn(demonstration: str, visit: Visit) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        visitor = visit(demonstration, color_scheme=scheme)
        _enter(visitor, "测试·甲")
        visitor.keep_picture(f"home-{scheme}")
        colours[scheme] = visitor.page.locator(".stApp").evaluate("one => getComputedStyle(one).backgroundColor")
    assert colours == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 23, 22)"}


def test_a_stranger_on_the_websocket_steers_nothing_and_is_nobody(demonstration: str) -> None:
    """Unguarded, Streamlit would answer load_git_info, and believe the header."""
    address = demonstration.replace("http", "ws") + "/_stcore/stream"
    spoofed = {"x-portal-sign-in": "anything"}
    with connect(address, subprotocols=["streamlit"], additional_headers=spoofed) as socket:
        for asked in (BackMsg(clear_cache=True), BackMsg(load_git_info=True), BackMsg(rerun_script={})):
            socket.send(asked.SerializeToString())
        heard = []
        while not heard or heard[-1].WhichOneof("type") != "script_finished":
            heard.append(ForwardMsg.FromString(socket.recv(timeout=30)))
    kinds = {message.WhichOneof("type") for message in heard}
    assert "git_info_changed" not in kinds
    assert not any("首页".encode() in message.SerializeToString() for message in heard)
    assert "auth_redirect" in kinds


def test_the_log_of_a_demonstration_holds_no_traceback(demonstration: str) -> None:
    logs = list(Path("/tmp").glob("huixiang-test-*/portal.log"))
    assert logs
    assert not any("Traceback" in log.read_text(encoding="utf-8") for log in logs)
