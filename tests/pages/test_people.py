"""The screen of people and units: lists by the address, and drawers whose forms are sent once."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.people import Person
from db.vocabulary import Role
from tests import builders
from tests.pages.conftest import Opener, said


@pytest.fixture
def admin(owner: Session) -> Person:
    """The administrator at the screen."""
    return builders.person(owner, Role.ADMIN, name="测试·周")


@pytest.fixture
def agent(owner: Session, admin: Person) -> Person:
    """Somebody who is changed."""
    return builders.person(owner, Role.AGENT, name="测试·陈")


@pytest.fixture
def at(admin: Person, agent: Person, opened: Opener) -> AppTest:
    """The drawer of the agent, opened by a click on the second row."""
    at = opened(admin, "people")
    at.session_state["people_list_1_0"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    at.session_state["_drawer_chosen"] = "people_list_1"
    return at.run()


def test_people_are_listed_with_their_roles_and_found_by_the_address(
    owner: Session, admin: Person, opened: Opener
) -> None:
    unit = builders.department(owner, "市水务局")
    builders.person(owner, Role.UNIT, at=unit, name="测试·何")
    at = opened(admin, "people", people_role="unit")
    assert not at.exception
    assert list(at.dataframe[0].value["roles"]) == ["承办单位 (市水务局)"]
    assert "没有符合条件的人员" in said(opened(admin, "people", people_words="无此人"))


def test_the_drawer_shows_what_is_known_and_nothing_is_chosen_beforehand(at: AppTest) -> None:
    assert not at.exception
    assert "测试·陈" in said(at)
    assert _field(at.text_input, "name").value == "测试·陈"
    assert _field(at.selectbox, "role").value is None
    assert _field(at.text_input, "reason").value == ""


def test_a_role_without_a_choice_is_asked_for(at: AppTest) -> None:
    _call(at, "grant")
    assert "角色：必填" in said(at)


def test_what_is_saved_is_saved_once_and_an_older_form_keeps_what_was_typed(
    at: AppTest, owner: Session, agent: Person
) -> None:
    _field(at.text_input, "name").set_value("测试·陈改")
    owner.execute(update(Person).where(Person.id == agent.id).values(version=7))
    owner.commit()
    _call(at, "save")
    assert "已有人修改了这条记录" in said(at)
    assert owner.scalars(select(Person.name).where(Person.id == agent.id)).one() == "测试·陈"


def test_skills_and_the_extension_are_saved_from_the_drawer(at: AppTest, owner: Session, agent: Person) -> None:
    pills = _field(at.button_group, "skills")
    assert (pills.options, pills.value) == (["粤语", "英语", "拒访转化"], [])
    pills.set_value(["yue"])
    _field(at.text_input, "extension").set_value("8012")
    _call(at, "save_skills")
    assert not at.exception
    assert owner.scalars(select(Person.extension).where(Person.id == agent.id)).one() == "8012"
    assert list(at.dataframe[0].value["skills"]) == ["", "粤语"]


def test_units_are_listed_as_a_tree(owner: Session, admin: Person, opened: Opener) -> None:
    at = opened(admin, "people")
    at.session_state["people_tab"] = "单位"
    at.run()
    assert not at.exception
    shown = at.dataframe[0].value
    assert list(shown["name"])[:3] == ["广州市", "\u3000荔湾区", "\u3000\u3000沙面街道"]
    at.session_state["people_unit_words"] = "天河区"
    at.run()
    assert list(at.dataframe[0].value["code"]) == ["440106"]


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ASSESSOR])
def test_people_are_for_administrators_only(owner: Session, opened: Opener, role: Role) -> None:
    with pytest.raises(ValueError, match="people"):
        opened(builders.person(owner, role), "people")


def _field(kind: Any, name: str) -> Any:
    return next(one for one in kind if (one.key or "").startswith(f"{name}_") and "people" not in (one.key or ""))


def _call(at: AppTest, name: str) -> None:
    """Press a button of the drawer; its callback runs before the drawer is drawn again."""
    _field(at.button, name).click().run()
