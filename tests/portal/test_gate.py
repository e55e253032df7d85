"""The gate in front of every screen: who is let in, who is told why not, and what takes effect at the next click."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.people import Person
from db.vocabulary import Role
from portal import runtime, signin
from services.environment import Environment
from tests import builders
from tests.services.conftest import Clock

UI = Path(__file__).resolve().parents[2] / "portal" / "ui.py"


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PORTAL_SECRETS", str(tmp_path / "secrets.toml"))


@pytest.fixture(autouse=True)
def _process(environment: Environment) -> Iterator[None]:
    runtime.start(environment)
    yield
    runtime.stop()


def _secrets(text: str) -> None:
    runtime.secrets_file().write_text(text, encoding="utf-8")


def _opened(clock: Clock, whom: Person | None = None, **claims: object) -> AppTest:
    at = AppTest.from_file(str(UI), default_timeout=30)
    if whom is not None:
        claims = {"iss": whom.issuer, "sub": whom.subject, **claims}
    if claims:
        at.user = {"is_logged_in": True, "iat": clock.now.timestamp(), **claims}
    return at.run()


def _said(at: AppTest) -> str:
    elements = [*at.title, *at.subheader, *at.markdown, *at.caption, *at.warning, *at.info, *at.error]
    return "\n".join(str(element.value) for element in elements)


def test_somebody_known_is_let_in_and_named(clock: Clock, owner: Session) -> None:
    at = _opened(clock, builders.person(owner, Role.SUPERVISOR, name="测试·王芳"))
    assert not at.exception
    assert "测试·王芳 · 督办员" in _said(at)


def test_nobody_is_offered_the_providers_and_sees_no_screen(clock: Clock) -> None:
    _secrets('[auth]\nclient_id = "x"\ncookie_secret = "y"\n')
    at = _opened(clock)
    assert [button.label for button in at.button] == ["统一身份认证登录"]
    assert "首页" not in _said(at)


def test_several_providers_are_offered_by_name(clock: Clock) -> None:
    _secrets('[auth]\n[auth.city]\nclient_id = "x"\n[auth.district]\nclient_id = "y"\n')
    assert [button.label for button in _opened(clock).button] == ["使用 city 登录", "使用 district 登录"]


def test_without_a_provider_the_screen_says_so(clock: Clock) -> None:
    at = _opened(clock)
    assert not at.button
    assert "尚未配置身份认证" in _said(at)


def test_a_stranger_is_told_why_the_door_is_shut(clock: Clock) -> None:
    at = _opened(clock, iss="https://sso.test", sub="stranger")
    assert "没有角色" in _said(at)
    assert [button.label for button in at.button] == ["重新登录"]


def test_the_mapping_of_claims_gives_a_role_at_the_first_click(clock: Clock) -> None:
    _secrets('[sign_in.roles]\n"hotline-agents" = "agent"\n')
    at = _opened(clock, iss="https://sso.test", sub="u1", name="测试·甲", groups=["canteen", "hotline-agents"])
    assert "测试·甲 · 回访员" in _said(at)
    at = _opened(clock, iss="https://sso.test", sub="u2", name="测试·乙", groups=["canteen"])
    assert "没有角色" in _said(at)


def test_a_disabled_person_is_out_at_the_next_click(clock: Clock, owner: Session) -> None:
    whom = builders.person(owner)
    at = _opened(clock, whom)
    whom.active = False
    owner.commit()
    assert "已被停用" in _said(at.run())


def test_a_person_disabled_while_a_screen_is_drawn_is_told_so_and_nothing_breaks(
    clock: Clock, owner: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    whom = builders.person(owner)

    def meanwhile(_: object) -> None:
        whom.active = False
        owner.commit()

    # It stands between the frame, which lets the person in, and the screen, which asks again.
    monkeypatch.setattr(signin, "session_guard", meanwhile)
    at = _opened(clock, whom)
    assert not at.exception
    assert "已被停用" in _said(at)


def test_fifteen_minutes_without_a_click_end_a_sign_in_for_good(clock: Clock, owner: Session) -> None:
    whom = builders.person(owner)
    claims = {"iat": clock.now.timestamp()}
    at = _opened(clock, whom, **claims)
    clock.now += timedelta(minutes=14)
    assert "登录已结束" not in _said(at.run())
    clock.now += timedelta(minutes=16)
    assert "登录已结束" in _said(at.run())
    assert "登录已结束" in _said(_opened(clock, whom, **claims)), "a reload must not revive it"
    assert "登录已结束" not in _said(_opened(clock, whom))


def test_eight_hours_end_a_sign_in_however_busy(clock: Clock, owner: Session) -> None:
    at = _opened(clock, builders.person(owner))
    for _ in range(48):
        clock.now += timedelta(minutes=10)
        at.run()
    assert "登录已结束" not in _said(at)
    clock.now += timedelta(minutes=1)
    assert "登录已结束" in _said(at.run())


def test_the_language_is_changed_on_every_screen_and_kept_for_the_person(clock: Clock, owner: Session) -> None:
    whom = builders.person(owner, name="测试·甲")
    at = _opened(clock, whom)
    at.segmented_control(key="portal_account_language").set_value("en").run()
    assert "测试·甲 · Callback agent" in _said(at)
    assert "Callback agent" in _said(_opened(clock, whom))


def test_a_question_that_a_screen_asks_by_itself_does_not_put_off_the_end(clock: Clock) -> None:
    assert not runtime.idle("sign-in", clock.now, at_work=True)
    assert not runtime.idle("sign-in", clock.now + timedelta(minutes=14), at_work=False)
    assert runtime.idle("sign-in", clock.now + timedelta(minutes=16), at_work=True)
