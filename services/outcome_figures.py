"""Outcome rates ready to be shown: each with its numerator, its denominator, its interval and what was left out.

What the figures of units and the figures of agents have in common. A period is told by days, both ends included.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.access import Look
from services.effective import rules_on
from services.errors import Invalid
from services.rules.measures import HUNDRED, Interval, half_up, percent, wilson
from services.rules.outcome_rates import Outcomes, rates

LONGEST_DAYS = 1830
"""Days that one question may span: five years."""


@dataclass(frozen=True, slots=True)
class FigureBasis:
    """The rules that the figures go by, and the values of theirs that shape what is shown."""

    rules: str
    too_few: int
    confidence: Decimal
    places: int


@dataclass(frozen=True, slots=True)
class Part:
    """So many of so many, in per cent, rounded once, with its interval; None of nothing."""

    numerator: int
    denominator: int
    percent: Decimal | None
    interval: Interval | None
    too_few: bool


@dataclass(frozen=True, slots=True)
class OutcomeFigure:
    """One of AAPOR's rates by its name, and how many cases are in no denominator because they are not eligible."""

    name: str
    part: Part
    excluded: int


@dataclass(frozen=True, slots=True)
class OutcomeFigures:
    """What became of some cases, and every rate that follows, from RR1 to CON3."""

    outcomes: Outcomes
    rates: tuple[OutcomeFigure, ...]

    def __getitem__(self, name: str) -> OutcomeFigure:
        """Return the rate of that name; raises KeyError."""
        for one in self.rates:
            if one.name == name:
                return one
        raise KeyError(name)


def basis_of(look: Look, first: date, last: date) -> FigureBasis:
    """Return the rules in force at the end of a period, or today where it is not over; raises Invalid for none."""
    if not 0 <= (last - first).days < LONGEST_DAYS:
        raise Invalid({"period": "not_a_period"})
    rules = rules_on(look, min(last, look.today)).rules
    return FigureBasis(rules.name, rules.too_few.value, rules.confidence.value, rules.rate_decimals.value)


def part_of(numerator: int, denominator: int, basis: FigureBasis) -> Part:
    """Return so many of so many as it is shown."""
    interval = None
    if denominator:
        low, high = wilson(numerator, denominator, basis.confidence)
        interval = Interval(half_up(low * HUNDRED, basis.places), half_up(high * HUNDRED, basis.places))
    share = percent(numerator, denominator, basis.places)
    return Part(numerator, denominator, share, interval, denominator < basis.too_few)


def figures_of(counts: Mapping[str, int], basis: FigureBasis) -> OutcomeFigures:
    """Return every rate of cases that are counted by AAPOR's names of the groups.

    Every unknown case is taken to be eligible (e = 1), so that all numerators and denominators are whole numbers.
    """
    outcomes = Outcomes.of(counts)
    return OutcomeFigures(
        outcomes,
        tuple(
            OutcomeFigure(name, part_of(int(rate.numerator), int(rate.denominator), basis), outcomes.not_eligible)
            for name, rate in rates(outcomes).items()
        ),
    )
