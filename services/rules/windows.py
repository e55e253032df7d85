"""Which closing days may be called about today: the first one whose last day is not over, and those nearly over.

The last day of a round follows from the day on which it was closed (`last_day` working days of the policy, inclusive).
The queue asks the other way round, for many cases at once: a day that was closed later never ends earlier, so that one
first day parts what may still be called about from what may not.

>>> import tomllib
>>> from datetime import date
>>> from importlib.resources import files
>>> from services.rules.callback_policy import parse
>>> from services.rules.deadlines import Day
>>> policy = parse(tomllib.loads(files("services.rules").joinpath("callback_policy.toml").read_text("utf-8")))
>>> june = [date(2026, 6, 1) + n * ONE_DAY for n in range(30)]
>>> calendar = Calendar.of(Day.of(day, "weekend" if day.isoweekday() > 5 else "workday") for day in june)
>>> windows = windows_on(policy, date(2026, 6, 15), calendar)
>>> print(windows.first, *windows.expiring)
2026-06-09 2026-06-09 2026-06-10
"""

from dataclasses import dataclass
from datetime import date

from services.rules.callback_policy import CallbackPolicy
from services.rules.deadlines import ONE_DAY, Calendar, NotCovered, due_on


@dataclass(frozen=True, slots=True)
class Windows:
    """The closing days as they stand on one day.

    `first` is the earliest one that may still be called about; None where the calendar does not reach back so far, and
    then nothing is past its last day. `expiring` are those from `first` on whose last day is near, oldest first.
    """

    first: date | None
    expiring: tuple[date, ...]

    def past(self, closed_on: date) -> bool:
        """Whether the last day of what was closed on a day is over."""
        return self.first is not None and closed_on < self.first


def windows_on(policy: CallbackPolicy, today: date, calendar: Calendar) -> Windows:
    """Return which closing days may be called about today, and which of them are nearly over."""
    first = _first(policy.last_day.value, today, calendar)
    expiring = []
    day = first
    while day is not None and day <= today and _near(policy, day, today, calendar):
        expiring.append(day)
        day += ONE_DAY
    return Windows(first, tuple(expiring))


# ---------------------------------------------------------------------------------------------------------------------


def _first(working_days: int, today: date, calendar: Calendar) -> date | None:
    """Return the day after the n-th working day before today: what was closed then has had n working days already."""
    day, counted = today, 0
    while counted < working_days:
        day -= ONE_DAY
        if not calendar.covers(day):
            return None
        counted += calendar.day(day).worked
    return day + ONE_DAY


def _near(policy: CallbackPolicy, closed_on: date, today: date, calendar: Calendar) -> bool:
    """Whether so few working days are left after today that the policy calls it nearly expired."""
    try:
        last = due_on(closed_on, policy.last_day.value, calendar)
        return calendar.working_days(today + ONE_DAY, last) <= policy.expiring_days.value
    except NotCovered:
        return False
