"""From counts to rates: three satisfaction numbers side by side, each with its numerator, denominator and exclusions.

Silence is not satisfaction, so one number cannot do. Coverage says how many of those who had to be asked answered;
satisfaction is the share among those whose rating counts; the legacy rate counts silence as satisfied, as some
bulletins do, and stands beside the other two so that the difference can be seen. It must never feed a score: it is the
only rate here that silence can raise.

All figures are whole numbers and Decimals. A rate is a ratio of two counts until it is printed; then it is rounded
once, half up. Of nothing there is no rate: n = 0 gives None, which prints as a dash.

>>> month = Tally(closed=103, excluded=3, due=100, on_time=92, to_call=64, called=64, reached=50, rated=86,
...               satisfied=76, neutral=0, dissatisfied=10, solved=41, silent=14, reworked=6)
>>> found = measure(month)
>>> for rate in (found.coverage, found.satisfaction, found.legacy):
...     print(rate.measure.value, rate.numerator, rate.denominator, rate.excluded, rate.percent(2))
coverage 50 64 3 78.13
satisfaction 76 86 3 88.37
legacy 90 100 3 90.00
>>> found.satisfaction.interval(Decimal("0.95"), 1)
Interval(low=Decimal('79.9'), high=Decimal('93.6'))
>>> measure(Tally()).satisfaction.percent(2) is None
True
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from enum import StrEnum
from statistics import NormalDist

EXACT = Context(prec=50, rounding=ROUND_HALF_UP)
ONE, TWO, FOUR, HUNDRED = Decimal(1), Decimal(2), Decimal(4), Decimal(100)


class Measure(StrEnum):
    """The rates that are shown; the portal has a name and a formula in words for each."""

    COVERAGE = "coverage"
    SATISFACTION = "satisfaction"
    LEGACY = "legacy"
    ON_TIME = "on_time"
    SOLVED = "solved"
    REWORK = "rework"


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted over any set of orders: a department's month, a type, a year.

    `closed` counts every closed order, `excluded` those that two people left out of the statistics; all other counts
    leave the excluded out. `due` had a deadline and `on_time` kept it. `to_call` has been called or waits for a call;
    `called` has been dialled, `reached` has answered. `rated` has a rating that counts, the citizen's own or from a
    call, and is satisfied, neutral or dissatisfied. `solved` are those reached who said that it is solved; a partial
    interview that left this open is not among them. `silent` has ended without any rating. `reworked` was returned.
    """

    closed: int = 0
    excluded: int = 0
    due: int = 0
    on_time: int = 0
    to_call: int = 0
    called: int = 0
    reached: int = 0
    rated: int = 0
    satisfied: int = 0
    neutral: int = 0
    dissatisfied: int = 0
    solved: int = 0
    silent: int = 0
    reworked: int = 0

    def __post_init__(self) -> None:
        """Refuse counts that contradict one another: a wrong number is worse than none."""
        sound = (
            all(getattr(self, one.name) >= 0 for one in fields(self))
            and self.satisfied + self.neutral + self.dissatisfied == self.rated
            and self.on_time <= self.due <= self.counted
            and self.solved <= self.reached <= self.called <= self.to_call <= self.counted
            and self.rated + self.silent <= self.counted
            and self.reworked <= self.counted
        )
        if not sound:
            raise ValueError(f"counts contradict one another: {self}")

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together: a district and its streets, two months."""
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def counted(self) -> int:
        """The closed orders that are not excluded."""
        return self.closed - self.excluded

    @property
    def pending(self) -> int:
        """The counted orders that are neither rated nor over: still to be asked."""
        return self.counted - self.rated - self.silent


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true rate plausibly lies, in per cent."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """A ratio of two counts, and how many orders were left out of both by exclusion."""

    measure: Measure
    numerator: int
    denominator: int
    excluded: int

    def percent(self, places: int) -> Decimal | None:
        """Return the rate in per cent, rounded half up once; None when there is nothing to take a rate of."""
        return percent(self.numerator, self.denominator, places)

    def interval(self, confidence: Decimal, places: int) -> Interval | None:
        """Return the Wilson score interval in per cent; None when there is nothing to take a rate of."""
        if self.denominator == 0:
            return None
        low, high = wilson(self.numerator, self.denominator, confidence)
        return Interval(half_up(low * HUNDRED, places), half_up(high * HUNDRED, places))

    def rests_on_too_few(self, too_few: int) -> bool:
        """Whether the base is so small that one order swings the rate."""
        return self.denominator < too_few

    @property
    def may_score(self) -> bool:
        """Whether the rate may feed a score; the one that silence can raise may not."""
        return self.measure != Measure.LEGACY


@dataclass(frozen=True, slots=True)
class Measures:
    """Every rate of a tally. The first three are shown side by side, always."""

    coverage: Rate
    satisfaction: Rate
    legacy: Rate
    on_time: Rate
    solved: Rate
    rework: Rate

    @property
    def all(self) -> tuple[Rate, ...]:
        """Every rate in the order in which it is shown."""
        return (self.coverage, self.satisfaction, self.legacy, self.on_time, self.solved, self.rework)


@dataclass(frozen=True, slots=True)
class Change:
    """How far a rate moved, in percentage points, with an interval; `clear` when the interval leaves out zero."""

    points: Decimal
    interval: Interval
    clear: bool


def measure(tally: Tally) -> Measures:
    """Return the rates of a tally."""

    def rate(kind: Measure, numerator: int, denominator: int) -> Rate:
        return Rate(kind, numerator, denominator, tally.excluded)

    return Measures(
        coverage=rate(Measure.COVERAGE, tally.reached, tally.to_call),
        satisfaction=rate(Measure.SATISFACTION, tally.satisfied, tally.rated),
        legacy=rate(Measure.LEGACY, tally.satisfied + tally.silent, tally.rated + tally.silent),
        on_time=rate(Measure.ON_TIME, tally.on_time, tally.due),
        solved=rate(Measure.SOLVED, tally.solved, tally.reached),
        rework=rate(Measure.REWORK, tally.reworked, tally.counted),
    )


def together(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies: rates are taken of sums, never averaged."""
    return sum(tallies, Tally())


def change(now: Rate, before: Rate, confidence: Decimal, places: int) -> Change | None:
    """Return how far a rate moved since another period; None when either period has nothing to take a rate of.

    The difference is taken before rounding, so it may differ in the last place from the difference of two printed
    rates. The interval is Newcombe's, from the two Wilson intervals.
    """
    if now.denominator == 0 or before.denominator == 0:
        return None
    with localcontext(EXACT):
        p_now, p_before = _share(now), _share(before)
        low_now, high_now = wilson(now.numerator, now.denominator, confidence)
        low_before, high_before = wilson(before.numerator, before.denominator, confidence)
        moved = p_now - p_before
        low = moved - ((p_now - low_now) ** 2 + (high_before - p_before) ** 2).sqrt()
        high = moved + ((high_now - p_now) ** 2 + (p_before - low_before) ** 2).sqrt()
        shown = Interval(half_up(low * HUNDRED, places), half_up(high * HUNDRED, places))
        return Change(half_up(moved * HUNDRED, places), shown, clear=not low <= 0 <= high)


def percent(numerator: int, denominator: int, places: int) -> Decimal | None:
    """Return a ratio in per cent, rounded half up once, in whole numbers throughout; None of nothing."""
    if denominator == 0:
        return None
    if not 0 <= numerator <= denominator:
        raise ValueError("a rate has a part and a whole")
    scaled = 2 * numerator * 100 * 10**places + denominator
    return Decimal(scaled // (2 * denominator)).scaleb(-places, EXACT)


def half_up(value: Decimal, places: int) -> Decimal:
    """Return a number rounded half up, ties away from zero, to so many decimals."""
    return value.quantize(ONE.scaleb(-places), rounding=ROUND_HALF_UP, context=EXACT)


def wilson(numerator: int, denominator: int, confidence: Decimal) -> tuple[Decimal, Decimal]:
    """Return Wilson's score interval (1927) for a share, as two numbers between 0 and 1."""
    if not 0 <= numerator <= denominator or denominator == 0:
        raise ValueError("an interval needs a part and a whole")
    with localcontext(EXACT):
        z = Decimal(NormalDist().inv_cdf(float((ONE + confidence) / TWO)))
        n, share, square = Decimal(denominator), Decimal(numerator) / Decimal(denominator), z * z
        middle = share + square / (TWO * n)
        reach = z * (share * (ONE - share) / n + square / (FOUR * n * n)).sqrt()
        low = Decimal(0) if numerator == 0 else (middle - reach) / (ONE + square / n)
        high = ONE if numerator == denominator else (middle + reach) / (ONE + square / n)
        return low, high


def _share(rate: Rate) -> Decimal:
    return Decimal(rate.numerator) / Decimal(rate.denominator)
