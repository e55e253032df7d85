"""Working days, deadlines and lateness.

A deadline of n working days counts inclusively: the day on which the order was accepted is the first of them, when it
is worked at all, and the deadline is the last second, in Shanghai, of the n-th. The calendar knows the weekends that
are worked to make up for a holiday (调休); a day that it does not hold is refused, never guessed.

Two readings are ours, because the published rules say only "working days, inclusive": an order accepted on a day off
starts to count on the next working day, and the hour of acceptance does not matter.

The worked example: five working days from Tuesday 2019-05-28 end on Monday 2019-06-03.

>>> calendar = Calendar.of(
...     Day.of(date(2019, 5, 27) + n * ONE_DAY, "weekend" if n in (5, 6) else "workday") for n in range(10)
... )
>>> due_on(date(2019, 5, 28), 5, calendar).isoformat()
'2019-06-03'
>>> for stretch in explain(date(2019, 5, 28), 5, calendar).stretches:
...     print(stretch.first, stretch.last, stretch.counted, stretch.why)
2019-05-28 2019-05-31 True workday
2019-06-01 2019-06-02 False weekend
2019-06-03 2019-06-03 True workday
>>> end_of(date(2019, 6, 3)).isoformat()
'2019-06-03T23:59:59+08:00'
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from db.vocabulary import DayKind
from services.errors import Invalid, PortalError

CITY = ZoneInfo("Asia/Shanghai")
"""People read times of this zone; the database holds UTC."""
ONE_DAY = timedelta(days=1)
LAST_SECOND = time(23, 59, 59)
WORKED = frozenset({DayKind.WORKDAY, DayKind.ADJUSTED_WORKDAY})


class NotCovered(PortalError):
    """The calendar does not know the day, so nothing that depends on it can be said."""

    code = "error.calendar_not_covered"

    def __init__(self, day: date) -> None:
        super().__init__(year=day.year, day=day.isoformat())
        self.day = day


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """One day of the calendar; `holiday` names the holiday that it belongs to or makes up for."""

    day: date
    kind: DayKind
    holiday: str | None = None

    @classmethod
    def of(cls, day: date, kind: str, holiday: str | None = None) -> "Day":
        """Make a day from the stored words."""
        return cls(day, DayKind(kind), holiday or None)

    @property
    def worked(self) -> bool:
        """Whether the day counts."""
        return self.kind in WORKED


@dataclass(frozen=True, slots=True)
class Calendar:
    """The known days in order; two calendars of the same days are equal. Make one with `Calendar.of`."""

    days: tuple[Day, ...]
    _workdays: tuple[date, ...] = field(repr=False, compare=False)
    _spans: tuple[tuple[date, date], ...] = field(repr=False, compare=False)

    @classmethod
    def of(cls, days: Iterable[Day]) -> "Calendar":
        """Build a calendar from its days in any order; raises Invalid when a day occurs twice.

        Gaps are allowed and are refused when something falls into them.
        """
        ordered = tuple(sorted(days, key=lambda one: one.day))
        twice = {after.day.isoformat(): "repeated" for before, after in pairwise(ordered) if before.day == after.day}
        if twice:
            raise Invalid(twice)
        return cls(ordered, tuple(one.day for one in ordered if one.worked), tuple(_spans(ordered)))

    def covers(self, day: date) -> bool:
        """Whether the calendar knows the day."""
        return self._span(day) is not None

    def day(self, day: date) -> Day:
        """Return what the calendar knows of a day; raises NotCovered."""
        self._known_until(day)
        return self.days[bisect_left(self.days, day, key=lambda one: one.day)]

    def between(self, first: date, last: date) -> tuple[Day, ...]:
        """Return the days from `first` to `last`, both included; raises NotCovered when one is unknown."""
        if first > last:
            return ()
        self._all_known(first, last)
        start = bisect_left(self.days, first, key=lambda one: one.day)
        return self.days[start : start + (last - first).days + 1]

    def working_days(self, first: date, last: date) -> int:
        """Count the working days from `first` to `last`, both included; none when `last` comes before."""
        if first > last:
            return 0
        self._all_known(first, last)
        return bisect_right(self._workdays, last) - bisect_left(self._workdays, first)

    def nth_workday(self, start: date, n: int) -> date:
        """Return the n-th working day on or after `start`; raises NotCovered when the count leaves the calendar."""
        if n < 1:
            raise ValueError("a deadline counts at least one working day")
        known_until = self._known_until(start)
        position = bisect_left(self._workdays, start) + n - 1
        if position >= len(self._workdays) or self._workdays[position] > known_until:
            raise NotCovered(known_until + ONE_DAY)
        return self._workdays[position]

    def _span(self, day: date) -> tuple[date, date] | None:
        position = bisect_right(self._spans, day, key=lambda span: span[0]) - 1
        if position < 0 or self._spans[position][1] < day:
            return None
        return self._spans[position]

    def _known_until(self, day: date) -> date:
        span = self._span(day)
        if span is None:
            raise NotCovered(day)
        return span[1]

    def _all_known(self, first: date, last: date) -> None:
        known_until = self._known_until(first)
        if known_until < last:
            raise NotCovered(known_until + ONE_DAY)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring days that counted, or did not, for one and the same reason."""

    first: date
    last: date
    why: DayKind
    holiday: str | None

    @property
    def counted(self) -> bool:
        """Whether these days counted."""
        return self.why in WORKED

    @property
    def days(self) -> int:
        """How many days of the calendar these are."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Explanation:
    """A deadline with every day between its start and its end accounted for."""

    start: date
    working_days: int
    due: date
    stretches: tuple[Stretch, ...]

    @property
    def counted(self) -> tuple[Stretch, ...]:
        """The stretches that counted."""
        return tuple(stretch for stretch in self.stretches if stretch.counted)

    @property
    def skipped(self) -> tuple[Stretch, ...]:
        """The stretches that did not count."""
        return tuple(stretch for stretch in self.stretches if not stretch.counted)

    @property
    def counts_from(self) -> date:
        """The first day that counted: the start, or the next working day after it."""
        return self.counted[0].first


@dataclass(frozen=True, slots=True)
class Lateness:
    """Whether a deadline was missed, and by how many working days after the day on which it fell.

    An order closed on the weekend after its deadline is late by no working day, and late all the same.
    """

    late: bool
    working_days: int


def due_on(start: date, days: int, calendar: Calendar) -> date:
    """Return the day on which `days` working days end, `start` counted among them when it is worked."""
    return calendar.nth_workday(start, days)


def due_at(start: date, days: int, calendar: Calendar) -> datetime:
    """Return the last second, in Shanghai, of the day on which `days` working days end."""
    return end_of(due_on(start, days, calendar))


def explain(start: date, days: int, calendar: Calendar) -> Explanation:
    """Return the deadline with each day on the way to it, and why it counted or did not."""
    due = due_on(start, days, calendar)
    return Explanation(start, days, due, tuple(_stretches(calendar.between(start, due))))


def start_of(day: date) -> datetime:
    """Return the first moment of a day in Shanghai."""
    return datetime.combine(day, time.min, CITY)


def end_of(day: date) -> datetime:
    """Return the last second of a day in Shanghai."""
    return datetime.combine(day, LAST_SECOND, CITY)


def local_day(at: datetime) -> date:
    """Return the day that it is in Shanghai at an instant; an instant without a time zone is refused."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(CITY).date()


def is_late(due: datetime, *, closed: datetime | None, now: datetime) -> bool:
    """Whether an order is late: closed after its deadline, or still open when the deadline has passed."""
    return (now if closed is None else closed) > due


def lateness(due: datetime, *, closed: datetime | None, now: datetime, calendar: Calendar) -> Lateness:
    """Return whether an order is late and by how many working days; raises NotCovered."""
    if not is_late(due, closed=closed, now=now):
        return Lateness(False, 0)
    ended = local_day(now if closed is None else closed)
    return Lateness(True, calendar.working_days(local_day(due) + ONE_DAY, ended))


def working_days_left(due: datetime, *, now: datetime, calendar: Calendar) -> int:
    """Count the working days left until a deadline, today and its last day included; none once it has passed."""
    return 0 if now > due else calendar.working_days(local_day(now), local_day(due))


def _spans(ordered: tuple[Day, ...]) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each run without a gap: days of one run share (day - position)."""
    for _, run in groupby(enumerate(ordered), key=lambda numbered: numbered[1].day.toordinal() - numbered[0]):
        known = [one.day for _, one in run]
        yield known[0], known[-1]


def _stretches(days: tuple[Day, ...]) -> Iterator[Stretch]:
    for (why, holiday), run in groupby(days, key=lambda one: (one.kind, one.holiday)):
        known = [one.day for one in run]
        yield Stretch(known[0], known[-1], why, holiday)
