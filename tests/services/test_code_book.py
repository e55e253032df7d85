"""Code lists are edited by people: names and behaviour change, codes and groups stay, and nothing is ever deleted."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db import reference_rows
from db.records import EventRow
from db.reference import Channel, Disposition, OrderType, Reason
from db.vocabulary import Event, Refusal, Role
from services import code_book, reviews
from services.access import Access
from services.code_book import CodeList, CodeReceipt
from services.environment import Environment
from services.errors import Conflict, Invalid, NotAllowed, Stale
from tests import builders
from tests.services.conftest import Clock


@pytest.fixture
def admin(owner: Session, environment: Environment) -> Access:
    """An administrator at the door."""
    return builders.access(owner, environment, Role.ADMIN)


def line(admin: Access, which: CodeList, code: str) -> code_book.CodeLine:
    """Return one code of a list."""
    return next(one for one in code_book.list_codes(admin, which=which).lines if one.named.code == code)


def change(admin: Access, which: CodeList, code: str, **more: Any) -> CodeReceipt:
    """Change a code as it stands now."""
    one = line(admin, which, code)
    form = {"code_id": one.named.id, "seen": one.version, "name": one.named.zh, "name_en": one.named.en}
    return code_book.change_code(admin, which=which, **(form | {"facts": {}, "request_id": "form-1"} | more))


def retire(admin: Access, which: CodeList, code: str, last_day: date | None, form: str = "form-1") -> CodeReceipt:
    """Give a code a last day, or take it away."""
    one = line(admin, which, code)
    return code_book.retire_code(
        admin,
        which=which,
        code_id=one.named.id,
        seen=one.version,
        last_day=last_day,
        reason="代码调整",
        request_id=form,
    )


def add(admin: Access, which: CodeList, code: str, **more: Any) -> CodeReceipt:
    """Add a code."""
    form = {"name": "新代码", "name_en": "New code", "facts": {}, "request_id": "form-1"}
    return code_book.add_code(admin, which=which, code=code, **(form | more))


def test_a_name_and_a_behaviour_change_and_the_trail_says_from_what_to_what(owner: Session, admin: Access) -> None:
    change(admin, CodeList.DISPOSITIONS, "3.13", name="没人接听", facts={"retry_minutes": 90})
    row = owner.scalars(select(Disposition).where(Disposition.code == "3.13")).one()
    assert (row.name, row.retry_minutes, row.aapor_group) == ("没人接听", 90, "NC")
    body = json.loads(owner.scalars(select(EventRow.body).where(EventRow.action == Event.CODE_CHANGED)).one())
    assert (body["before"]["name"], body["after"]["name"]) == ("无人接听", "没人接听")
    assert body["after"]["retry_minutes"] == 90


def test_reference_rows_loaded_again_keep_what_a_person_wrote(owner: Session, admin: Access) -> None:
    change(admin, CodeList.CHANNELS, "sms", name="短信回评")
    owner.rollback()
    reference_rows.load(owner)
    owner.commit()
    assert owner.scalar(select(Channel.name).where(Channel.code == "sms")) == "短信回评"


def test_a_reason_can_be_limited_to_types_and_grades_and_freed_again(owner: Session, admin: Access) -> None:
    change(admin, CodeList.REASONS, "R07", facts={"order_types": ("complaint",), "grades": ("very_dissatisfied",)})
    assert line(admin, CodeList.REASONS, "R07").facts["order_types"] == ("complaint",)
    change(admin, CodeList.REASONS, "R07", facts={"order_types": (), "grades": ()}, request_id="form-2")
    row = owner.scalars(select(Reason).where(Reason.code == "R07")).one()
    assert (row.order_types, row.grades) == (None, None)


def test_a_new_reason_stands_under_its_heading_and_can_be_given_at_once(owner: Session, admin: Access) -> None:
    add(admin, CodeList.REASONS, "R14", name="噪声复测未通知", facts={"heading": "RC", "attributable": True})
    made = owner.scalars(select(Reason).where(Reason.code == "R14")).one()
    assert owner.get(Reason, made.parent_id).code == "RC"


def test_a_new_ending_belongs_to_a_group_and_leaves_nobody_out(owner: Session, admin: Access) -> None:
    facts = {"aapor_group": "NC", "retry_minutes": 30, "another_number": True}
    add(admin, CodeList.DISPOSITIONS, "3.17", name="来电管家代接", facts=facts)
    row = owner.scalars(select(Disposition).where(Disposition.code == "3.17")).one()
    assert (row.aapor_group, row.eligible, row.final, row.another_number) == ("NC", True, False, True)


@pytest.mark.parametrize(
    ("group", "facts", "problems"),
    [
        (None, {}, {"aapor_group": "required"}),
        ("UH", {}, {"aapor_group": "unknown"}),
        ("I", {"is_contact": True}, {"final": "must_be_final"}),
        ("R", {"refusal": "hard", "is_contact": True}, {"final": "must_be_final"}),
        ("R", {"refusal": "soft"}, {"is_contact": "must_be_contacted"}),
        ("NC", {"refusal": "soft", "is_contact": True}, {"refusal": "not_a_refusal"}),
        ("NC", {"retry_minutes": 0}, {"retry_minutes": "out_of_range"}),
        ("NC", {"retry_minutes": True}, {"retry_minutes": "not_a_number"}),
        ("NC", {"eligible": False}, {"eligible": "unknown"}),
        ("NC", {"final": "yes"}, {"final": "not_yes_or_no"}),
    ],
)
def test_behaviour_that_contradicts_itself_is_refused_field_by_field(
    admin: Access, group: str | None, facts: dict[str, Any], problems: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        add(admin, CodeList.DISPOSITIONS, "9.9", facts={"aapor_group": group, **facts})
    assert refused.value.problems == problems


def test_a_hard_refusal_that_is_final_is_accepted(owner: Session, admin: Access) -> None:
    facts = {"aapor_group": "R", "refusal": "hard", "final": True, "is_contact": True}
    add(admin, CodeList.DISPOSITIONS, "2.113", facts=facts)
    assert owner.scalar(select(Disposition.refusal).where(Disposition.code == "2.113")) == Refusal.HARD


@pytest.mark.parametrize(
    ("code", "name", "problems"),
    [
        ("", "", {"code": "required", "name": "required"}),
        ("有汉字", "名", {"code": "not_a_code"}),
        ("x" * 21, "名" * 121, {"code": "not_a_code", "name": "too_long"}),
    ],
)
def test_a_code_and_its_name_are_checked(admin: Access, code: str, name: str, problems: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        add(admin, CodeList.CHANNELS, code, name=name)
    assert refused.value.problems == problems


def test_a_code_is_added_once_and_a_taken_one_is_refused(owner: Session, admin: Access) -> None:
    first = add(admin, CodeList.CHANNELS, "kiosk")
    assert add(admin, CodeList.CHANNELS, "kiosk") == CodeReceipt(first.which, first.id, "kiosk", 1, repeated=True)
    with pytest.raises(Conflict):
        add(admin, CodeList.CHANNELS, "kiosk", request_id="form-2")


def test_the_group_of_an_ending_and_the_heading_of_a_reason_never_change(admin: Access) -> None:
    for which, code, facts in (
        (CodeList.DISPOSITIONS, "3.13", {"aapor_group": "I"}),
        (CodeList.REASONS, "R01", {"heading": "RD"}),
    ):
        with pytest.raises(Invalid) as refused:
            change(admin, which, code, facts=facts)
        assert list(refused.value.problems.values()) == ["unknown"]


def test_a_form_without_a_change_or_out_of_date_is_refused_and_one_sent_twice_changes_once(admin: Access) -> None:
    with pytest.raises(Invalid):
        change(admin, CodeList.CHANNELS, "sms")
    seen = line(admin, CodeList.CHANNELS, "sms").version
    change(admin, CodeList.CHANNELS, "sms", name="短信一")
    assert change(admin, CodeList.CHANNELS, "sms", name="短信一", seen=seen).repeated
    with pytest.raises(Stale):
        change(admin, CodeList.CHANNELS, "sms", name="短信二", seen=seen, request_id="form-2")


def test_a_retired_code_is_offered_no_more_and_old_rows_still_read(
    owner: Session, environment: Environment, admin: Access, clock: Clock
) -> None:
    order = builders.dissatisfied_order(owner, builders.department(owner))
    retire(admin, CodeList.REASONS, "R03", date(2026, 6, 14))
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    case = reviews.review_case(supervisor, order_id=order.id)
    assert "R03" not in [one.named.code for one in case.choices]
    assert [one.code for one in case.order.calls[-1].reasons] == ["R03"]
    retire(admin, CodeList.REASONS, "R03", None, form="form-2")
    assert "R03" in [one.named.code for one in reviews.review_case(supervisor, order_id=order.id).choices]


def test_the_last_day_itself_still_counts(owner: Session, environment: Environment, admin: Access) -> None:
    order = builders.due_order(owner, builders.department(owner))
    retire(admin, CodeList.REASONS, "R03", date(2026, 6, 15))
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    assert "R03" in [one.named.code for one in reviews.review_case(supervisor, order_id=order.id).choices]


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.ASSESSOR, Role.VIEWER])
def test_only_administrators_edit(owner: Session, environment: Environment, role: Role) -> None:
    with pytest.raises(NotAllowed):
        add(builders.access(owner, environment, role), CodeList.CHANNELS, "kiosk")


def test_order_types_are_listed_with_their_names(owner: Session, admin: Access) -> None:
    listed = [one.named.code for one in code_book.list_codes(admin, which=CodeList.ORDER_TYPES).lines]
    assert sorted(listed) == sorted(owner.scalars(select(OrderType.code)))
