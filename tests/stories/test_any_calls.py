"""Random histories of calls through the real use cases: the policy is kept, and every count is what the rows say."""

from collections import Counter
from datetime import timedelta
from itertools import count, pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.callbacks import Appointment, CallbackCase, OtherNumber
from db.orders import Attempt, Order, Rating, Round
from db.reference import Disposition
from db.vocabulary import AppointmentEnd, OptOutKind, Role, Satisfaction, Status
from services import callback_queue, callbacks, reviews, rework, scores, trail
from services.access import Access
from services.bookings import Booking
from services.callback_counters import verify_counters
from services.environment import Environment
from services.errors import PortalError
from services.history import stands
from services.rules.deadlines import CITY, local_day
from services.rules.dispositions import resolve
from services.rules.survey import Visit
from tests import builders
from tests.rules import policies
from tests.services.conftest import Clock

POLICY = policies.policy()
LAST_DAY = builders.at("2026-06-18").date()
SAID = {"contacted": "no", "solved": "solved", "attitude": "satisfied"}
VISITS = {
    "pleased": Visit("1.1", SAID | {"result": "satisfied"}),
    "displeased": Visit("1.1", SAID | {"result": "dissatisfied"}, ("R01", "R03"), "还是老样子"),
    "in part": Visit("1.2", {"result": "satisfied"}),
    "nobody": Visit("3.13"),
    "in a meeting": Visit("2.35"),
    "not now": Visit("2.11"),
    "never": Visit("2.112"),
    "dead": Visit("4.31"),
    "not at home": Visit("3.21", note="不确定是否本人"),
}
PARTS = [builders.at(f"2026-06-{day}", *clock) for day in range(15, 20) for clock in ((9, 30), (14, 30), (19, 0))]
LATER = -1
"""Wait for the next of PARTS; anything else is a number of minutes."""
waits = st.sampled_from([LATER, LATER, LATER, LATER, 0, 3, 4 * 60])
visits = st.sampled_from([*VISITS, *["nobody"] * 3, *["displeased"] * 4])
calls = st.tuples(st.just("call"), visits, waits)
steps = st.one_of(
    calls,
    calls,
    st.tuples(st.just("correct"), st.sampled_from(list(VISITS)), st.sampled_from([1, 3, 30])),
    st.tuples(st.sampled_from(["book", "opt out", "take"]), st.just("in a meeting"), waits),
    st.tuples(st.just("rework"), st.just(""), waits),
)


class Desk:
    """Two agents, a supervisor and a department, and what they did."""

    def __init__(self, owner: Session, environment: Environment, clock: Clock) -> None:
        self.owner, self.clock, self.forms = owner, clock, count(1)
        self.unit = builders.department(owner)
        self.agent: Access = builders.access(owner, environment, Role.AGENT)
        self.colleague: Access = builders.access(owner, environment, Role.AGENT)
        self.supervisor: Access = builders.access(owner, environment, Role.SUPERVISOR)
        self.user: Access = builders.access(owner, environment, Role.UNIT, at=self.unit)
        self.auditor: Access = builders.access(owner, environment, Role.ASSESSOR)
        self.done: Counter[str] = Counter()

    def order(self) -> Order:
        """Open an order of a citizen with two numbers, nearly at the end of the queue's patience."""
        number = next(self.forms)
        made = builders.due_order(self.owner, self.unit, phone=f"138{number:08d}")
        self.owner.add(OtherNumber(order_id=made.id, position=2, phone=f"139{number:08d}", added_at=made.created_at))
        self.owner.commit()
        return made

    def do(self, order: Order, step: str, visit: str) -> None:
        """Do one thing to the order as it is now; raises what the use case refuses with."""
        self.owner.rollback()
        self.owner.refresh(order)
        form = {"seen": order.version, "request_id": f"form-{next(self.forms)}"}
        of_order = {"order_id": order.id} | form
        if step in ("call", "book", "opt out"):
            more: dict[str, object] = {"hands_ms": 100 * order.version}
            if step == "book":
                more["appointment"] = Booking(self.clock.now + timedelta(minutes=40), self.agent.actor.id)
            if step == "opt out":
                more["opt_out"] = OptOutKind.DO_NOT_CALL
            dead = select(Attempt.id).join(Disposition).where(Attempt.order_id == order.id, Disposition.code == "4.31")
            number = 2 if step == "call" and self.owner.scalars(dead.where(Attempt.number == 1)).first() else 1
            callbacks.record_callback(self.agent, visit=VISITS[visit], number=number, **of_order, **more)
        elif step == "correct":
            last = self.owner.scalar(select(func.max(Attempt.id)).where(Attempt.order_id == order.id)) or 0
            callbacks.correct_callback(self.agent, attempt_id=last, visit=VISITS[visit], **form)
        elif step == "take":
            callback_queue.take_case(self.colleague, order_id=order.id, request_id=form["request_id"])
        else:
            reviews.return_for_rework(self.supervisor, reason="R03", instruction="请再次到场核实", days=5, **of_order)
            self.owner.refresh(order)
            told = {"unit_contacted": True, "unit_contacted_at": self.clock.now, "evidence_note": ""}
            form = {"order_id": order.id, "seen": order.version, "request_id": f"form-{next(self.forms)}"}
            rework.submit_rework(self.user, reply="已再次到场处理,现场已恢复。", **told, **form)


def test_whatever_is_called_and_corrected_the_policy_is_kept_and_the_counts_hold(
    owner: Session, environment: Environment, clock: Clock
) -> None:
    desk = Desk(owner, environment, clock)

    @settings(
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        max_examples=60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(steps, min_size=4, max_size=12))
    def walk(history: list[tuple[str, str, int]]) -> None:
        clock.now = builders.at("2026-06-15", 9)
        order = desk.order()
        for step, visit, minutes in history:
            later = next((part for part in PARTS if part > clock.now), PARTS[-1])
            clock.now = later if minutes == LATER else clock.now + timedelta(minutes=minutes)
            try:
                desk.do(order, step, visit)
                desk.done[step] += 1
            except PortalError:
                desk.done["refused"] += 1
        owner.rollback()
        owner.expire_all()
        check_the_order(owner, order)
        for kept in owner.scalars(select(CallbackCase).where(CallbackCase.order_id == order.id)):
            check_the_case(owner, order, kept)

    walk()
    assert all(desk.done[step] for step in ("call", "correct", "book", "opt out", "take", "rework", "refused")), (
        desk.done
    )
    found = verify_counters(desk.supervisor)
    assert found.differences == ()
    assert found.calls == owner.scalar(select(func.count()).select_from(Attempt).where(stands()))
    assert scores.verify(desk.auditor).differences == ()
    assert trail.check_chain(desk.auditor).whole


def check_the_order(owner: Session, order: Order) -> None:
    """The order says what its calls and ratings say, those left out that were corrected."""
    made = owner.scalars(select(Attempt).where(Attempt.order_id == order.id, stands()).order_by(Attempt.id)).all()
    assert (order.attempts, order.called) == (len(made), bool(made))
    assert order.reached == any(one.satisfaction is not None for one in made)
    last = owner.scalars(
        select(Rating)
        .join(Round, Round.id == Rating.round_id)
        .join(Attempt, Attempt.id == Rating.attempt_id)
        .where(Rating.order_id == order.id, stands())
        .order_by(Round.number.desc(), Rating.id.desc())
        .limit(1)
    ).one_or_none()
    assert order.satisfaction == (last.satisfaction if last else None)
    rounds = owner.scalars(select(Round).where(Round.order_id == order.id).order_by(Round.number)).all()
    assert (rounds[-1].settled_at is None) == (order.status in (Status.DUE, Status.RETURNED))
    cases = owner.execute(select(CallbackCase.round, CallbackCase.open).where(CallbackCase.order_id == order.id))
    assert {number for number, is_open in cases if is_open} == ({order.round} if order.status == Status.DUE else set())
    waiting = owner.scalars(select(Appointment).where(Appointment.order_id == order.id, Appointment.ended_at.is_(None)))
    assert len(waiting.all()) <= (order.status == Status.DUE)


def check_the_case(owner: Session, order: Order, kept: CallbackCase) -> None:
    """The case says what the calls of its round say, and none of them was outside the policy."""
    rows = owner.execute(
        select(Attempt, Disposition)
        .join(Disposition, Disposition.id == Attempt.disposition_id)
        .join(Round, Round.id == Attempt.round_id)
        .where(Attempt.order_id == order.id, Round.number == kept.round, stands())
        .order_by(Attempt.started_at, Attempt.id)
    ).all()
    made = [attempt for attempt, _ in rows]
    assert (kept.attempts, kept.aapor_group) == (len(made), resolve(ended.aapor_group for _, ended in rows))
    satisfaction = next((one.satisfaction for one in made if one.satisfaction is not None), None)
    assert kept.satisfaction == satisfaction
    assert (kept.done_as is None) == (kept.done_at is None) == (not any(one.settled for one in made))
    assert sum(one.settled for one in made) <= 1
    agreed = owner.scalar(
        select(func.count()).where(
            Appointment.order_id == order.id,
            Appointment.round == kept.round,
            Appointment.ended_as == AppointmentEnd.KEPT,
        )
    )
    assert len(made) <= POLICY.max_attempts.value + (agreed or 0)
    assert all(local_day(one.started_at) <= LAST_DAY for one in made if kept.round == 1)
    assert all(one.day_part in {"morning", "afternoon", "evening"} for one in made)
    assert all(9 <= one.started_at.astimezone(CITY).hour < 20 for one in made)
    days = Counter(local_day(one.started_at) for one in made)
    assert all(calls <= POLICY.per_day.value + (agreed or 0) for calls in days.values())
    apart = timedelta(hours=POLICY.hours_between.value)
    close = sum(
        later.number == earlier.number and later.started_at - earlier.started_at < apart
        for earlier, later in pairwise(made)
    )
    assert close <= (agreed or 0)
    if any(one.satisfaction == Satisfaction.DISSATISFIED for one in made):
        assert order.round > kept.round or order.status in (Status.DISSATISFIED, Status.ESCALATED)
