"""The screen of the code lists: one list at a time, and drawers whose forms are sent once."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.people import Person
from db.reference import Channel, Disposition
from db.vocabulary import Role
from tests import builders
from tests.pages.conftest import Opener, said


@pytest.fixture
def admin(owner: Session) -> Person:
    """The administrator at the screen."""
    return builders.person(owner, Role.ADMIN, name="测试·周")


def opened_at(opened: Opener, admin: Person, which: str, row: int) -> AppTest:
    """Open the drawer of one row of a list."""
    at = opened(admin, "code_lists", code_lists_which=which)
    at.session_state[f"code_lists_{which}_0"] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    at.session_state["_drawer_chosen"] = f"code_lists_{which}"
    return at.run()


@pytest.mark.parametrize("which", ["reasons", "dispositions", "order_types", "channels", "skills"])
def test_every_list_can_be_looked_at(opened: Opener, admin: Person, which: str) -> None:
    at = opened(admin, "code_lists", code_lists_which=which)
    assert not at.exception
    assert "code" in at.dataframe[0].value


def test_a_name_is_changed_in_the_drawer(owner: Session, opened: Opener, admin: Person) -> None:
    at = opened_at(opened, admin, "channels", 0)
    assert not at.exception
    field = next(one for one in at.text_input if one.key.startswith("name_") and not one.key.startswith("name_en"))
    code = owner.scalars(select(Channel).order_by(Channel.code)).first()
    assert code is not None
    assert field.value == code.name
    field.set_value("改名后的渠道")
    next(one for one in at.button if one.key.startswith("save_")).click().run()
    assert "已保存" in said(at)
    owner.refresh(code)
    assert code.name == "改名后的渠道"


def test_a_new_code_starts_empty_and_what_is_missing_is_named(owner: Session, opened: Opener, admin: Person) -> None:
    at = opened(admin, "code_lists", code_lists_which="dispositions")
    next(one for one in at.button if one.key == "code_lists_add").click().run()
    group = next(one for one in at.selectbox if one.key.startswith("aapor_group_"))
    assert group.value is None
    token = group.key.removeprefix("aapor_group_")
    at.session_state[f"name_{token}"] = ""
    at.button(f"add_{token}").click().run()
    assert "代号：必填" in said(at)
    assert owner.scalar(select(Disposition.id).where(Disposition.code == "")) is None
