"""An agent at the callback desk with both hands on the keyboard, and what becomes of a form when machines fail.

The strokes are counted by the tests: every key that is pressed, a chord as one for each of its keys. The mouse is never
touched, which the page itself counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect
from sqlalchemy.orm import Session

from db.vocabulary import Role
from services.environment import wall_clock
from tests import builders
from tests.browser import chromium, portals
from tests.browser.conftest import PATIENCE, Visit, Visitor
from tests.browser.portals import Portal

pytestmark = pytest.mark.browser

NAMES = tuple(f"测试·回访员{name}" for name in "甲乙丙丁戊己庚辛")
WORDS = "水还在，从头到尾没有人打过电话，根本没来处理就说已经办结了。"
ORDERS = 24
FORM = "[class*='st-key-callback_mark_']"
COMPLETE = "[class*='st-key-callback_mark_'][class*='_missing_none']"


@pytest.fixture(scope="module")
def city() -> Iterator[Portal]:
    """A small demonstration: agents, one for each journey, and orders that wait for a call."""
    with portals.demonstration(_cast) as running:
        yield running
        assert "Traceback" not in running.log.read_text(encoding="utf-8")


def _cast(session: Session) -> None:
    for name in NAMES:
        builders.person(session, Role.AGENT, name=name)
    unit = builders.department(session, "市水务局")
    closed = wall_clock() - timedelta(hours=1)
    for _ in range(ORDERS):
        builders.due_order(session, unit, accepted_at=closed - timedelta(days=2), closed_at=closed)


@dataclass
class Hands:
    """Two hands on a keyboard, and how often they have pressed a key."""

    page: Page
    strokes: int = 0

    def press(self, *keys: str) -> None:
        """Press keys one after the other; the keys of a chord count each."""
        for key in keys:
            self.page.keyboard.press(key)
            self.strokes += len(key.split("+"))

    def write(self, words: str) -> None:
        """Write words into the field that has the focus; they are not counted."""
        expect(self.page.locator("textarea:focus, input:focus")).to_have_count(1)
        self.page.keyboard.insert_text(words)


def test_a_satisfied_citizen_is_written_down_in_eight_strokes(city: Portal, visit: Visit) -> None:
    agent = at_the_desk(visit, city, NAMES[0])
    hands = Hands(agent.page)
    hands.press("n")
    first_question_has_the_focus(agent.page)
    hands.press("1", "1", "2", "2", "Enter")
    agent.sees(re.compile("已登记：已归档"))
    assert hands.strokes <= 8
    hands.press("n")
    first_question_has_the_focus(agent.page)
    expect(answers(agent.page)).to_have_count(0)
    assert hands.strokes <= 8
    assert mouse_was_untouched(agent.page)
    assert agent.complaints == []


def test_a_dissatisfied_citizen_is_written_down_in_fourteen_strokes_and_the_words(city: Portal, visit: Visit) -> None:
    agent = at_the_desk(visit, city, NAMES[1])
    hands = Hands(agent.page)
    hands.press("n")
    first_question_has_the_focus(agent.page)
    hands.press("2", "3", "4", "2", "w")
    hands.write(WORDS)
    agent.sees(re.compile("建议"))
    hands.press("Escape", "a", "g", "Enter")
    agent.sees(re.compile("已登记：待研判"))
    assert hands.strokes <= 14
    assert mouse_was_untouched(agent.page)
    assert agent.complaints == []


def test_enter_goes_to_what_is_missing_and_sends_what_is_complete(city: Portal, visit: Visit) -> None:
    agent = at_the_desk(visit, city, NAMES[2])
    page, hands = agent.page, Hands(agent.page)
    hands.press("n")
    first_question_has_the_focus(page)
    hands.press("1", "ArrowDown", "4", "Enter")
    expect(page.locator("[class*='st-key-callback_solved_'] :focus")).to_have_count(1)
    hands.press("3", "4", "Enter")
    expect(page.locator(".st-key-callback_reasons")).to_be_visible()
    expect(page.locator(".st-key-callback_reasons :focus")).to_have_count(1)
    hands.press("g", "Enter")
    hands.write("还是老样子")
    hands.press("Control+Enter")
    agent.sees(re.compile("已登记：待研判"))
    assert mouse_was_untouched(page)


def test_the_sheet_of_keys_opens_and_closes_and_writing_disturbs_nothing(city: Portal, visit: Visit) -> None:
    agent = at_the_desk(visit, city, NAMES[3])
    page, hands = agent.page, Hands(agent.page)
    hands.press("n")
    first_question_has_the_focus(page)
    hands.press("?")
    sheet = page.get_by_role("dialog", name="快捷键")
    expect(sheet).to_be_visible()
    hands.press("1", "n")
    hands.press("Escape")
    expect(sheet).to_have_count(0)
    expect(answers(page)).to_have_count(0)
    hands.press("1", "3", "4", "4", "w")
    field = page.get_by_label("市民原话")
    expect(field).to_be_focused()
    page.keyboard.type("n1x?q")
    expect(field).to_have_value("n1x?q")
    expect(answers(page)).to_have_count(4)
    hands.press("Escape", "x")
    ending = page.get_by_role("dialog")
    expect(ending.get_by_role("button", name=re.compile("无人接听"))).to_be_visible()
    key = ending.get_by_role("button", name=re.compile("无人接听")).first.locator("code").text_content()
    hands.press(key or "")
    agent.sees(re.compile("已登记：待回访"))


def test_a_form_comes_back_after_the_browser_was_killed(city: Portal, visit: Visit, browser: Browser) -> None:
    doomed = browser.browser_type.launch(executable_path=chromium.find(), args=["--no-sandbox", "--disable-gpu"])
    page = doomed.new_context(locale="zh-CN", timezone_id="Asia/Shanghai").new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(city.address + "/callback_record")
    page.get_by_role("button", name=NAMES[4]).click()
    address = begin_a_form(page)
    session = doomed.new_browser_cdp_session()
    with pytest.raises(Error):
        session.send("Browser.crash")
    again = at_the_desk(visit, city, NAMES[4], address)
    the_form_is_back(again)


def test_a_form_comes_back_after_the_server_was_killed_and_is_sent_once(city: Portal, visit: Visit) -> None:
    agent = at_the_desk(visit, city, NAMES[5])
    address = begin_a_form(agent.page)
    city.kill()
    city.start_again()
    agent.page.goto(city.address + address)
    the_form_is_back(agent)
    agent.page.locator("[class*='st-key-callback_end_1_1_'] button").first.dblclick()
    agent.sees(re.compile("已登记：待研判"))
    agent.page.go_back()
    agent.page.go_forward()
    agent.page.goto(city.address + address)
    agent.sees("不再需要回访")
    expect(agent.page.locator(".st-key-callback_order").get_by_text(re.compile(WORDS))).to_have_count(1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_the_form_is_sent_without_scrolling_in_a_small_window(
    city: Portal, visit: Visit, tongue: str, theme: str
) -> None:
    agent = at_the_desk(visit, city, NAMES[6 if theme == "light" else 7], color_scheme=theme)
    page, hands = agent.page, Hands(agent.page)
    page.get_by_text("English" if tongue == "en" else "中文", exact=True).click()
    agent.sees("Sign out" if tongue == "en" else "退出登录")
    hands.press("n")
    expect(page.locator(FORM)).to_be_attached()
    expect(
        page.get_by_text("Did the department contact you" if tongue == "en" else "承办单位是否与您联系")
    ).to_be_visible()
    agent.keep_picture(f"desk-{tongue}-{theme}-begun")
    if answers(page).count() == 0:
        hands.press("2", "3", "4", "5", "a", "g", "w")
        hands.write(WORDS)
    expect(page.locator("textarea")).to_have_value(WORDS)
    expect(page.locator(COMPLETE).get_by_text(re.compile("草稿|Draft"))).to_be_visible()
    send = page.locator("[class*='st-key-callback_end_1_1_'] button").first
    expect(send).to_be_in_viewport(ratio=1)
    expect(page.locator("textarea")).to_be_in_viewport(ratio=0.9)
    assert page.evaluate("document.scrollingElement.scrollWidth") == 1280
    agent.keep_picture(f"desk-{tongue}-{theme}-dissatisfied")


# The steps ------------------------------------------------------------------------------------------------------------


def test_a_number_is_added_and_a_question_begun_by_keys_that_reach_no_answer(city: Portal, visit: Visit) -> None:
    agent = at_the_desk(visit, city, NAMES[0])
    page, hands = agent.page, Hands(agent.page)
    hands.press("n")
    first_question_has_the_focus(page)
    hands.press("k")
    expect(page.get_by_label("电话号码")).to_be_focused()
    hands.write("abc 12")
    hands.press("Enter")
    agent.sees("不是有效的电话号码")
    hands.press("Control+a")
    hands.write("10000098765")
    hands.press("Tab")
    hands.write("家人")
    hands.press("Enter")
    agent.sees("家人")
    expect(page.locator("[data-testid=stPopoverBody]")).to_have_count(0)
    hands.press("t")
    expect(page.get_by_role("dialog").get_by_label("问题")).to_be_focused()
    hands.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(answers(page)).to_have_count(0)
    assert mouse_was_untouched(page)


def at_the_desk(visit: Visit, city: Portal, name: str, path: str = "/callback_record", **options: object) -> Visitor:
    """Sign in as an agent and open the desk; from here on the page counts what the mouse does."""
    agent = visit(city.address, **options)
    agent.open(path)
    agent.press(name)
    agent.sees(re.compile("退出登录|Sign out"))
    expect(agent.page.locator(".st-key-callback_desk")).to_be_visible()
    agent.page.evaluate(
        """() => {
            window.touched = 0;
            for (const kind of ["pointerdown", "mousedown"]) {
                window.addEventListener(kind, () => { window.touched += 1; }, true);
            }
        }"""
    )
    return agent


def answers(page: Page) -> Locator:
    """The answers that are chosen."""
    return page.locator(".st-key-callback_questions").get_by_role("radio", checked=True)


def mouse_was_untouched(page: Page) -> bool:
    """Say whether no button of the mouse was pressed since the desk was opened."""
    return page.evaluate("window.touched") == 0


def first_question_has_the_focus(page: Page) -> None:
    """Wait for a form, and see where its focus is."""
    expect(page.locator(FORM)).to_be_attached()
    first = page.locator(".st-key-callback_questions [data-testid=stElementContainer]").first
    expect(first.locator(":focus")).to_have_count(1)
    expect(first).to_have_attribute("data-desk-current", "")


def begin_a_form(page: Page) -> str:
    """Take a case and fill a form in without sending it; answer with its address."""
    expect(page.locator(".st-key-callback_next")).to_be_visible()
    hands = Hands(page)
    hands.press("n")
    first_question_has_the_focus(page)
    hands.press("2", "3", "4", "5", "g", "w")
    hands.write(WORDS)
    expect(page.locator(COMPLETE).get_by_text(re.compile("草稿已保存"))).to_be_visible()
    return page.url.removeprefix(page.evaluate("location.origin"))


def the_form_is_back(agent: Visitor) -> None:
    """See that everything stands where it stood."""
    page = agent.page
    expect(page.get_by_label("市民原话")).to_have_value(WORDS)
    expect(answers(page)).to_have_count(4)
    expect(page.locator(".st-key-callback_reasons [aria-pressed=true]")).to_have_count(1)
    agent.sees(re.compile("已恢复"))
