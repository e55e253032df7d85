"""What browser journeys may ask for: a Chromium, and visitors who notice what a browser would complain about."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route, expect, sync_playwright

from tests.browser import chromium

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
PATIENCE = 30_000
ELSEWHERE = re.compile(r"^(?!(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:)")

expect.set_options(timeout=PATIENCE)


@dataclass
class Visitor:
    """Somebody with a browser of their own, and what that browser complained about."""

    context: BrowserContext
    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> None:
        """Open a page of the portal."""
        self.page.goto(self.address + path)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until the page says something."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def press(self, button: str | re.Pattern[str]) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=button).first.click()

    def keep_picture(self, name: str) -> None:
        """Keep a screenshot with the run, once the screen is drawn."""
        ARTIFACTS.mkdir(exist_ok=True)
        expect(self.page.locator("[data-testid=stApp][data-test-script-state=running]")).to_have_count(0)
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    def on_console(self, message: ConsoleMessage) -> None:
        """Write down what breaks a page of the portal; Streamlit looking for its base path does not."""
        from_here = message.location["url"].startswith(self.address)
        if message.type == "error" and from_here and "404" not in message.text:
            self.complaints.append(f"{message.location['url']}: {message.text}")

    def on_foreign_request(self, route: Route, request: Request) -> None:
        """Let nothing out of this machine, and write down what a page of the portal wanted out there."""
        if request.frame.url.startswith(self.address):
            self.strangers.append(request.url)
        route.abort()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium of a module; Playwright keeps an event loop running, which other modules' tests could not bear."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.find(),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update"],
        )
        yield launched
        launched.close()


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Makes visitors, each with a browser of their own; afterwards no page may have looked elsewhere."""
    visitors: list[Visitor] = []

    def make(address: str, **options: object) -> Visitor:
        defaults = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": {"width": 1280, "height": 720}}
        context = browser.new_context(**(defaults | options))
        context.set_default_timeout(PATIENCE)
        visitor = Visitor(context, context.new_page(), address)
        context.on("console", visitor.on_console)
        context.route(ELSEWHERE, visitor.on_foreign_request)
        visitors.append(visitor)
        return visitor

    yield make
    for visitor in visitors:
        visitor.context.close()
    assert [stranger for visitor in visitors for stranger in visitor.strangers] == []
