"""Rows for tests: plain functions with sensible defaults, so that a test says only what it is about.

Every function takes a session of the owner of the tables, writes and commits: what it made can be seen by the portal's
own sessions at once. Times are the city's (`at`), and everything is deterministic. The database is expected to hold
what services.setup loads: the reference rows, the shipped rule set and the shipped questionnaire.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.base import Base
from db.orders import (
    Answer,
    Attempt,
    AttemptReason,
    Contact,
    Exclusion,
    Finding,
    Order,
    Rating,
    Return,
    Round,
)
from db.people import Person, RoleGrant
from db.records import EventRow
from db.reference import (
    CalendarDay,
    Category,
    Department,
    Disposition,
    Grade,
    OrderType,
    Place,
    Questionnaire,
    RatingScale,
    Reason,
    RuleSet,
)
from db.vocabulary import (
    DepartmentKind,
    Event,
    FindingKind,
    Outcome,
    RatingSource,
    Role,
    Satisfaction,
    Solved,
    Status,
)
from services.access import Access
from services.environment import Environment
from services.people import Claims, sign_in
from services.rules import deadlines
from services.rules.deadlines import CITY

ISSUER = "https://sign-in.test"
ACCEPTED = datetime(2026, 5, 6, 9, 30, tzinfo=CITY)
"""A Wednesday, the first working day after the May holiday of 2026."""
ASKED_ABOUT = datetime(2026, 6, 5, 9, 30, tzinfo=CITY)
"""A Friday: an order that was accepted then was closed on 12 June, and may be called about until 18 June 2026."""

_Row = TypeVar("_Row", bound=Base)


def at(day: str, hour: int = 10, minute: int = 0) -> datetime:
    """Return a moment of the city's day, such as at("2026-05-28", 17, 20)."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), CITY).replace(hour=hour, minute=minute)


# People ---------------------------------------------------------------------------------------------------------------


def department(
    session: Session,
    name: str = "测试局",
    *,
    parent: Department | None = None,
    kind: DepartmentKind = DepartmentKind.DEPARTMENT,
    code: str | None = None,
    name_en: str | None = None,
) -> Department:
    """Add a handling unit."""
    return _add(
        session,
        Department(
            code=code or f"T-{_next(session, Department)}",
            name=name,
            name_en=name_en,
            kind=kind,
            parent_id=parent.id if parent else None,
            ranking_group="departments",
            active_from=date(2000, 1, 1),
        ),
    )


def person(session: Session, role: Role = Role.AGENT, *, at: Department | None = None, name: str = "") -> Person:
    """Add somebody who holds a role; a unit user's is for the department `at`."""
    number = _next(session, Person)
    made = _add(session, Person(issuer=ISSUER, subject=f"person-{number}", name=name or f"测试员{number}"))
    _add(session, RoleGrant(person_id=made.id, role=role, department_id=at.id if at else None))
    return made


def door(environment: Environment, whom: Person) -> Access:
    """Sign the person in, by the same way as a real one."""
    return sign_in(environment, Claims(whom.issuer, whom.subject))


def access(
    session: Session, environment: Environment, role: Role = Role.AGENT, *, at: Department | None = None
) -> Access:
    """Add somebody who holds a role, and sign them in."""
    return door(environment, person(session, role, at=at))


def grants(session: Session, whom: Person) -> list[RoleGrant]:
    """Return the roles that somebody holds or held."""
    return list(session.scalars(select(RoleGrant).where(RoleGrant.person_id == whom.id).order_by(RoleGrant.id)))


# Orders ---------------------------------------------------------------------------------------------------------------


def order(session: Session, department: Department | None = None, **facts: Any) -> Order:
    """Add an order with its contact and its round; open, unless facts such as `status` and `closed_at` say otherwise.

    `number`, `order_type` (a code), `category` and `place` (codes), `accepted_at`, `due_days`, `phone` and every column
    of Order may be given.
    """
    accepted = facts.pop("accepted_at", ACCEPTED)
    closed = facts.pop("closed_at", None)
    days = facts.pop("due_days", 15)
    due = facts.pop("due_at", _due(session, accepted, days) if days else None)
    phone, reply = (
        facts.pop("phone", "000-0000-0000"),
        facts.pop("reply", "已派人到场处理并答复市民。" if closed else None),
    )
    claims = {name: facts.pop(name, None) for name in ("unit_contacted", "unit_contacted_at")}
    settled = facts.pop("settled_at", closed if facts.get("status") == Status.ARCHIVED else None)
    held = department.id if department else None
    made = Order(
        source=facts.pop("source", "test"),
        number=facts.pop("number", f"GZ2026-{_next(session, Order):05d}"),
        department_id=held,
        counted_department_id=facts.pop("counted_department_id", held),
        order_type_id=_code(session, OrderType, facts.pop("order_type", "complaint")),
        category_id=_code(session, Category, facts.pop("category", "010101")),
        place_id=_code(session, Place, facts.pop("place", "440111")),
        title=facts.pop("title", "道路积水"),
        text=facts.pop("text", "机场路一带下雨后积水严重,出行不便,请尽快处理。"),
        requester=facts.pop("requester", "测试·甲"),
        accepted_at=accepted,
        due_at=due,
        due_days=days,
        closed_at=closed,
        closed_on=closed.astimezone(CITY).date() if closed else None,
        round_closed_at=facts.pop("round_closed_at", closed),
        on_time=facts.pop("on_time", closed <= due if closed and due else None),
        status=facts.pop("status", Status.CLOSED if closed else Status.OPEN),
        created_at=accepted,
        **facts,
    )
    _add(session, made)
    _add(session, Contact(order_id=made.id, department_id=held, name="测试·甲", phone=phone))
    _add(
        session,
        Round(
            order_id=made.id,
            number=1,
            department_id=held,
            opened_at=accepted,
            due_at=due,
            due_days=days,
            closed_at=closed,
            reply=reply,
            settled_at=settled,
            **claims,
        ),
    )
    return made


def closed_order(session: Session, department: Department | None = None, **facts: Any) -> Order:
    """Add an order that was closed a week after it was accepted and waits for a rating."""
    accepted = facts.pop("accepted_at", ACCEPTED)
    closed = facts.pop("closed_at", accepted + timedelta(days=7, hours=2))
    return order(session, department, accepted_at=accepted, closed_at=closed, **facts)


def due_order(session: Session, department: Department | None = None, **facts: Any) -> Order:
    """Add a closed order that waits for a callback, by default one that may be called about at the tests' clock."""
    accepted = facts.pop("accepted_at", ACCEPTED if "closed_at" in facts else ASKED_ABOUT)
    return closed_order(session, department, status=Status.DUE, accepted_at=accepted, **facts)


def archived_order(
    session: Session, department: Department | None = None, satisfaction: Satisfaction | None = None, **facts: Any
) -> Order:
    """Add an archived order, rated by the citizen where a satisfaction is given, silent where not."""
    outcome = Outcome(satisfaction.value) if satisfaction else Outcome.UNASKED
    made = closed_order(session, department, status=Status.ARCHIVED, outcome=outcome, **_rated(satisfaction), **facts)
    if satisfaction:
        rating(session, made, satisfaction)
        current_round(session, made).satisfaction = satisfaction
        session.commit()
    return made


def dissatisfied_order(
    session: Session, department: Department | None = None, *, agent: Person | None = None, **facts: Any
) -> Order:
    """Add an order that a citizen called dissatisfying on the telephone and that waits for a supervisor."""
    status = facts.pop("status", Status.DISSATISFIED)
    facts = {"attempts": 1, "called": True, "reached": True, "solved": Solved.UNSOLVED} | facts
    made = closed_order(session, department, status=status, **_rated(Satisfaction.DISSATISFIED), **facts)
    attempt(
        session,
        made,
        agent or person(session, Role.AGENT),
        answers={"contacted": "no", "solved": "unsolved", "result": "dissatisfied", "attitude": "dissatisfied"},
        reasons=("R03",),
        words="积水仍在,没人来看过。",
        satisfaction=Satisfaction.DISSATISFIED,
    )
    return made


def returned_order(session: Session, department: Department, *, due_days: int = 5, **facts: Any) -> Order:
    """Add an order in its second round: called dissatisfying, and sent back to its department."""
    made = dissatisfied_order(session, department, **facts)
    return sent_back(session, made, due_days=due_days)


# What happens to an order ---------------------------------------------------------------------------------------------


def current_round(session: Session, order: Order) -> Round:
    """Return the order's last round."""
    return session.scalars(select(Round).where(Round.order_id == order.id).order_by(Round.number.desc()).limit(1)).one()


def rating(
    session: Session,
    order: Order,
    satisfaction: Satisfaction,
    *,
    of: Attempt | None = None,
    rated_at: datetime | None = None,
) -> Rating:
    """Add a rating of the last round: the citizen's own, or the one of an attempt. The order itself is left alone."""
    last = current_round(session, order)
    grade = {"satisfied": "satisfied", "neutral": "basically_satisfied", "dissatisfied": "dissatisfied"}[satisfaction]
    closed = last.closed_at or order.accepted_at
    return _add(
        session,
        Rating(
            **_of_round(order, last),
            source=RatingSource.CALLBACK if of else RatingSource.SELF,
            grade_id=_grade(session, grade),
            satisfaction=satisfaction,
            rule_set_id=session.scalars(select(RuleSet.id).limit(1)).one(),
            rated_at=rated_at or (of.recorded_at if of else closed + timedelta(hours=3)),
            attempt_id=of.id if of else None,
        ),
    )


def attempt(
    session: Session,
    order: Order,
    agent: Person,
    *,
    disposition: str = "1.1",
    answers: Mapping[str, str] | None = None,
    reasons: Sequence[str] = (),
    words: str | None = None,
    satisfaction: Satisfaction | None = None,
    recorded_at: datetime | None = None,
    corrects_id: int | None = None,
) -> Attempt:
    """Add a call of the last round, with the answers, reasons, words and rating that came of it."""
    last = current_round(session, order)
    when = recorded_at or (last.closed_at or order.accepted_at) + timedelta(days=1)
    made = _add(
        session,
        Attempt(
            **_of_round(order, last),
            agent_id=agent.id,
            disposition_id=_code(session, Disposition, disposition),
            started_at=when - timedelta(minutes=3),
            recorded_at=when,
            corrects_id=corrects_id,
            request_id=f"attempt-{_next(session, Attempt)}",
        ),
    )
    questionnaire = session.scalars(select(Questionnaire.id).limit(1)).one()
    for question, value in {**(answers or {}), **({"words": words} if words else {})}.items():
        of_attempt = {"attempt_id": made.id, "department_id": made.department_id}
        _add(session, Answer(**of_attempt, questionnaire_id=questionnaire, question=question, value=value))
    for code in reasons:
        number = _code(session, Reason, code)
        _add(session, AttemptReason(attempt_id=made.id, reason_id=number, department_id=made.department_id))
    if satisfaction:
        rating(session, order, satisfaction, of=made)
    return made


def denied_contact(session: Session, order: Order, of: Attempt) -> Finding:
    """Add the finding that the unit claims a contact which the citizen denies."""
    facts = _of_round(order, current_round(session, order))
    return _add(session, Finding(**facts, attempt_id=of.id, kind=FindingKind.CONTACT_DENIED, found_at=of.recorded_at))


def sent_back(
    session: Session, order: Order, *, due_days: int = 5, returned_at: datetime | None = None, by: Person | None = None
) -> Order:
    """Send an order back for rework: the round is settled and the next one is open."""
    last = current_round(session, order)
    when = returned_at or (last.closed_at or order.accepted_at) + timedelta(days=2)
    last.settled_at, last.satisfaction = when, Satisfaction.DISSATISFIED
    order.status, order.round, order.reworked, order.outcome = Status.RETURNED, last.number + 1, True, None
    session.commit()
    due = _due(session, when, due_days)
    opened = _add(
        session,
        Round(
            order_id=order.id,
            number=last.number + 1,
            department_id=order.department_id,
            opened_at=when,
            due_at=due,
            due_days=due_days,
        ),
    )
    _add(
        session,
        Return(
            **_of_round(order, opened),
            reason_id=_code(session, Reason, "R03"),
            instruction="请到现场核实积水原因,处理后再联系市民。",
            due_at=due,
            returned_by=(by or person(session, Role.SUPERVISOR)).id,
            returned_at=when,
            request_id=f"return-{_next(session, Return)}",
        ),
    )
    return order


def excluded(session: Session, order: Order) -> Exclusion:
    """Leave an order out of the statistics, as two people decided."""
    order.excluded = True
    session.commit()
    when = order.closed_at or order.accepted_at
    return _add(
        session,
        Exclusion(
            order_id=order.id,
            department_id=order.department_id,
            ground="重复工单",
            proposed_by=person(session, Role.SUPERVISOR).id,
            proposed_at=when,
            approved_by=person(session, Role.ASSESSOR).id,
            approved_at=when,
        ),
    )


def event(session: Session, order: Order, action: Event, *, by: Person | None = None, **body: Any) -> EventRow:
    """Say in the trail that something happened to an order."""
    return _add(
        session,
        EventRow(
            shard=order.id % 8,
            at=body.pop("at", order.accepted_at),
            actor_id=by.id if by else None,
            actor_name=by.name if by else "system",
            actor_role=body.pop("role", Role.SYSTEM),
            action=action,
            object_type="orders",
            object_id=order.id,
            order_id=order.id,
            department_id=order.department_id,
            body=json.dumps({"before": {}, "after": {}, "reason": None} | body),
        ),
    )


# ----------------------------------------------------------------------------------------------------------------------


def _add(session: Session, row: _Row) -> _Row:
    session.add(row)
    session.commit()
    return row


def _next(session: Session, kind: type[Base]) -> int:
    return (session.scalar(select(func.count()).select_from(kind)) or 0) + 1


def _code(session: Session, kind: Any, code: str | None) -> int | None:
    return None if code is None else session.scalars(select(kind.id).where(kind.code == code)).one()


def _grade(session: Session, code: str) -> int:
    of_five = select(Grade.id).join(RatingScale).where(RatingScale.code == "five", Grade.code == code)
    return session.scalars(of_five).one()


def _due(session: Session, start: datetime, days: int) -> datetime:
    rows = session.scalars(
        select(CalendarDay).where(CalendarDay.day.between(start.date(), start.date() + timedelta(days=days * 2 + 40)))
    )
    calendar = deadlines.Calendar.of(deadlines.Day.of(row.day, row.kind, row.holiday) for row in rows)
    return deadlines.due_at(start.astimezone(CITY).date(), days, calendar)


def _of_round(order: Order, last: Round) -> dict[str, Any]:
    return {"order_id": order.id, "round_id": last.id, "department_id": last.department_id}


def _rated(satisfaction: Satisfaction | None) -> dict[str, Any]:
    return {"satisfaction": satisfaction, "rated": satisfaction is not None}
