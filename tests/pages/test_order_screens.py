"""Home, the list of orders and one order, as each role sees them."""

from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.orders import Order
from db.records import EventRow
from db.vocabulary import Event, Role, Status
from portal import words
from tests import builders
from tests.builders import at as moment
from tests.pages.conftest import Opener, said

ROLES = [role for role in Role if role != Role.SYSTEM]


def numbers(at: AppTest) -> list[str]:
    """Return the numbers of the orders in the list."""
    return list(at.dataframe[0].value["number"]) if at.dataframe else []


def widget(at: AppTest, key: str) -> Any:
    """Return the widget of this key, or of the key that begins so."""
    kinds = (at.text_input, at.multiselect, at.selectbox, at.date_input, at.toggle, at.button)
    return next(one for kind in kinds for one in kind if (one.key or "").startswith(key))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_every_screen_of_orders_opens_for_every_role_in_both_languages(
    owner: Session, opened: Opener, caplog: pytest.LogCaptureFixture, role: Role, language: str
) -> None:
    unit = builders.department(owner, "测试局")
    made = builders.returned_order(owner, unit)
    builders.event(owner, made, Event.ORDER_RETURNED, role=Role.SUPERVISOR, reason="积水仍在")
    builders.archived_order(owner, unit)
    builders.order(owner, unit, due_at=moment("2026-06-10"))
    whom = builders.person(owner, role, at=unit if role == Role.UNIT else None)
    whom.language = language
    owner.commit()
    for screen, parameters in (("home", {}), ("order_list", {}), ("order_detail", {"order": made.id})):
        at = opened(whom, screen, **parameters)
        assert not at.exception, (screen, at.exception)
        assert not at.error, (screen, at.error[0].value)
        if screen == "order_detail":
            assert words.plain(made.number) in said(at)
    assert "no words for" not in caplog.text


def test_the_list_shows_what_the_address_says(owner: Session, opened: Opener) -> None:
    unit = builders.department(owner, code="T-1")
    builders.due_order(owner, unit, number="DUE")
    builders.dissatisfied_order(owner, unit, number="BAD")
    builders.order(owner, number="OPEN", due_at=moment("2026-06-10"))
    whom = builders.person(owner, Role.SUPERVISOR)

    def shown(**parameters: str) -> set[str]:
        at = opened(whom, "order_list", **{f"order_list_{name}": value for name, value in parameters.items()})
        assert not at.exception
        return set(numbers(at))

    assert shown() == {"DUE", "BAD", "OPEN"}
    assert shown(status="due,dissatisfied") == {"DUE", "BAD"}
    assert shown(status="due,no-such-status") == {"DUE"}
    assert shown(department="T-1", outcome="dissatisfied") == {"BAD"}
    assert shown(lateness="late") == {"OPEN"}
    assert shown(unassigned="1") == {"OPEN"}
    assert shown(measure="dissatisfied", month="2026-05", counted="T-1") == {"BAD"}
    assert shown(words="OPEN") == {"OPEN"}
    assert shown(status="nonsense", department="nowhere", month="2026-99", accepted_from="soon") == {
        "DUE",
        "BAD",
        "OPEN",
    }


def test_the_widgets_show_the_address_and_write_to_it(owner: Session, opened: Opener) -> None:
    builders.due_order(owner, number="DUE")
    builders.order(owner, number="OPEN")
    at = opened(builders.person(owner, Role.AGENT), "order_list", order_list_status="open")
    assert widget(at, "order_list_status").value == ["open"]
    widget(at, "order_list_status").set_value([Status.DUE]).run()
    assert numbers(at) == ["DUE"]
    assert at.query_params["order_list_status"] == "due"
    widget(at, "order_list_clear").click().run()
    assert set(numbers(at)) == {"DUE", "OPEN"}
    assert "order_list_status" not in at.query_params


def test_pages_of_the_list_go_on_and_back(owner: Session, opened: Opener) -> None:
    for n in range(52):
        builders.order(owner, number=f"N{n:02}", accepted_at=moment("2026-05-06", n % 24, n % 60))
    at = opened(builders.person(owner, Role.AGENT), "order_list")
    first = numbers(at)
    widget(at, "order_list_on").click().run()
    second = numbers(at)
    assert (len(first), len(second)) == (50, 2)
    assert not set(first) & set(second)
    widget(at, "order_list_back").click().run()
    assert numbers(at) == first
    assert numbers(opened(builders.person(owner, Role.AGENT), "order_list", order_list_after="nonsense~x")) == first


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("after", f"2026-06-14T00:00:00+00:00~{10**30}"),
        ("after", "0001-01-01T00:00:00+14:00~5"),
        ("after", "9999-12-31T23:59:59-14:00~5"),
        ("accepted_from", "0001-01-01"),
        ("accepted_to", "9999-12-31"),
        ("month", "9999-12"),
        ("month", "２０２６-05"),
    ],
)
def test_what_no_order_can_have_is_left_out_of_the_filter(
    owner: Session, opened: Opener, field: str, written: str
) -> None:
    builders.order(owner, number="OPEN")
    at = opened(builders.person(owner, Role.AGENT), "order_list", **{f"order_list_{field}": written})
    assert not at.exception
    assert not at.error
    assert numbers(at) == ["OPEN"]


def test_a_character_that_cannot_be_stored_is_refused_in_words(owner: Session, opened: Opener) -> None:
    at = opened(builders.person(owner, Role.AGENT), "order_list", order_list_words="积\x00水")
    assert not at.exception
    assert "不能保存的字符" in at.error[0].value


def test_words_that_cannot_be_searched_for_are_explained(owner: Session, opened: Opener) -> None:
    at = opened(builders.person(owner, Role.AGENT), "order_list", order_list_words="水")
    assert words.say("problem.one_character") in at.error[0].value
    assert not at.exception


def test_an_empty_list_says_what_to_do(owner: Session, opened: Opener) -> None:
    whom = builders.person(owner, Role.VIEWER)
    assert words.say("order_list.none_yet") in said(opened(whom, "order_list"))
    assert words.say("order_list.none_found") in said(opened(whom, "order_list", order_list_status="due"))


def test_a_click_opens_the_order(owner: Session, opened: Opener) -> None:
    made = builders.order(owner, number="OPEN")
    at = opened(builders.person(owner, Role.AGENT), "order_list")
    at.session_state[f"order_list_table_{crc32(repr([made.id]).encode())}"] = {
        "selection": {"rows": [], "columns": [], "cells": [[0, "title"]]}
    }
    at.run()
    assert at.query_params["order"] == str(made.id)
    assert "OPEN" in said(at)


def test_a_unit_sees_its_own_orders_and_no_others(owner: Session, opened: Opener) -> None:
    mine, theirs = builders.department(owner, code="T-MINE"), builders.department(owner, code="T-THEIRS")
    builders.order(owner, mine, number="MINE")
    other = builders.returned_order(owner, theirs, number="THEIRS")
    whom = builders.person(owner, Role.UNIT, at=mine)
    for parameters in ({}, {"order_list_department": "T-THEIRS"}, {"order_list_words": "积水"}):
        assert numbers(opened(whom, "order_list", **parameters)) == ["MINE"]
    assert numbers(opened(whom, "order_list", order_list_words="THEIRS")) == []
    at = opened(whom, "order_detail", order=other.id)
    assert at.error[0].value == words.say("error.not_found")
    assert "THEIRS" not in said(at)
    assert not numbers(opened(whom, "home"))


def test_what_people_wrote_is_shown_letter_by_letter(owner: Session, opened: Opener) -> None:
    nasty = "![](https://x) **粗** <b>x</b> $a$ :material/home:"
    made = builders.closed_order(owner, title=nasty, text=nasty, reply=nasty, address=nasty)
    at = opened(builders.person(owner, Role.AGENT), "order_detail", order=made.id)
    assert not at.exception
    assert nasty not in said(at)
    assert said(at).count(words.plain(nasty)) >= 4


def test_the_number_is_shown_for_a_minute_and_its_look_recorded(owner: Session, opened: Opener, clock: Any) -> None:
    made = builders.due_order(owner, phone="138-0000-1234")
    at = opened(builders.person(owner, Role.AGENT), "order_detail", order=made.id)
    assert not at.code
    widget(at, "order_detail_reason_").set_value("call").run()
    next(one for one in at.button if (one.key or "").endswith("_go")).click().run()
    assert at.code[0].value == "138-0000-1234"
    (row,) = owner.scalars(select(EventRow).where(EventRow.action == Event.CONTACT_REVEALED))
    assert words.say("order_detail.reveal.call") in row.body
    clock.now = moment("2026-06-15", 10, 2)
    at.run()
    assert not at.code


def test_an_order_without_a_department_is_given_to_one(owner: Session, opened: Opener) -> None:
    unit, made = builders.department(owner, "接手局"), builders.order(owner)
    at = opened(builders.person(owner, Role.SUPERVISOR), "order_detail", order=made.id)
    widget(at, "assign_go_").click().run()
    assert words.say("problem.unknown") in at.error[0].value
    widget(at, "assign_department_").set_value(unit.id).run()
    widget(at, "assign_go_").click().run()
    assert words.say("order_detail.assigned", number=words.plain(made.number)) in said(at)
    owner.expire_all()
    assert owner.get_one(Order, made.id).department_id == unit.id


def test_home_leads_to_exactly_the_list_that_it_counts(owner: Session, opened: Opener) -> None:
    for number in ("D1", "D2"):
        builders.due_order(owner, number=number)
    builders.order(owner, number="OPEN")
    at = opened(builders.person(owner, Role.AGENT), "home")
    assert "### 2" in said(at)
    widget(at, "home_open_due").click().run()
    assert set(numbers(at)) == {"D1", "D2"}
