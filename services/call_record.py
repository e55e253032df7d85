"""Writing a call down: the attempt with all that was said in it, and what comes of it for the order and its case.

Recording and correcting a call share this. Everything is read first and changed afterwards, so that one order gets one
new version.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from db.callbacks import CallbackDraft
from db.orders import Answer, Attempt, AttemptReason, Finding, Order, Rating, Round
from db.reference import Channel, Grade, OrderType, RatingScale
from db.vocabulary import CaseEnd, RatingSource, Refusal, Satisfaction, Status
from services import calling, casework
from services.access import Look, Work
from services.calling import RoundCalls
from services.code_lists import CodeLists
from services.errors import Fact
from services.rules import attempts, lifecycle, survey
from services.rules.attempts import Progress, Step
from services.rules.deadlines import local_day
from services.rules.dispositions import Tried, resolve
from services.rules.survey import Verdict, Visit

REFUSAL_CONVERSION = "refusal_conversion"
"""The skill of winning back who declined; after a soft refusal a case needs it."""
LONGEST_HANDS_MS = 60 * 60 * 1000
"""More than an hour of hands on one case is a clock gone wrong, and counted as an hour."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call amounts to: for the citizen (`verdict`), the round (`progress`), the order (`move`) and the case."""

    verdict: Verdict
    progress: Progress
    move: lifecycle.Move
    standing: Satisfaction | None
    done_as: CaseEnd | None

    @property
    def settled(self) -> bool:
        """Whether the round has been asked about as far as it will be."""
        return self.done_as is not None


@dataclass(frozen=True, slots=True)
class Said:
    """How a call was made, apart from what was said in it."""

    request_id: str
    started_at: datetime
    number: int
    day_part: str | None
    hands_ms: int | None = None
    corrects: Attempt | None = None

    @classmethod
    def again(cls, corrected: Attempt, request_id: str) -> "Said":
        """Return how a call was made that is written down anew: when, where and how long it took stay as they were."""
        return cls(
            request_id=request_id,
            started_at=corrected.started_at,
            number=corrected.number,
            day_part=corrected.day_part,
            hands_ms=corrected.hands_ms,
            corrects=corrected,
        )


def judged(work: Work, order: Order, current: Round, lists: CodeLists, visit: Visit) -> Verdict:
    """Return what a visit amounts to for an order; raises Invalid with every problem by its field."""
    return survey.judge(
        visit,
        lists.book,
        unit_contacted=current.unit_contacted,
        order_type=work.one(OrderType, order.order_type_id).code,
        today=work.today,
    )


def outcome_of(
    order: Order,
    calls: RoundCalls,
    verdict: Verdict,
    tried: Tried,
    *,
    max_rounds: int,
    standing: Satisfaction | None,
    appointment: datetime | None = None,
    opted_out: bool = False,
) -> Outcome:
    """Return what a call does to its order, by the answer or by the callback policy."""
    progress = attempts.after_attempt(
        calls.history, tried, calls.policy, calls.last_day, appointment, numbers=calls.numbers
    )
    place = {"round_number": order.round, "max_rounds": max_rounds}
    if verdict.satisfaction is not None:
        return Outcome(
            verdict, progress, lifecycle.after_answer(verdict.satisfaction, **place), standing, CaseEnd.ANSWERED
        )
    if progress.step == Step.AGAIN:
        return Outcome(verdict, progress, lifecycle.RETRY, standing, None)
    ended = CaseEnd.EXHAUSTED if progress.exhausted else CaseEnd.OPTED_OUT if opted_out else CaseEnd.FINAL
    return Outcome(verdict, progress, lifecycle.after_silence(standing, **place), standing, ended)


def store(work: Work, current: Round, calls: RoundCalls, outcome: Outcome, lists: CodeLists, said: Said) -> Attempt:
    """Add the attempt, and with an answer its rating, answers, reasons and finding: all of the round's department."""
    verdict = outcome.verdict
    of_round = {"order_id": current.order_id, "round_id": current.id, "department_id": current.department_id}
    attempt = work.add(
        Attempt(
            **of_round,
            agent_id=casework.acting_person(work),
            disposition_id=lists.dispositions[verdict.disposition.code].id,
            started_at=said.started_at,
            recorded_at=work.now,
            note=verdict.note,
            number=said.number,
            day_part=said.day_part,
            satisfaction=verdict.satisfaction,
            settled=outcome.settled,
            on_time=calls.on_time(local_day(said.started_at)) if outcome.settled else None,
            hands_ms=said.hands_ms,
            corrects_id=said.corrects.id if said.corrects is not None else None,
            request_id=said.request_id,
        )
    )
    of_attempt = {"attempt_id": attempt.id, "department_id": current.department_id}
    for question, value in verdict.answers.items():
        asked = lists.asked.id
        work.session.add(Answer(**of_attempt, questionnaire_id=asked, question=question, value=value))
    for code in verdict.reasons:
        number, suggested = lists.reasons[code].id, code in verdict.suggested
        work.session.add(AttemptReason(**of_attempt, reason_id=number, suggested=suggested))
    if verdict.finding is not None:
        work.session.add(Finding(**of_round, attempt_id=attempt.id, kind=verdict.finding, found_at=work.now))
    if verdict.satisfaction is not None:
        work.session.add(
            Rating(
                **of_round,
                source=RatingSource.CALLBACK,
                channel_id=work.session.scalar(select(Channel.id).where(Channel.code == "callback")),
                grade_id=_grade(work, verdict),
                satisfaction=verdict.satisfaction,
                rule_set_id=lists.in_force.id,
                rated_at=work.now,
                attempt_id=attempt.id,
            )
        )
    work.session.flush()
    return attempt


def count(work: Work, order: Order, current: Round, outcome: Outcome) -> None:
    """Put what came of a call into the columns that are counted, and settle the round where the call ended it."""
    verdict = outcome.verdict
    order.status = lifecycle.advance(order.status, outcome.move)
    order.attempts += 1
    order.called = True
    order.reached = order.reached or verdict.reached
    if verdict.satisfaction is not None:
        order.rated = True
        order.satisfaction, order.solved = verdict.satisfaction, verdict.solved
        order.counted_department_id = current.department_id
    if order.status == Status.ESCALATED:
        order.escalated = True
    if order.status == Status.ARCHIVED:
        order.outcome = casework.outcome_of(order)
    if outcome.settled:
        current.settled_at = work.now
        current.satisfaction = verdict.satisfaction or outcome.standing
    # The database opens and closes the case by the order's status; what the call says of the case comes after.
    work.session.flush()


def keep_case(work: Work, calls: RoundCalls, attempt: Attempt, tried: Tried, outcome: Outcome) -> None:
    """Write into the case what its calls amount to so far, and let it go."""
    case, made = calls.case, [*calls.made, (attempt, tried)]
    group = resolve(one.disposition.group for _, one in made)
    decided = [call for call, one in made if one.disposition.group == group][-1]
    case.attempts = len(made)
    case.aapor_group, case.satisfaction = group, decided.satisfaction
    case.agent_id, case.day_part, case.decided_on = decided.agent_id, decided.day_part, calling.day_of(decided)
    case.on_time = attempt.on_time
    case.ready_at = outcome.progress.next_at or case.ready_at
    refused = any(one.disposition.refusal == Refusal.SOFT for _, one in made)
    case.needs = [*(one for one in case.needs if one != REFUSAL_CONVERSION), *([REFUSAL_CONVERSION] if refused else [])]
    case.done_as, case.done_at = outcome.done_as, work.now if outcome.settled else None
    case.held_by = case.held_since = case.held_until = None
    case.picked = False


def end_drafts(work: Work, order: Order, *, settled: bool) -> None:
    """Empty what the agent had typed about the round: it is written down now. Once the round is asked about, nobody
    will send what others had typed either, and a citizen's words are kept nowhere but in the record."""
    of_round = (CallbackDraft.order_id == order.id, CallbackDraft.round == order.round)
    whose = () if settled else (CallbackDraft.person_id == work.actor.id,)
    work.session.execute(
        update(CallbackDraft)
        .where(*of_round, *whose, CallbackDraft.ended_at.is_(None))
        .values(body={}, ended_at=work.now)
    )


def sane_hands(hands_ms: int | None) -> int | None:
    """Return the time of hands as it is stored: never negative, and never more than an hour."""
    return None if hands_ms is None else min(max(hands_ms, 0), LONGEST_HANDS_MS)


def facts_of(order: Order) -> dict[str, Fact]:
    """Return what the trail says of an order before and after a call."""
    return {
        "status": order.status.value,
        "satisfaction": order.satisfaction.value if order.satisfaction else None,
        "solved": order.solved.value if order.solved else None,
        "attempts": order.attempts,
        "reached": order.reached,
    }


def told(attempt: Attempt, outcome: Outcome, lists: CodeLists) -> dict[str, Fact]:
    """Return what the trail says of a call besides what it did to the order."""
    verdict = outcome.verdict
    return {
        "move": outcome.move.name,
        "attempt": attempt.id,
        "number": attempt.number,
        "disposition": verdict.disposition.code,
        "reasons": ",".join(verdict.reasons) or None,
        "suggested": ",".join(verdict.suggested) or None,
        "finding": verdict.finding.value if verdict.finding else None,
        "rules": lists.in_force.rules.name,
        "policy": lists.in_force_policy.policy.name,
    }


# ---------------------------------------------------------------------------------------------------------------------


def _grade(look: Look, verdict: Verdict) -> int:
    of_scale = select(Grade.id).join(RatingScale, RatingScale.id == Grade.scale_id)
    return look.session.scalars(of_scale.where(RatingScale.code == verdict.scale, Grade.code == verdict.grade)).one()
