"""Signing in against a real provider, in a real browser: the link, the role, the way out, the shut door."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from db.people import Person, RoleGrant
from db.vocabulary import Role
from tests.browser import portals
from tests.browser.conftest import Visit, Visitor
from tests.servers import TestServer
from tests.services.conftest import prepare

pytestmark = pytest.mark.browser

SECRETS = """
[auth]
redirect_uri = "{app}/oauth2callback"
cookie_secret = "a-cookie-secret-for-tests-and-nothing-else"
client_id = "portal"
client_secret = "portal-secret-for-tests-only"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
client_kwargs = {{ scope = "openid profile groups", prompt = "login" }}

[sign_in.roles]
"hotline-agents" = "agent"
"hotline-supervisors" = "supervisor"
"hotline-units" = "unit"
"""

PEOPLE = {
    name: {"name": f"测试·{word}", "groups": groups, **more}
    for name, word, groups, more in (
        ("agent", "甲", ["staff", "hotline-agents"], {}),
        ("supervisor", "乙", ["hotline-supervisors"], {}),
        ("leaver", "丙", ["hotline-agents"], {}),
        ("mover", "丁", ["hotline-supervisors"], {}),
        ("unit", "戊", ["hotline-units"], {"department": "440103"}),
        ("cook", "己", ["canteen"], {}),
    )
}


@dataclass(frozen=True, slots=True)
class City:
    """A portal with its provider and its database."""

    address: str
    owner_url: str

    def change(self, subject: str, *, active: bool = True, role: Role | None = None) -> None:
        """What an administrator does to somebody on another machine."""
        engine = create_engine(self.owner_url)
        with Session(engine) as session, session.begin():
            person = session.scalars(select(Person).where(Person.subject == subject)).one()
            person.active = active
            if role is not None:
                session.query(RoleGrant).filter_by(person_id=person.id).update({"role": role})
        engine.dispose()


@pytest.fixture(scope="module")
def city(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city in which somebody can sign in."""
    folder = tmp_path_factory.mktemp("city")
    database = server.fresh_database("reference", prepare)
    port = portals.free_port()
    app = f"http://127.0.0.1:{port}"
    with portals.provider(folder, PEOPLE, app) as issuer:
        secrets = folder / "secrets.toml"
        secrets.write_text(SECRETS.format(app=app, issuer=issuer), encoding="utf-8")
        login_url = server.address(database, "portal_login")
        variables = {"PORTAL_DATABASE_URL": login_url, "PORTAL_SECRETS": str(secrets), "PORTAL_DATA": str(folder)}
        with portals.portal(folder, port=port, **variables) as running:
            yield City(running.address, server.address(database))


def _sign_in(visitor: Visitor, who: str, path: str = "/") -> None:
    visitor.open(path)
    visitor.press("统一身份认证登录")
    page = visitor.page
    page.locator("input[name=login]").fill(who)
    page.locator("input[name=password]").fill("anything")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{visitor.address}/**")


def test_signing_in_leads_back_to_the_link_that_was_followed(city: City, visit: Visit) -> None:
    visitor = visit(city.address)
    _sign_in(visitor, "supervisor", "/order_list?status=due")
    visitor.sees("测试·乙 · 督办员")
    assert visitor.page.url.startswith(f"{city.address}/order_list?status=due")
    visitor.keep_picture("signed-in")
    assert visitor.complaints == []


def test_a_user_of_a_unit_is_signed_in_for_that_unit(city: City, visit: Visit) -> None:
    visitor = visit(city.address)
    _sign_in(visitor, "unit")
    visitor.sees("测试·戊 · 承办单位")


def test_somebody_without_a_role_here_is_told_so_and_can_leave(city: City, visit: Visit) -> None:
    visitor = visit(city.address)
    _sign_in(visitor, "cook", "/order_list")
    visitor.sees("您的账号在本系统中没有角色")
    visitor.keep_picture("no-role")
    expect(visitor.page.get_by_test_id("stSidebarNav")).to_have_count(0)
    visitor.press("重新登录")
    visitor.page.get_by_role("button", name="Yes, sign me out").click()
    visitor.sees("统一身份认证登录")


def test_a_screen_of_another_role_explains_itself(city: City, visit: Visit) -> None:
    visitor = visit(city.address)
    _sign_in(visitor, "agent", "/people")
    visitor.sees("测试·甲 · 回访员")
    visitor.sees("「人员与单位」不向回访员开放")
    expect(visitor.page.get_by_test_id("stSidebarNav").get_by_text("人员与单位")).to_have_count(0)


def test_signing_out_shuts_the_door_for_the_old_cookie_too(city: City, visit: Visit) -> None:
    visitor = visit(city.address)
    _sign_in(visitor, "agent")
    visitor.sees("测试·甲 · 回访员")
    kept = visitor.context.storage_state()
    visitor.press("退出登录")
    visitor.page.get_by_role("button", name="Yes, sign me out").click()
    visitor.sees("统一身份认证登录")
    thief = visit(city.address, storage_state=kept)
    thief.open()
    thief.sees("登录已结束")
    assert "测试·甲" not in thief.page.content()


def test_a_disabled_person_is_thrown_out_at_the_next_click(city: City, visit: Visit) -> None:
    visitor = visit(city.address)
    _sign_in(visitor, "leaver")
    visitor.sees("测试·丙 · 回访员")
    cookies = {cookie["name"]: cookie["value"] for cookie in visitor.context.cookies()}
    assert httpx.get(f"{city.address}/media/nothing.csv", cookies=cookies).status_code == 404
    idle = visit(city.address, storage_state=visitor.context.storage_state())
    idle.open()
    idle.sees("测试·丙 · 回访员")
    city.change("leaver", active=False)
    visitor.page.get_by_test_id("stSidebarNav").get_by_role("link").last.click()
    visitor.sees("测试·丙，您的账号已被停用")
    visitor.keep_picture("disabled")
    assert httpx.get(f"{city.address}/media/nothing.csv", cookies=cookies).status_code == 403
    # A screen that nobody touches notices by itself within half a minute.
    expect(idle.page.get_by_text("测试·丙，您的账号已被停用")).to_be_visible(timeout=60_000)


def test_a_changed_role_counts_from_the_next_click(city: City, visit: Visit) -> None:
    visitor = visit(city.address)
    _sign_in(visitor, "mover")
    visitor.sees("测试·丁 · 督办员")
    city.change("mover", role=Role.AGENT)
    visitor.page.get_by_test_id("stSidebarNav").get_by_role("link").last.click()
    visitor.sees("测试·丁 · 回访员")


def test_strangers_get_neither_files_nor_figures_of_the_server(city: City) -> None:
    paths = ("/media/abc.csv", "/_stcore/metrics", "/_stcore/upload_file/a/b")
    assert [httpx.get(city.address + path).status_code for path in paths] == [403, 403, 403]
    assert httpx.put(city.address + paths[2], content=b"x").status_code == 403
    agent = httpx.post(f"{city.address}/_stcore/agent/interact", content=json.dumps({}))
    assert agent.status_code == 404
    forged = {"_streamlit_user": "eyJzdWIiOiJhZ2VudCJ9.aaaa.bbbb"}
    assert httpx.get(city.address + paths[0], cookies=forged).status_code == 403


def test_cookies_are_secure_behind_a_proxy_that_speaks_tls(city: City) -> None:
    address = f"{city.address}/_stcore/health"
    assert "Secure" not in httpx.get(address).headers["set-cookie"]
    assert httpx.get(address, headers={"x-forwarded-proto": "https"}).headers["set-cookie"].endswith("; Secure")


def test_a_foreign_host_name_is_not_answered(city: City) -> None:
    assert httpx.get(city.address, headers={"host": "evil.test"}).status_code == 421


def test_the_log_holds_no_traceback(city: City, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = next(Path(tmp_path_factory.getbasetemp()).glob("city*/portal.log"))
    assert "Traceback" not in log.read_text(encoding="utf-8")
