"""Drafts of calls: kept for who types them, given back under the same id, and over once the call is recorded."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.callbacks import CallbackDraft
from db.orders import Order
from db.records import EventRow
from db.vocabulary import Role
from services import callback_drafts
from services.access import Access
from services.environment import Environment
from services.errors import NotAllowed, NotFound
from tests import builders
from tests.services.conftest import Clock

TYPED = {"contacted": "no", "result": "dissatisfied", "reasons_RA": ["R01"], "words": "没有人来过"}


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


@pytest.fixture
def order(owner: Session) -> Order:
    """An order to call about."""
    return builders.due_order(owner)


def save(access: Access, order: Order, token: str = "form-1", **body: object) -> callback_drafts.Kept:
    return callback_drafts.save_draft(access, order_id=order.id, round=order.round, token=token, body={**TYPED, **body})


def test_what_was_typed_comes_back_under_the_same_id(agent: Access, order: Order, clock: Clock) -> None:
    assert callback_drafts.draft_of(agent, order_id=order.id) is None
    save(agent, order)
    clock.now += timedelta(seconds=5)
    kept = save(agent, order, words="没有人来过，也没有电话")
    draft = callback_drafts.draft_of(agent, order_id=order.id)
    assert draft is not None
    assert (draft.token, draft.saved_at) == ("form-1", kept.saved_at) == ("form-1", clock.now)
    assert draft.body == TYPED | {"words": "没有人来过，也没有电话"}


def test_nobody_else_is_given_a_draft(owner: Session, environment: Environment, agent: Access, order: Order) -> None:
    save(agent, order)
    other = builders.access(owner, environment, Role.AGENT)
    assert callback_drafts.draft_of(other, order_id=order.id) is None
    save(other, order, "form-2", words="另一个人写的")
    mine = callback_drafts.draft_of(agent, order_id=order.id)
    assert mine is not None
    assert (mine.token, mine.body["words"]) == ("form-1", "没有人来过")
    with pytest.raises(NotAllowed):
        save(builders.access(owner, environment, Role.SUPERVISOR), order)


def test_a_draft_stands_in_no_trail(owner: Session, agent: Access, order: Order) -> None:
    before = owner.scalar(select(func.count()).select_from(EventRow))
    save(agent, order)
    assert owner.scalar(select(func.count()).select_from(EventRow)) == before


def test_a_draft_of_an_earlier_round_is_not_given_back(owner: Session, agent: Access) -> None:
    order = builders.returned_order(owner, builders.department(owner))
    callback_drafts.save_draft(agent, order_id=order.id, round=order.round - 1, token="form-1", body=TYPED)
    assert callback_drafts.draft_of(agent, order_id=order.id) is None


def test_a_form_that_was_sent_keeps_nothing_any_more(owner: Session, agent: Access, order: Order) -> None:
    sent = builders.attempt(owner, order, builders.person(owner)).request_id
    owner.commit()
    assert save(agent, order, sent).saved_at is None
    save(agent, order, "form-1")
    draft = owner.scalars(select(CallbackDraft)).one()
    draft.ended_at, draft.body = draft.saved_at, {}
    owner.commit()
    assert callback_drafts.draft_of(agent, order_id=order.id) is None
    assert save(agent, order).saved_at is None
    assert callback_drafts.draft_of(agent, order_id=order.id) is None
    assert save(agent, order, "form-2").saved_at is not None
    again = callback_drafts.draft_of(agent, order_id=order.id)
    assert again is not None
    assert again.token == "form-2"


def test_an_order_that_is_not_there_has_no_draft(agent: Access) -> None:
    with pytest.raises(NotFound):
        callback_drafts.draft_of(agent, order_id=999)
    with pytest.raises(NotFound):
        callback_drafts.save_draft(agent, order_id=999, round=1, token="form-1", body=TYPED)
