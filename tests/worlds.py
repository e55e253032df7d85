"""Worlds that differ in what is none of a unit's business: the same own rows, and any rows of everybody else.

`found_own` makes the own rows once, with room before and after them in every numbering; `fill` puts random rows of
other departments around them. Departments themselves are public and so the same in every world.
"""

import random
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, create_engine, insert, select, update
from sqlalchemy.orm import Session

from db.base import Base
from db.callbacks import (
    Appointment,
    CallbackCase,
    CallbackDraft,
    Notice,
    OptOut,
    OtherNumber,
    Recode,
    RecodeReason,
    Referral,
    TelephoneCall,
)
from db.orders import (
    Answer,
    Attempt,
    AttemptReason,
    Contact,
    Exclusion,
    Finding,
    Order,
    Rating,
    RatingAnswer,
    Return,
    Round,
)
from db.people import Person, PersonSkill, RoleGrant, SignIn
from db.records import EventRow, Import, ImportProblem
from db.reference import Department, Disposition, Grade, OrderType, Place, Questionnaire, Reason, RuleSet, Skill
from db.vocabulary import (
    AppointmentEnd,
    DepartmentKind,
    Event,
    FindingKind,
    ImportKind,
    JobState,
    NoticeKind,
    OptOutKind,
    Outcome,
    RatingSource,
    Role,
    Satisfaction,
    Solved,
    Status,
)
from services.rules.deadlines import CITY
from tests import builders
from tests.builders import at
from tests.services.conftest import prepare

FIRST_OWN = 1_001
"""Own rows are numbered from here on; everybody else's stand before them, and from FIRST_LATER on."""
FIRST_LATER = 2_001
ROOM = 80
"""So many numbers before the own rows, and so many after them, may belong to others."""

OWN, OWN_BELOW = "OWN", "OWN-1"
ABOVE, BESIDE, BESIDE_BELOW, ELSEWHERE = "ABOVE", "BESIDE", "BESIDE-1", "ELSEWHERE"
OTHERS = (ABOVE, BESIDE, BESIDE_BELOW, ELSEWHERE)
USER, COLLEAGUE = "own-user", "own-colleague"

_TABLES = (Order, Round, Attempt, Rating, Answer, Finding, Return, Exclusion, Person, RoleGrant, EventRow, Import)
_WORDS = ("道路积水", "机场路一带积水严重", "噪音扰民", "路灯不亮", "井盖缺失", "夜间施工", "GZ2026-00001")


def found_own(owner_url: str) -> None:
    """Make the reference rows, the tree of departments, the people and the own orders."""
    prepare(owner_url)
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        for kind in _TABLES:
            connection.exec_driver_sql(f"alter table {kind.__tablename__} alter column id restart with {FIRST_OWN}")
    with Session(engine, expire_on_commit=False) as session:
        departments = _tree(session)
        unit, below = departments[OWN], departments[OWN_BELOW]
        person(session, USER, Role.UNIT, unit)
        person(session, COLLEAGUE, Role.UNIT, below)
        _own_orders(session, departments)
        session.commit()
    with engine.begin() as connection:
        for kind in _TABLES:
            connection.exec_driver_sql(f"alter table {kind.__tablename__} alter column id restart with 5001")
    engine.dispose()


def fill(owner_url: str, seed: int) -> None:
    """Add random rows of other departments; a world that is filled again grows."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        _Filling(connection, random.Random(seed)).fill()
    engine.dispose()


def person(session: Session, subject: str, role: Role, department: Department | None = None) -> Person:
    """Add somebody known by a subject of the test's own choosing."""
    made = Person(issuer=builders.ISSUER, subject=subject, name=f"测试·{subject}")
    session.add(made)
    session.flush()
    session.add(RoleGrant(person_id=made.id, role=role, department_id=department.id if department else None))
    session.commit()
    return made


# The own rows ---------------------------------------------------------------------------------------------------------


def _tree(session: Session) -> dict[str, Department]:
    made: dict[str, Department] = {}
    for code, above in (
        (ABOVE, None),
        (OWN, ABOVE),
        (OWN_BELOW, OWN),
        (BESIDE, ABOVE),
        (BESIDE_BELOW, BESIDE),
        (ELSEWHERE, None),
    ):
        kind = DepartmentKind.DISTRICT if above is None else DepartmentKind.STREET
        parent = made.get(above or "")
        made[code] = builders.department(session, f"测试单位{code}", code=code, parent=parent, kind=kind)
    return made


def _own_orders(session: Session, departments: dict[str, Department]) -> None:
    unit, below = departments[OWN], departments[OWN_BELOW]
    agent = person(session, "own-agent", Role.AGENT)
    builders.order(session, unit, title="井盖缺失")
    builders.order(session, below, accepted_at=at("2026-06-12"), due_days=2)
    builders.closed_order(session, unit, order_type="help")
    builders.due_order(session, below, accepted_at=at("2026-04-07"))
    builders.archived_order(session, unit, Satisfaction.SATISFIED, accepted_at=at("2026-05-11"))
    builders.archived_order(session, below, accepted_at=at("2026-05-12"))
    builders.excluded(session, builders.closed_order(session, unit))
    denied = builders.dissatisfied_order(session, unit, agent=agent, unit_contacted=True)
    builders.denied_contact(session, denied, session.scalars(select(Attempt).order_by(Attempt.id.desc())).first())
    for department, day in ((unit, "2026-06-12"), (below, "2026-05-20")):
        order = builders.dissatisfied_order(session, department, agent=agent)
        builders.sent_back(session, order, returned_at=at(day))
        builders.event(session, order, Event.ORDER_RETURNED, reason="R03")
    # What one department holds and the scores count for another: the rounds say who answered for what.
    builders.archived_order(session, unit, Satisfaction.NEUTRAL, counted_department_id=departments[BESIDE].id)
    builders.archived_order(
        session, departments[BESIDE], Satisfaction.NEUTRAL, counted_department_id=unit.id, number="COUNTED-HERE"
    )


# Everybody else's -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Known:
    """Numbers of rows that are there already."""

    departments: Sequence[int]
    colleague: int
    own_numbers: Sequence[str]
    taken: Set[int]
    types: Sequence[int]
    places: Sequence[int]
    reasons: Sequence[int]
    dispositions: Sequence[int]
    grades: Sequence[int]
    rules: int
    questionnaire: int
    skills: Sequence[int]


class _Filling:
    """One filling of one world."""

    def __init__(self, connection: Connection, dice: random.Random) -> None:
        self.connection = connection
        self.dice = dice
        self.rows: dict[type[Base], list[dict[str, Any]]] = {}

        def numbers(column: Any, *where: Any) -> list[int]:
            return list(connection.scalars(select(column).where(*where).order_by(column)))

        self.known = _Known(
            departments=numbers(Department.id, Department.code.in_(OTHERS)),
            colleague=numbers(Person.id, Person.subject == COLLEAGUE)[0],
            own_numbers=list(connection.scalars(select(Order.number).where(Order.source == "test").order_by(Order.id))),
            taken=set(connection.scalars(select(Order.id))) | set(connection.scalars(select(Person.id))),
            types=numbers(OrderType.id),
            places=numbers(Place.id)[:20],
            reasons=numbers(Reason.id),
            dispositions=numbers(Disposition.id),
            grades=numbers(Grade.id),
            rules=numbers(RuleSet.id)[0],
            questionnaire=numbers(Questionnaire.id)[0],
            skills=numbers(Skill.id),
        )

    def fill(self) -> None:
        """Draw the rows, and store them table by table."""
        everywhere = [*range(1, ROOM + 1), *range(FIRST_LATER, FIRST_LATER + ROOM)]
        pool = [number for number in everywhere if number not in self.known.taken]
        people = [self._person(number) for number in self.dice.sample(pool, 6)]
        for number in sorted(self.dice.sample(pool, self.dice.randint(0, 16))):
            self._order(number, people)
        self._import(people)
        for kind in (Person, RoleGrant, SignIn, Import, ImportProblem, Order, Contact, Round, Attempt, Answer):
            self._store(kind)
        for kind in (AttemptReason, Rating, Finding, Return, Exclusion, EventRow, RatingAnswer, PersonSkill):
            self._store(kind)
        for kind in (Appointment, OtherNumber, OptOut, CallbackDraft, TelephoneCall, Referral, Notice, Recode):
            self._store(kind)
        self._store(RecodeReason)
        self._decide(people)

    def _store(self, kind: type[Base]) -> None:
        if rows := self.rows.get(kind):
            self.connection.execute(insert(kind), rows)

    def _add(self, kind: type[Base], /, **row: Any) -> None:
        self.rows.setdefault(kind, []).append(row)

    def _moment(self) -> datetime:
        return at("2026-03-02") + timedelta(minutes=self.dice.randrange(150_000))

    def _person(self, number: int) -> int:
        role = self.dice.choice([Role.UNIT, Role.AGENT, Role.SUPERVISOR, Role.ADMIN])
        department = self.dice.choice(self.known.departments) if role == Role.UNIT else None
        self._add(Person, id=number, issuer="elsewhere", subject=str(number), name=f"他人{self.dice.randrange(9999)}")
        self._add(RoleGrant, id=number, person_id=number, role=role, department_id=department, active=True)
        if self.dice.random() < 0.2:
            self._lend_colleague(number)
        moment = self._moment()
        self._add(PersonSkill, person_id=number, skill_id=self.dice.choice(self.known.skills))
        self._add(SignIn, token_hash=f"{number}", person_id=number, created_at=moment, seen_at=moment)
        return number

    def _lend_colleague(self, number: int) -> None:
        """Let a colleague of the own department work for another one as well."""
        held = select(RoleGrant.department_id).where(RoleGrant.person_id == self.known.colleague)
        free = set(self.known.departments) - set(self.connection.scalars(held))
        free -= {row["department_id"] for row in self.rows[RoleGrant] if row["person_id"] == self.known.colleague}
        if free:
            grant = {"person_id": self.known.colleague, "role": Role.UNIT, "department_id": min(free), "active": True}
            self._add(RoleGrant, id=number + 200, **grant)

    def _import(self, people: Sequence[int]) -> None:
        if self.dice.random() < 0.5:
            self._add(
                Import,
                id=people[0],
                kind=ImportKind.ORDERS,
                profile="huixiang",
                file_name="别处.csv",
                file_sha256="0" * 64,
                state=JobState.DONE,
                progress=self.dice.randrange(99),
                started_by=people[0],
                started_at=self._moment(),
                request_id=f"import-elsewhere-{people[0]}",
            )
            self._add(
                ImportProblem, import_id=people[0], row=1, field="number", code="required", value="x", rejected=True
            )

    def _order(self, number: int, people: Sequence[int]) -> None:
        dice, known = self.dice, self.known
        holder = dice.choice([*known.departments, None])
        status = dice.choice(list(Status)) if holder else dice.choice([Status.OPEN, Status.DUE])
        accepted = self._moment()
        due = accepted + timedelta(days=dice.randrange(1, 30)) if dice.random() < 0.9 else None
        closed = None if status == Status.OPEN else accepted + timedelta(days=dice.randrange(1, 20))
        reworked = status == Status.RETURNED or (closed is not None and dice.random() < 0.2)
        called = closed is not None and dice.random() < 0.6
        reached = called and dice.random() < 0.7
        satisfaction = dice.choice(list(Satisfaction)) if reached or (closed and dice.random() < 0.3) else None
        excluded = closed is not None and dice.random() < 0.1
        solved = dice.choice(list(Solved)) if reached else None
        self._add(
            Order,
            id=number,
            source=f"elsewhere-{people[0]}",
            number=self._number(number),
            department_id=holder,
            counted_department_id=dice.choice(known.departments) if closed and dice.random() < 0.1 else holder,
            order_type_id=dice.choice(known.types),
            place_id=dice.choice(known.places),
            title=dice.choice(_WORDS),
            text=f"{dice.choice(_WORDS)},{dice.choice(_WORDS)}。",
            requester="测试·乙",
            confidential=dice.random() < 0.1,
            accepted_at=accepted,
            due_at=due,
            closed_at=closed,
            closed_on=_day(closed),
            round_closed_at=closed,
            on_time=closed <= due if closed and due else None,
            status=status,
            round=2 if reworked else 1,
            outcome=_outcome(status, satisfaction, called=called),
            satisfaction=satisfaction,
            solved=solved,
            attempts=int(called),
            called=called,
            reached=reached,
            rated=satisfaction is not None,
            reworked=reworked,
            excluded=excluded,
            created_at=accepted,
        )
        self._add(Contact, order_id=number, department_id=holder, name="测试·乙", phone="000-1111-1111")
        self._rounds(number, holder, status, accepted, closed, people, reworked=reworked)
        if called:
            self._call(number, holder, closed, people, satisfaction)
        elif satisfaction is not None:
            self._rate(number, holder, closed, satisfaction, None)
        if excluded:
            two = dice.sample(list(people), 2)
            self._add(
                Exclusion,
                order_id=number,
                department_id=holder,
                ground="重复",
                proposed_by=two[0],
                approved_by=two[1],
                proposed_at=closed,
                approved_at=closed,
            )
        if closed is not None:
            self._desk(number, holder, closed, people, called=called, rated=satisfaction is not None)
        for _ in range(dice.randrange(3)):
            self._event(number, holder, accepted, people)

    def _number(self, order: int) -> str:
        """Return a number of its own, or that of an own order: another source makes it another order."""
        taken = {row["number"] for row in self.rows.get(Order, ())}
        free = [number for number in self.known.own_numbers if number not in taken]
        return self.dice.choice(free) if free and self.dice.random() < 0.4 else f"BESIDE-{order}"

    def _rounds(
        self,
        order: int,
        holder: int | None,
        status: Status,
        accepted: datetime,
        closed: datetime | None,
        people: Sequence[int],
        *,
        reworked: bool,
    ) -> None:
        settled = closed if reworked or status in (Status.ARCHIVED, Status.DISSATISFIED, Status.ESCALATED) else None
        common = {"order_id": order, "department_id": holder}
        one = {"id": order * 10, "number": 1, "opened_at": accepted, "closed_at": closed, "reply": "已处理。"}
        late = {"due_at": None, "due_days": None}
        self._add(Round, **common, **one, **late, settled_at=settled)
        if reworked and closed:
            due = closed + timedelta(days=self.dice.randrange(1, 20))
            again = None if status == Status.RETURNED else closed + timedelta(days=1)
            two = {"id": order * 10 + 1, "number": 2, "opened_at": closed, "closed_at": again, "reply": None}
            ended = again if status == Status.ARCHIVED else None
            self._add(Round, **common, **two, due_at=due, due_days=5, settled_at=ended)
            self._add(
                Return,
                **common,
                id=order,
                round_id=order * 10 + 1,
                reason_id=self.dice.choice(self.known.reasons),
                instruction="请重办。",
                due_at=due,
                returned_by=self.dice.choice(people),
                returned_at=closed,
                request_id=f"return-elsewhere-{order}",
            )

    def _call(
        self,
        order: int,
        holder: int | None,
        closed: datetime | None,
        people: Sequence[int],
        satisfaction: Satisfaction | None,
    ) -> None:
        assert closed is not None
        when = closed + timedelta(hours=self.dice.randrange(1, 40))
        of_round = {"order_id": order, "round_id": order * 10, "department_id": holder}
        self._add(
            Attempt,
            **of_round,
            id=order,
            agent_id=self.dice.choice(people),
            disposition_id=self.dice.choice(self.known.dispositions),
            started_at=when,
            recorded_at=when,
            note="别处的备注",
            request_id=f"attempt-elsewhere-{order}",
        )
        of_attempt = {"attempt_id": order, "department_id": holder}
        self._add(
            Answer,
            **of_attempt,
            questionnaire_id=self.known.questionnaire,
            question="words",
            value="别处的原话",
        )
        self._add(AttemptReason, **of_attempt, reason_id=self.dice.choice(self.known.reasons))
        if self.dice.random() < 0.3:
            self._add(Finding, **of_round, attempt_id=order, kind=FindingKind.CONTACT_DENIED, found_at=when)
        if satisfaction is not None:
            self._rate(order, holder, when, satisfaction, order)

    def _rate(
        self,
        order: int,
        holder: int | None,
        when: datetime | None,
        satisfaction: Satisfaction,
        attempt: int | None,
    ) -> None:
        self._add(
            Rating,
            id=order,
            order_id=order,
            round_id=order * 10,
            department_id=holder,
            source=RatingSource.CALLBACK if attempt else RatingSource.SELF,
            grade_id=self.dice.choice(self.known.grades),
            satisfaction=satisfaction,
            rule_set_id=self.known.rules,
            rated_at=when,
            attempt_id=attempt,
        )

    def _desk(
        self, order: int, holder: int | None, when: datetime, people: Sequence[int], *, called: bool, rated: bool
    ) -> None:
        """Draw what the callback desk keeps of an order: all of it is the hotline's own, whoever handles the order."""
        person, form = self.dice.choice(people), f"elsewhere-{order}"
        of_round = {"order_id": order, "round": 1}
        ended = {"ended_at": when, "ended_as": AppointmentEnd.KEPT}
        booked = {"booked_by": person, "booked_at": when, "request_id": form}
        self._add(Appointment, **of_round, **ended, **booked, at=when, note="别处的约定")
        number = {"position": 2, "phone": f"000{order}", "added_at": when}
        self._add(OtherNumber, order_id=order, department_id=holder, **number)
        said = {"kind": self.dice.choice(list(OptOutKind)), "recorded_by": person, "recorded_at": when}
        self._add(OptOut, phone=f"000{order}", order_id=order, request_id=form, **said)
        self._add(CallbackDraft, **of_round, person_id=person, token=form, body={"words": "别处"}, saved_at=when)
        dialled = {"reference": form, "agent_id": person, "number": 1, "dialled_at": when, "seconds": 60}
        self._add(TelephoneCall, **of_round, **dialled, attempt_id=order if called else None)
        asked = {"asked_by": person, "asked_at": when, "question": "别处的问题", "request_id": form}
        self._add(Referral, **of_round, **asked, department_id=holder)
        self._add(Notice, person_id=person, kind=self.dice.choice(list(NoticeKind)), order_id=order, at=when)
        if called:
            read = {"agrees": False, "note": "别处", "recoded_by": person, "recoded_at": when, "request_id": form}
            of_attempt = {"order_id": order, "round_id": order * 10, "attempt_id": order, "department_id": holder}
            self._add(Recode, id=order, **of_attempt, **read)
            reason = self.dice.choice(self.known.reasons)
            self._add(RecodeReason, recode_id=order, reason_id=reason, department_id=holder)
        if rated:
            self._add(RatingAnswer, rating_id=order, department_id=holder, question="speed", value="别处")

    def _decide(self, people: Sequence[int]) -> None:
        """Let a call have decided each case of these orders, so that it is counted."""
        orders = [row["id"] for row in self.rows.get(Order, ())]
        decided = {"agent_id": people[0], "decided_on": date(2026, 6, 1), "aapor_group": "I", "attempts": 1}
        self.connection.execute(update(CallbackCase).where(CallbackCase.order_id.in_(orders)).values(**decided))

    def _event(self, order: int, holder: int | None, when: datetime, people: Sequence[int]) -> None:
        self._add(
            EventRow,
            shard=order % 8,
            at=when,
            actor_id=self.dice.choice(people),
            actor_name="他人",
            actor_role=Role.SUPERVISOR,
            action=self.dice.choice([Event.ORDER_RETURNED, Event.ORDER_ARCHIVED, Event.CONTACT_REVEALED]),
            object_type="orders",
            object_id=order,
            order_id=order,
            department_id=holder,
            body='{"before":{},"after":{},"reason":"别处的理由","request":null}',
        )


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(CITY).date() if moment else None


def _outcome(status: Status, satisfaction: Satisfaction | None, *, called: bool) -> Outcome | None:
    if status != Status.ARCHIVED:
        return None
    if satisfaction is not None:
        return Outcome(satisfaction.value)
    return Outcome.UNREACHED if called else Outcome.UNASKED
