"""What would come of a call: whether it may be made now, and what each of its endings would do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from db.orders import Attempt, Order
from services import calling
from services.access import Access, Look
from services.calling import RoundCalls
from services.code_lists import CodeLists
from services.errors import MayNotCall
from services.rules import attempts
from services.rules.attempts import Step
from services.rules.callback_policy import DayPart
from services.rules.permissions import Permission


@dataclass(frozen=True, slots=True)
class Prospect:
    """What an ending would do: a next call from a moment on, to another number where `another`; or nothing more."""

    next_at: datetime | None
    another: bool = False

    @property
    def over(self) -> bool:
        """Whether the round would be over."""
        return self.next_at is None


@dataclass(frozen=True, slots=True)
class Prospects:
    """Why the call may not be made now (None: it may), what its endings would do, by code, and when to meet again."""

    blocked: MayNotCall | None
    endings: Mapping[str, Prospect]
    last_day: date | None
    day_parts: tuple[DayPart, ...]


def prospects(access: Access, *, order_id: int, number: int = 1, instead_of: int | None = None) -> Prospects:
    """Return what would come of a call about an order now, to one of the citizen's numbers.

    `instead_of` is the recorded call that is corrected: what would come of it had it ended otherwise.
    Raises NotFound where the order's round never came to be asked about.
    """
    with access.read(Permission.CALLBACK_VIEW) as look:
        lists = CodeLists.read(look)
        calls = calling.calls_of(look, look.one(Order, order_id), lists, lock=False)
        if instead_of is not None:
            calls = calls.without(look.one(Attempt, instead_of))
        blocked = _blocked(look, calls, number) if instead_of is None else None
        settled = any(tried.disposition.settles for tried in calls.history)
        return Prospects(
            blocked=blocked,
            endings={} if settled else _endings(look, lists, calls, number),
            last_day=calls.last_day,
            day_parts=calls.policy.day_parts.value,
        )


# ---------------------------------------------------------------------------------------------------------------------


def _blocked(look: Look, calls: RoundCalls, number: int) -> MayNotCall | None:
    try:
        calling.refuse_blocked(calls, number, calling.called_at(look, calls))
    except MayNotCall as refusal:
        return refusal
    return None


def _endings(look: Look, lists: CodeLists, calls: RoundCalls, number: int) -> dict[str, Prospect]:
    """Return what each ending without an answer would do."""
    found = {}
    for choice in lists.disposition_choices():
        if choice.answered:
            continue
        silenced = number in calls.opted_out
        tried = calling.as_tried(lists, choice.named.code, look.now, number, silenced=silenced)
        progress = attempts.after_attempt(calls.history, tried, calls.policy, calls.last_day, numbers=calls.numbers)
        again = progress.step == Step.AGAIN
        another = again and tried.disposition.another_number and number < calls.numbers
        found[choice.named.code] = Prospect(progress.next_at if again else None, another)
    return found
