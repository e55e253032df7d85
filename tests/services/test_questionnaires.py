"""Questionnaires are drafted, tried and published; what is published is locked, and a trial leaves no trace."""

import copy
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.orders import Answer, Attempt
from db.records import EventRow
from db.reference import Questionnaire
from db.vocabulary import Event, Role, Satisfaction
from services import callbacks, questionnaires
from services.access import Access
from services.environment import Environment
from services.errors import Conflict, Invalid, NotAllowed, Stale
from services.questionnaires import VersionLine, VersionReceipt, VersionState
from services.rules.survey import Visit
from tests import builders
from tests.services.conftest import Clock

TODAY = date(2026, 6, 15)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def admin(owner: Session, environment: Environment) -> Access:
    """The door of an administrator."""
    return builders.access(owner, environment, Role.ADMIN)


def line(access: Access, code: str, version: int = 1) -> VersionLine:
    return next(one for one in questionnaires.list_all(access) if (one.code, one.version) == (code, version))


def publish(admin: Access, code: str, day: date, version: int = 1, request_id: str = "p") -> VersionReceipt:
    one = line(admin, code, version)
    return questionnaires.publish(
        admin, questionnaire_id=one.id, seen=one.edits, effective_from=day, request_id=f"{request_id}-{code}"
    )


def rewritten(admin: Access, one: VersionLine, request_id: str = "s", **facts: Any) -> VersionReceipt:
    document = copy.deepcopy(dict(questionnaires.open_version(admin, questionnaire_id=one.id).document)) | facts
    return questionnaires.save_draft(
        admin, questionnaire_id=one.id, seen=one.edits, document=document, request_id=request_id
    )


def test_the_shipped_ones_are_there_and_the_second_version_is_asked_today(admin: Access) -> None:
    lines = questionnaires.list_all(admin)
    assert [(one.code, one.version, one.state) for one in lines] == [
        ("shenzhen", 1, VersionState.DRAFT),
        ("shanghai", 1, VersionState.DRAFT),
        ("callback_three", 1, VersionState.DRAFT),
        ("callback", 2, VersionState.IN_FORCE),
        ("callback", 1, VersionState.PAST),
    ]
    assert line(admin, "callback", 1).until == date(2011, 1, 1)
    assert {one.problems for one in lines} == {0}
    opened = questionnaires.open_version(admin, questionnaire_id=line(admin, "shenzhen").id)
    assert [question.code for question in opened.questions if question.decides] == ["effect"]
    assert {scale.named.code for scale in opened.scales} >= {"five", "three", "four"}
    assert opened.in_force == line(admin, "callback", 2)
    assert ("added", "speed") in [(one.kind.value, one.question) for one in opened.changes]


def test_a_draft_begins_with_a_version_and_is_kept_sound_or_not(admin: Access) -> None:
    begun = questionnaires.start_draft(admin, questionnaire_id=line(admin, "callback", 2).id, request_id="a")
    assert (begun.code, begun.version, begun.problems) == ("callback", 3, {})
    again = questionnaires.start_draft(admin, questionnaire_id=line(admin, "callback", 2).id, request_id="a")
    assert (again.id, again.repeated) == (begun.id, True)
    draft = line(admin, "callback", 3)
    saved = rewritten(admin, draft, title={"zh": "", "en": ""}, code="other", effective_from="2020-01-01")
    assert (saved.problems, saved.edits) == ({"title.zh": "required"}, 2)
    assert (line(admin, "callback", 3).problems, line(admin, "callback", 3).state) == (1, VersionState.DRAFT)
    assert rewritten(admin, draft, title={"zh": "另一个"}).repeated
    with pytest.raises(Stale):
        rewritten(admin, draft, "other", title={"zh": "另一个"})
    with pytest.raises(Invalid) as refused:
        publish(admin, "callback", TOMORROW, 3)
    assert refused.value.problems == {"document": "not_sound"}


def test_a_draft_from_the_first_format_lacks_its_words_and_says_so(admin: Access) -> None:
    begun = questionnaires.start_draft(
        admin, questionnaire_id=line(admin, "callback", 1).id, request_id="a", code="district"
    )
    assert (begun.code, begun.version) == ("district", 1)
    assert {"title": "required", "questions.0.ask": "required"}.items() <= begun.problems.items()


@pytest.mark.parametrize(("code", "problem"), [("Not A Code", "not_a_code"), ("shanghai", "taken")])
def test_a_code_that_is_none_or_taken_is_refused(admin: Access, code: str, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        questionnaires.start_draft(admin, questionnaire_id=line(admin, "callback", 2).id, request_id="a", code=code)
    assert refused.value.problems == {"code": problem}


def test_what_is_published_takes_effect_on_its_day_and_is_locked(
    admin: Access, owner: Session, environment: Environment, clock: Clock
) -> None:
    publish(admin, "shenzhen", TOMORROW)
    assert publish(admin, "shenzhen", TOMORROW).repeated
    one = line(admin, "shenzhen")
    assert (one.state, one.effective_from) == (VersionState.COMING, TOMORROW)
    assert line(admin, "callback", 2).until == TODAY
    with pytest.raises(Conflict):
        rewritten(admin, one, "later", title={"zh": "改"})
    with pytest.raises(DBAPIError, match="is published and cannot be changed"):
        owner.execute(update(Questionnaire).where(Questionnaire.id == one.id).values(fingerprint="x"))
    owner.rollback()
    agent = builders.access(owner, environment, Role.AGENT)
    order = builders.due_order(owner, builders.department(owner))
    before = callbacks.case(agent, order_id=order.id)
    assert [question.code for question in before.questions] == ["contacted", "solved", "result", "attitude"]
    clock.now = builders.at("2026-06-16")
    asked = callbacks.case(agent, order_id=order.id)
    assert [question.code for question in asked.questions] == ["speed", "effect", "experience", "feedback"]
    assert line(admin, "shenzhen").state == VersionState.IN_FORCE
    told = {"speed": "dissatisfied", "effect": "satisfied", "experience": "satisfied", "feedback": "satisfied"}
    callbacks.record_callback(
        agent, order_id=order.id, seen=asked.order.version, visit=Visit("1.1", told), request_id="call"
    )
    owner.refresh(order)
    assert order.satisfaction == Satisfaction.SATISFIED
    rows = owner.execute(select(Answer.question, Answer.questionnaire_id)).all()
    assert {(row.question, row.questionnaire_id) for row in rows} == {(code, one.id) for code in told}
    assert line(admin, "shenzhen").answered == 1


def test_days_that_are_past_or_taken_or_already_answered_are_refused(
    admin: Access, owner: Session, environment: Environment
) -> None:
    def refused(code: str, day: date) -> dict[str, str]:
        with pytest.raises(Invalid) as found:
            publish(admin, code, day, request_id=f"{code}-{day}")
        return found.value.problems

    assert refused("shanghai", TODAY - timedelta(days=1)) == {"effective_from": "in_the_past"}
    publish(admin, "shenzhen", TOMORROW)
    assert refused("shanghai", TOMORROW) == {"effective_from": "day_taken"}
    agent = builders.access(owner, environment, Role.AGENT)
    order = builders.due_order(owner)
    callbacks.record_callback(agent, order_id=order.id, seen=order.version, visit=Visit("3.13"), request_id="silent")
    publish(admin, "callback_three", TODAY)
    assert line(admin, "callback_three").state == VersionState.IN_FORCE
    other = builders.due_order(owner)
    said = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "satisfied"}
    callbacks.record_callback(
        agent, order_id=other.id, seen=other.version, visit=Visit("1.1", said), request_id="answered"
    )
    assert refused("shanghai", TODAY) == {"effective_from": "day_taken"}
    assert line(admin, "callback_three").answered == 1


def test_of_two_that_are_published_at_once_for_one_day_one_is_refused(admin: Access) -> None:
    barrier = Barrier(2)

    def attempt(code: str) -> str:
        one = line(admin, code)
        barrier.wait()
        try:
            questionnaires.publish(
                admin, questionnaire_id=one.id, seen=one.edits, effective_from=TOMORROW, request_id=code
            )
        except Invalid as refused:
            return refused.problems["effective_from"]
        return "published"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, ("shanghai", "shenzhen"))) == ["day_taken", "published"]
    assert [one.effective_from for one in questionnaires.list_all(admin)].count(TOMORROW) == 1


def test_a_day_on_which_somebody_has_answered_stays_with_its_version(
    admin: Access, owner: Session, environment: Environment
) -> None:
    agent = builders.access(owner, environment, Role.AGENT)
    order = builders.due_order(owner)
    said = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "satisfied"}
    callbacks.record_callback(agent, order_id=order.id, seen=order.version, visit=Visit("1.1", said), request_id="a")
    with pytest.raises(Invalid) as refused:
        publish(admin, "shanghai", TODAY)
    assert refused.value.problems == {"effective_from": "answered_today"}


def test_a_scale_that_no_rule_can_map_is_not_published(admin: Access) -> None:
    one = line(admin, "callback_three")
    document = copy.deepcopy(dict(questionnaires.open_version(admin, questionnaire_id=one.id).document))
    document["questions"][2]["scale"] = "seven"
    saved = questionnaires.save_draft(admin, questionnaire_id=one.id, seen=one.edits, document=document, request_id="s")
    assert saved.problems == {"questions.2.scale": "unknown_scale"}
    with pytest.raises(Invalid):
        publish(admin, "callback_three", TOMORROW)
    assert questionnaires.open_version(admin, questionnaire_id=one.id).questions == ()


def test_a_trial_is_judged_as_a_call_and_stores_nothing(admin: Access, owner: Session) -> None:
    one = line(admin, "shenzhen")
    events = owner.scalar(select(func.count()).select_from(EventRow))
    told = {"speed": "satisfied", "effect": "dissatisfied", "experience": "satisfied", "feedback": "satisfied"}
    verdict = questionnaires.try_out(
        admin, questionnaire_id=one.id, visit=Visit("1.1", told, ("R02",), "没有修好"), order_type="complaint"
    )
    assert (verdict.satisfaction, verdict.calls_for_rework) == (Satisfaction.DISSATISFIED, True)
    with pytest.raises(Invalid) as refused:
        questionnaires.try_out(admin, questionnaire_id=one.id, visit=Visit("1.1", told | {"speed": "0"}))
    assert refused.value.problems["speed"] == "unknown"
    assert owner.scalar(select(func.count()).select_from(Attempt)) == 0
    assert owner.scalar(select(func.count()).select_from(Answer)) == 0
    assert owner.scalar(select(func.count()).select_from(EventRow)) == events
    assert line(admin, "shenzhen").answered == 0


def test_supervisors_look_and_try_but_do_not_write_and_agents_do_neither(
    owner: Session, environment: Environment
) -> None:
    supervisor, agent = (builders.access(owner, environment, role) for role in (Role.SUPERVISOR, Role.AGENT))
    one = line(supervisor, "shenzhen")
    assert questionnaires.open_version(supervisor, questionnaire_id=one.id).questions
    with pytest.raises(NotAllowed):
        publish(supervisor, "shenzhen", TOMORROW)
    with pytest.raises(NotAllowed):
        questionnaires.list_all(agent)


def test_the_trail_names_what_was_drafted_and_published(admin: Access, owner: Session) -> None:
    rewritten(admin, line(admin, "shanghai"), title={"zh": "三项"})
    publish(admin, "shanghai", TOMORROW)
    one = line(admin, "shanghai")
    found = owner.scalars(select(EventRow.action).where(EventRow.object_id == one.id).order_by(EventRow.id)).all()
    assert found[-2:] == [Event.QUESTIONNAIRE_DRAFTED, Event.QUESTIONNAIRE_PUBLISHED]
