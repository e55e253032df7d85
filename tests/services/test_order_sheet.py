"""The order sheet beyond the order: further numbers, the language of a call, and the share that is called about."""

import hashlib
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.callbacks import CallbackCase, OtherNumber
from db.orders import Order
from db.reference import CallbackPolicy, RuleSet
from db.vocabulary import ImportKind, Satisfaction, Status
from services.access import SYSTEM, Access
from services.environment import Environment
from services.rules import callback_policy, ruleset
from tests import builders
from tests.services.test_exchange import CLOSED, GOOD, RATED, bring, sheet, stored, told

SECOND, THIRD = "10000000002", "10000000003"


@pytest.fixture
def access(environment: Environment) -> Access:
    """The door of the command line."""
    return Access(environment, SYSTEM)


def numbers(owner: Session) -> Sequence[tuple[int, str]]:
    """The further numbers of the one order, in the order in which they are tried."""
    owner.expire_all()
    rows = owner.scalars(select(OtherNumber).order_by(OtherNumber.order_id, OtherNumber.position))
    return [(row.position, row.phone) for row in rows]


def test_further_numbers_and_the_language_come_in_with_the_order(access: Access, owner: Session) -> None:
    row = CLOSED | {"联系电话2": "1000000 0002", "联系电话3": THIRD, "通话语言": "粤语"}
    assert told(bring(access, sheet(row))) == (1, 1, 0, 0, 0)
    assert numbers(owner) == [(2, SECOND), (3, THIRD)]
    order, _ = stored(owner)
    assert order.language == "yue"
    assert owner.scalars(select(OtherNumber.department_id)).all() == [order.department_id] * 2
    assert owner.scalars(select(CallbackCase.needs)).one() == ["yue"]
    assert told(bring(access, sheet(row))) == (1, 0, 0, 1, 0)


def test_an_empty_cell_erases_neither_a_number_nor_the_language(access: Access, owner: Session) -> None:
    bring(access, sheet(GOOD | {"联系电话2": SECOND, "通话语言": "en"}))
    later = GOOD | {"联系电话2": "", "联系电话3": "", "通话语言": "", "标题": "新标题"}
    assert told(bring(access, sheet(later))) == (1, 0, 1, 0, 0)
    assert numbers(owner) == [(2, SECOND)]
    assert stored(owner)[0].language == "en"


def test_a_number_that_is_known_is_no_news_at_any_position(access: Access, owner: Session) -> None:
    given = {"联系电话2": GOOD["联系电话"], "联系电话3": SECOND}
    bring(access, sheet(GOOD | given))
    assert numbers(owner) == [(2, SECOND)]
    assert told(bring(access, sheet(GOOD | {"联系电话2": SECOND, "联系电话3": SECOND}))) == (1, 0, 0, 1, 0)


def test_an_imported_number_is_corrected_and_what_an_agent_added_stays(access: Access, owner: Session) -> None:
    bring(access, sheet(GOOD | {"联系电话2": SECOND}))
    order, _ = stored(owner)
    agent = builders.person(owner)
    facts = {"order_id": order.id, "department_id": order.department_id, "added_at": order.created_at}
    owner.add(OtherNumber(**facts, position=3, phone="10000000009", added_by=agent.id))
    owner.commit()
    news = GOOD | {"联系电话2": "10000000004", "联系电话3": THIRD}
    assert told(bring(access, sheet(news))) == (1, 0, 1, 0, 0)
    assert numbers(owner) == [(2, "10000000004"), (3, "10000000009"), (4, THIRD)]
    assert told(bring(access, sheet(news))) == (1, 0, 0, 1, 0)


def test_after_a_call_a_new_number_stands_behind_the_others(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED | {"联系电话2": SECOND}))
    order, _ = stored(owner)
    order.attempts, order.called = 1, True
    owner.commit()
    assert told(bring(access, sheet(CLOSED | {"联系电话2": THIRD}))) == (1, 0, 1, 0, 0)
    assert numbers(owner) == [(2, SECOND), (3, THIRD)]


def test_a_language_that_nobody_knows_is_reported_and_the_order_goes_in(access: Access, owner: Session) -> None:
    report = bring(access, sheet(GOOD | {"通话语言": "客家话"}))
    assert told(report) == (1, 1, 0, 0, 0)
    assert report["problems"] == [(2, "language", "unknown_language")]
    assert stored(owner)[0].language is None


def test_a_number_that_a_spreadsheet_rounded_is_refused_wherever_it_stands(access: Access) -> None:
    report = bring(access, sheet(GOOD | {"联系电话3": "1.38E+10"}))
    assert report["problems"] == [(2, "phone_3", "damaged_by_spreadsheet")]
    assert told(report) == (1, 0, 0, 0, 1)


def test_who_answers_by_link_while_the_case_waits_is_not_called_as_well(access: Access, owner: Session) -> None:
    bring(access, sheet(CLOSED))
    assert owner.scalars(select(CallbackCase.open)).one()
    bring(access, sheet(RATED), kind=ImportKind.RATINGS)
    owner.expire_all()
    case = owner.scalars(select(CallbackCase)).one()
    assert (case.open, case.held_by, case.done_as, case.attempts) == (False, None, None, 0)
    assert stored(owner)[0].status == Status.ARCHIVED


# The share that is called about ---------------------------------------------------------------------------------------


def decide(owner: Session, share: int, version: int = 2) -> callback_policy.CallbackPolicy:
    """Put a version of the policy in force that calls about a share of the orders."""
    first = owner.scalars(select(CallbackPolicy).order_by(CallbackPolicy.version)).first()
    assert first is not None
    document = first.document | {
        "version": version,
        "effective_from": f"2012-01-{version:02d}",
        "share_percent": {"value": share, "source": "A test.", "assumption": True},
    }
    policy = callback_policy.parse(document)
    facts = {"code": policy.code, "version": version, "effective_from": policy.effective_from, "document": document}
    owner.add(CallbackPolicy(**facts, fingerprint=policy.fingerprint, assumption=True))
    owner.commit()
    return policy


def drawn(policy: callback_policy.CallbackPolicy, number: str) -> bool:
    """Draw as the import does, told anew."""
    digest = hashlib.sha256(f"{policy.name}\x1f12345\x1f{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") * 100 < policy.share_percent.value * 2**32


def bodies(count: int) -> bytes:
    return sheet(*(CLOSED | {"工单编号": f"S{number}"} for number in range(count)))


def due(owner: Session) -> set[str]:
    owner.expire_all()
    return set(owner.scalars(select(Order.number).where(Order.status == Status.DUE)))


def test_a_share_of_the_closed_orders_is_called_and_it_can_be_drawn_again(access: Access, owner: Session) -> None:
    policy = decide(owner, 30)
    bring(access, bodies(200))
    expected = {f"S{number}" for number in range(200) if drawn(policy, f"S{number}")}
    assert due(owner) == expected
    assert 40 <= len(expected) <= 80
    waiting = owner.scalars(select(Order.status).where(Order.number.not_in(expected))).all()
    assert set(waiting) == {Status.CLOSED}
    assert len(owner.scalars(select(CallbackCase.id)).all()) == len(expected)


@pytest.mark.parametrize(("share", "called"), [(0, 0), (100, 20)])
def test_nobody_or_everybody_is_called_where_the_policy_says_so(
    access: Access, owner: Session, share: int, called: int
) -> None:
    decide(owner, share)
    bring(access, bodies(20))
    assert len(due(owner)) == called


def test_an_order_that_is_closed_later_is_drawn_as_it_would_have_been_at_once(access: Access, owner: Session) -> None:
    policy = decide(owner, 50)
    bring(access, sheet(*(GOOD | {"工单编号": f"S{number}"} for number in range(40))))
    assert due(owner) == set()
    bring(access, bodies(40))
    assert due(owner) == {f"S{number}" for number in range(40) if drawn(policy, f"S{number}")}


def test_who_was_not_drawn_is_called_after_a_dissatisfied_rating(access: Access, owner: Session) -> None:
    decide(owner, 0)
    bring(access, sheet(CLOSED))
    bring(access, sheet(RATED | {"评价等级": "不满意"}), kind=ImportKind.RATINGS)
    order, _ = stored(owner)
    assert (order.status, order.satisfaction) == (Status.DUE, Satisfaction.DISSATISFIED)


def test_where_the_rule_set_calls_nobody_the_share_does_not_matter(access: Access, owner: Session) -> None:
    latest = owner.scalars(select(RuleSet).order_by(RuleSet.effective_from.desc())).first()
    assert latest is not None
    silent = {"call_unrated": {"value": False, "source": "A test.", "assumption": True}}
    document = latest.document | silent | {"version": 9, "effective_from": "2021-01-01"}
    rules = ruleset.parse(document)
    facts = {"code": rules.code, "version": 9, "effective_from": rules.effective_from, "document": document}
    owner.add(RuleSet(**facts, fingerprint=rules.fingerprint, assumption=True))
    owner.commit()
    bring(access, bodies(5))
    assert due(owner) == set()
