"""Call citizens back: one order to call about, writing down what came of it, and revealing a number."""

from dataclasses import dataclass
from datetime import datetime

from db.orders import Attempt, Contact, Order, Round
from db.vocabulary import AppointmentEnd, Event, OptOutKind
from services import bookings, call_record, calling, casework, corrections, numbers
from services.access import Access, Work
from services.bookings import Booking
from services.call_record import Outcome, Said
from services.callback_case import Case, case_of
from services.calling import RoundCalls
from services.code_lists import CodeLists
from services.corrections import Correctable
from services.effective import policy_on, rules_on
from services.errors import Invalid, NotFound
from services.rules import attempts, lifecycle
from services.rules.dispositions import Tried
from services.rules.permissions import Permission
from services.rules.survey import Verdict, Visit
from services.views import Receipt

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Revealed:
    """A telephone number in full: that it was shown is in the trail."""

    order_id: int
    phone: str | None
    repeated: bool


def case(access: Access, *, order_id: int) -> Case:
    """Return one order with what a call about it needs; raises NotFound."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        return case_of(look, look.one(Order, order_id))


def record_callback(
    access: Access,
    *,
    order_id: int,
    seen: int,
    visit: Visit,
    request_id: str,
    started_at: datetime | None = None,
    hands_ms: int | None = None,
    number: int = 1,
    appointment: Booking | None = None,
    opt_out: OptOutKind | None = None,
) -> Receipt:
    """Write down one call, answered or not, and move the order on as the rules of the day say.

    `number` is which of the citizen's numbers was dialled, `appointment` what was agreed, `opt_out` what the citizen
    does not want any more. Whoever records a call has its case; nobody else may hold it.
    Sending the same form twice writes one attempt and answers with the same receipt.
    Raises NotFound, Stale, IllegalMove, MayNotCall or Invalid with every problem by its field.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        order = work.lock(Order, order_id)
        earlier = work.already(Attempt, request_id)
        if casework.repeated(earlier, order):
            return casework.receipt(work, order, earlier)
        work.unchanged(order, seen)
        # Every outcome of a call starts where another try may be made: refuse before the answers are looked at.
        lifecycle.advance(order.status, lifecycle.RETRY)
        lists, current = CodeLists.read(work), casework.current_round(work, order)
        calls = calling.calls_of(work, order, lists)
        at = calling.called_at(work, calls)
        calling.refuse_blocked(calls, number, at)
        agreed = _Agreed(number, appointment, opt_out)
        verdict = _judged(work, order, current, lists, calls, visit, agreed)
        said = Said(
            request_id=request_id,
            started_at=calling.moment_of(calls, started_at, at, work.now),
            number=number,
            day_part=attempts.day_part(calls.policy, at),
            hands_ms=call_record.sane_hands(hands_ms),
        )
        tried = agreed.tried(lists, verdict, said.started_at)
        outcome = _outcome(work, order, current, lists, calls, verdict, tried, agreed)
        # Who asks for the next case is given one by chance; who picked this one is told apart.
        picked = calls.case.picked or calls.case.held_by != work.actor.id
        before = call_record.facts_of(order)
        attempt = call_record.store(work, current, calls, outcome, lists, said)
        call_record.count(work, order, current, outcome)
        call_record.keep_case(work, calls, attempt, tried, outcome)
        _keep_agreed(work, order, calls, agreed, request_id)
        numbers.belong_to(work, attempt, order.round)
        call_record.end_drafts(work, order, settled=outcome.settled)
        work.record(
            Event.CALLBACK_RECORDED,
            order,
            before=before,
            after=call_record.facts_of(order) | call_record.told(attempt, outcome, lists) | {"picked": picked},
            request_id=request_id,
        )
        return casework.receipt(work, order, attempt)


def correct_callback(access: Access, *, attempt_id: int, seen: int, visit: Visit, request_id: str) -> Receipt:
    """Write down anew a call that was just recorded wrongly: the record is still being made, and both are kept.

    Only whoever recorded it, only the latest call of the order's last round, only within the minutes of the policy and
    only while nobody has decided on it. The order goes back to where it was before the call and is judged again.
    Raises NotFound, Stale, IllegalMove, MayNotCall, Conflict with the reason, or Invalid with every problem.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        attempt = work.one(Attempt, attempt_id)
        order = work.lock(Order, attempt.order_id)
        earlier = work.already(Attempt, request_id)
        if casework.repeated(earlier, order):
            return casework.receipt(work, order, earlier)
        work.unchanged(order, seen)
        lifecycle.advance(order.status, lifecycle.CORRECT)
        lists, current = CodeLists.read(work), casework.current_round(work, order)
        calls, max_rounds = calling.calls_of(work, order, lists), lists.in_force.rules.max_rounds.value
        corrections.refuse(work, order, calls, attempt, max_rounds=max_rounds)
        verdict = call_record.judged(work, order, current, lists, visit)
        silenced = attempt.number in calls.opted_out
        tried = calling.as_tried(lists, verdict.disposition.code, attempt.started_at, attempt.number, silenced=silenced)
        told = call_record.facts_of(order) | corrections.told_before(work, attempt)
        before, calls = corrections.before_of(work, order, current, attempt), calls.without(attempt)
        outcome = call_record.outcome_of(
            order,
            calls,
            verdict,
            tried,
            max_rounds=max_rounds,
            standing=before.standing,
            appointment=calls.agreed_at,
            opted_out=silenced,
        )
        correction = call_record.store(work, current, calls, outcome, lists, Said.again(attempt, request_id))
        corrections.take_back(order, current, before, max_rounds=max_rounds)
        call_record.count(work, order, current, outcome)
        call_record.keep_case(work, calls, correction, tried, outcome)
        if outcome.settled:
            bookings.end(work, order, calls.case, AppointmentEnd.CANCELLED)
        call_record.end_drafts(work, order, settled=outcome.settled)
        after = call_record.facts_of(order) | call_record.told(correction, outcome, lists)
        work.record(Event.CALLBACK_CORRECTED, order, before=told, after=after, request_id=request_id)
        return casework.receipt(work, order, correction)


def correctable_calls(access: Access) -> tuple[Correctable, ...]:
    """Return the calls that whoever asks has just recorded and may still correct, the newest first."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        rules, policy = rules_on(look, look.today).rules, policy_on(look, look.today).policy
        return corrections.correctable_of(look, policy, max_rounds=rules.max_rounds.value)


def reveal_contact(access: Access, *, order_id: int, reason: str, request_id: str) -> Revealed:
    """Return the citizen's telephone number, and write down who looked and why; raises NotFound or Invalid."""
    with access.write(Permission.CONTACT_REVEAL) as work:
        order = work.lock(Order, order_id)
        contact = work.session.get(Contact, order_id)
        if contact is None:
            raise NotFound(kind="contacts")
        why = reason.strip()
        if not why or len(why) > LONGEST_REASON:
            raise Invalid({"reveal_reason": "too_long" if why else "required"})
        if not work.sent_before(order, request_id, Event.CONTACT_REVEALED):
            work.record(Event.CONTACT_REVEALED, order, reason=why, request_id=request_id)
        return Revealed(order_id, contact.phone, work.repeated)


# Writing down ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Agreed:
    """Which number was dialled, and what was agreed with whoever answered it."""

    number: int
    appointment: Booking | None
    opt_out: OptOutKind | None

    def tried(self, lists: CodeLists, verdict: Verdict, at: datetime) -> Tried:
        """Return the call as the rules read it."""
        return calling.as_tried(
            lists,
            verdict.disposition.code,
            at,
            self.number,
            silenced=self.opt_out is not None,
            for_good=self.opt_out == OptOutKind.NO_SURVEY,
        )


def _judged(
    work: Work, order: Order, current: Round, lists: CodeLists, calls: RoundCalls, visit: Visit, agreed: _Agreed
) -> Verdict:
    """Return what a visit amounts to, or refuse it with every problem, those of what was agreed included."""
    problems: dict[str, str] = {}
    if agreed.appointment is not None:
        problems = bookings.problems_of(work, agreed.appointment, calls.policy, calls.last_day)
    if agreed.opt_out is not None and agreed.number not in calls.phones:
        problems["opt_out"] = "no_number"
    try:
        verdict = call_record.judged(work, order, current, lists, visit)
    except Invalid as wrong:
        raise Invalid(wrong.problems | problems) from None
    if problems:
        raise Invalid(problems)
    return verdict


def _outcome(
    work: Work,
    order: Order,
    current: Round,
    lists: CodeLists,
    calls: RoundCalls,
    verdict: Verdict,
    tried: Tried,
    agreed: _Agreed,
) -> Outcome:
    """Return what the call does to its order; an appointment is refused where nothing is left to ask."""
    outcome = call_record.outcome_of(
        order,
        calls,
        verdict,
        tried,
        max_rounds=lists.in_force.rules.max_rounds.value,
        standing=casework.standing(work, current),
        appointment=agreed.appointment.at if agreed.appointment is not None else None,
        opted_out=agreed.opt_out is not None,
    )
    if agreed.appointment is not None and outcome.settled:
        raise Invalid({"appointment_at": "case_is_over"})
    return outcome


def _keep_agreed(work: Work, order: Order, calls: RoundCalls, agreed: _Agreed, request_id: str) -> None:
    """End the appointment that the call kept, and write down what was agreed in it."""
    bookings.end(work, order, calls.case, AppointmentEnd.KEPT)
    if agreed.appointment is not None:
        bookings.book(work, order, calls.case, agreed.appointment, request_id)
    if agreed.opt_out is not None:
        numbers.opt_out(work, order, calls.phones[agreed.number], agreed.opt_out, request_id)
