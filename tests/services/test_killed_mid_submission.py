"""A server that is killed while a call is being written down: the record is whole or absent, and never made twice."""

import gc
import os
import random
import select as ready
import signal
import statistics
import time

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.callbacks import CallbackCase
from db.orders import Answer, Attempt, AttemptReason, Order, Rating, Round
from db.records import EventRow
from db.vocabulary import CaseEnd, Event, Role, Satisfaction, Status
from services import callback_drafts, callbacks
from services.access import Access
from services.callback_counters import verify_counters
from services.environment import Environment
from services.rules.survey import Visit
from services.trail import check_chain
from services.views import Receipt
from tests import builders

KILLS = 200
SAID = {"contacted": "yes", "solved": "unsolved", "result": "dissatisfied", "attitude": "satisfied"}
WORDS = "积水仍在,没人来看过。"
DISPLEASED = Visit("1.1", SAID, ("R02", "R03"), WORDS)
TYPED = {**SAID, "words": WORDS}

ABSENT = (0, 0, 0, 0, Status.DUE, 0, False, True, None, "UH", None, 0)
WHOLE = (1, 5, 2, 1, Status.DISSATISFIED, 1, True, False, CaseEnd.ANSWERED, "I", Satisfaction.DISSATISFIED, 1)


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


def submit(agent: Access, order: Order, form: str) -> Receipt:
    return callbacks.record_callback(
        agent, order_id=order.id, seen=1, visit=DISPLEASED, request_id=form, hands_ms=12_000
    )


def traces(owner: Session, order: Order, form: str) -> tuple[object, ...]:
    """Return what there is of a submission: attempt, answers, reasons, rating, order, round, case and event."""
    owner.rollback()
    owner.expire_all()
    attempt = select(Attempt.id).where(Attempt.request_id == form)
    of_attempt = [
        owner.scalar(select(func.count()).select_from(kind).where(kind.attempt_id.in_(attempt)))
        for kind in (Answer, AttemptReason, Rating)
    ]
    made = owner.scalar(select(func.count()).select_from(attempt.subquery()))
    now = owner.get_one(Order, order.id)
    kept = owner.scalars(select(CallbackCase).where(CallbackCase.order_id == order.id)).one()
    settled = owner.scalars(select(Round.settled_at).where(Round.order_id == order.id)).one()
    told = select(func.count()).where(EventRow.order_id == order.id, EventRow.action == Event.CALLBACK_RECORDED)
    return (
        *(made, *of_attempt),
        *(now.status, now.attempts, settled is not None),
        *(kept.open, kept.done_as, kept.aapor_group, kept.satisfaction),
        owner.scalar(told),
    )


class Server:
    """A process that serves one submission, and may be killed at any moment of it.

    It holds an advisory lock on its connection. PostgreSQL lets go of it when it has noticed that the process is gone
    and has ended what it was about, so that waiting for the lock is waiting for the outcome.
    """

    def __init__(self, agent: Access, order: Order, form: str) -> None:
        self.order = order
        said, says = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            _serve(agent, order, form, says)
        os.close(says)
        self.said = said
        assert os.read(said, 1) == b"."
        self.begun = time.perf_counter()

    def end(self, after: float | None = None) -> float | None:
        """Wait for the end, or kill it after so many seconds; return how long it took where it ended by itself."""
        finished = bool(ready.select([self.said], [], [], after)[0])
        took = time.perf_counter() - self.begun
        if not finished:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.said)
        assert status in (0, signal.SIGKILL), "the submission failed by itself"
        return took if finished else None

    def wait_for_its_session(self, owner: Session) -> None:
        """Wait until the database has ended the session of the process."""
        owner.execute(select(func.pg_advisory_lock(self.order.id)))
        owner.execute(select(func.pg_advisory_unlock(self.order.id)))
        owner.rollback()


def _serve(agent: Access, order: Order, form: str, says: int) -> None:
    """Be the server: with connections of its own, ready to write, and gone without a farewell."""
    code = 1
    try:
        gc.disable()  # What the parent's connections are told is the parent's business, their end included.
        engine = agent.environment.engine
        engine.dispose(close=False)
        with engine.connect() as connection:
            connection.execute(select(func.pg_advisory_lock(order.id)))
            connection.commit()
        os.write(says, b".")
        submit(agent, order, form)
        code = 0
    finally:
        os._exit(code)


def test_two_hundred_kills_leave_whole_records_or_none_and_never_two(
    owner: Session, environment: Environment, agent: Access
) -> None:
    unit = builders.department(owner)
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    # The statements are compiled once, and the processes that are forked from here find them so.
    submit(agent, builders.due_order(owner, unit), "warm-up")
    calm = [Server(agent, builders.due_order(owner, unit), f"calm-{number}").end() for number in range(7)]
    reach = 1.3 * statistics.median(took for took in calm if took is not None)
    shares = [number / KILLS for number in range(KILLS)]
    random.Random(12345).shuffle(shares)

    outcomes = {ABSENT: 0, WHOLE: 0}
    for number, share in enumerate(shares):
        order, form = builders.due_order(owner, unit), f"form-{number}"
        callback_drafts.save_draft(agent, order_id=order.id, round=1, token=form, body=TYPED)
        server = Server(agent, order, form)
        server.end(share * reach)
        server.wait_for_its_session(owner)
        left = traces(owner, order, form)
        assert left in outcomes
        outcomes[left] += 1
        # The machine may become slower or faster meanwhile; the kills stay spread over the length of a submission.
        if left == ABSENT and share > 0.8:
            reach *= 1.1
        elif left == WHOLE and share < 0.6:
            reach /= 1.1
        draft = callback_drafts.draft_of(agent, order_id=order.id)
        assert (draft is None) if left == WHOLE else (draft is not None and draft.token == form and draft.body == TYPED)
        again = submit(agent, order, form)
        assert again.repeated == (left == WHOLE)
        assert traces(owner, order, form) == WHOLE
        assert callback_drafts.draft_of(agent, order_id=order.id) is None
    assert min(outcomes.values()) >= KILLS // 20, outcomes
    assert sum(outcomes.values()) == KILLS
    assert check_chain(supervisor).whole
    found = verify_counters(supervisor)
    assert (found.calls, found.cases, found.differences) == (KILLS + 8, KILLS + 8, ())
