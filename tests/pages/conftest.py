"""What tests of screens may ask for: the portal as a person sees it, on this test's database, without a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from db.people import Person
from portal import runtime
from services.environment import Environment
from tests.services.conftest import Clock, clock, database, environment, owner

__all__ = ["clock", "database", "environment", "owner"]

UI = Path(__file__).resolve().parents[2] / "portal" / "ui.py"

Opener = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _process(environment: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("PORTAL_SECRETS", str(tmp_path / "secrets.toml"))
    runtime.start(environment)
    yield
    runtime.stop()


@pytest.fixture
def opened(clock: Clock) -> Opener:
    """Open a screen as somebody, with what stands in its address: `opened(whom, "callback_record", order=1)`."""

    def open_screen(whom: Person, screen: str, **parameters: object) -> AppTest:
        at = AppTest.from_file(str(UI), default_timeout=30)
        at.user = {"is_logged_in": True, "iat": clock.now.timestamp(), "iss": whom.issuer, "sub": whom.subject}
        at.run()
        for name, value in parameters.items():
            at.query_params[name] = str(value)
        return at.switch_page(f"../pages/{screen}.py").run()

    return open_screen


def said(at: AppTest) -> str:
    """Return everything that the screen says in words."""
    elements = [*at.title, *at.markdown, *at.caption, *at.success, *at.warning, *at.info, *at.error]
    return "\n".join(str(element.value) for element in elements)
