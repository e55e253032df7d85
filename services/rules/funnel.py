"""Fair comparison of agents: what was observed, what their mix of cases lets expect, and how far chance alone reaches.

Indirect standardisation: every stratum (a type of order, urgent or not) has one rate over all agents together; what an
agent's own cases would give at these rates is the expected number, and observed over expected times the overall rate is
the adjusted rate. Adjusted rates are drawn as a funnel (Spiegelhalter 2005): limits that are wide for few cases and
narrow for many. Inside them nothing distinguishes an agent from chance; outside, somebody should look, and no more.

Where agents differ more than chance would have it even when nothing is wrong with any of them, the limits are widened
by what they differ (over-dispersion, additive, after winsorising a tenth at either end).

Numbers are exact until a limit is taken; limits are floating, for they come from distributions.

>>> mixed = adjusted({"A": {"plain": Share(9, 10)}, "B": {"plain": Share(6, 10), "urgent": Share(2, 10)}})
>>> [(name, one.events, one.expected, one.rate) for name, one in mixed.items()]
[('A', 9, Fraction(15, 2), Fraction(17, 25)), ('B', 8, Fraction(19, 2), Fraction(136, 285))]
>>> [round(limit, 3) for limit in exact_limits(100, Fraction(17, 20), OUTER)]
[0.725, 0.945]
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import asin, pi, sin, sqrt
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from scipy import special

K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=Hashable)

INNER, OUTER = 0.025, 0.001
"""What lies beyond a limit on either side by chance: the 95 % limits, and the 99.8 % limits."""
TRIM = 0.1
LEAST_GROUPS = 5
"""Of fewer agents nobody can say how much agents differ; their limits are those of chance alone."""

Limits = tuple[float, float]


class Place(StrEnum):
    """Where a point of the funnel lies: among the others, outside the inner limits, or outside the outer ones."""

    AMONG = "among"
    LOW = "low"
    HIGH = "high"
    VERY_LOW = "very_low"
    VERY_HIGH = "very_high"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    events: int
    n: int

    def __add__(self, other: "Share") -> "Share":
        return Share(self.events + other.events, self.n + other.n)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What one agent had, what the same cases gave everybody together, and the rate that follows; at most one."""

    events: int
    n: int
    expected: Fraction
    overall: Fraction

    @property
    def ratio(self) -> Fraction | None:
        """Observed over expected; None where nothing was to be expected."""
        return self.events / self.expected if self.expected else None

    @property
    def rate(self) -> Fraction | None:
        """The adjusted rate: the ratio times the overall rate, which a ratio above it cannot raise beyond one."""
        return None if self.ratio is None else min(Fraction(1), self.ratio * self.overall)


@dataclass(frozen=True, slots=True)
class Spread:
    """How much the groups differ: `phi` is one where by chance alone, `tau2` the variance between them beyond it."""

    target: float
    phi: float
    tau2: float


@dataclass(frozen=True, slots=True)
class Point:
    """One agent in the funnel, with the limits for that many cases."""

    of: Adjusted
    inner: Limits
    outer: Limits
    place: Place


def adjusted(groups: Mapping[K, Mapping[S, Share]]) -> dict[K, Adjusted]:
    """Return each group adjusted to the mix of all groups together; a group without cases is left out."""
    strata: dict[S, Share] = {}
    for shares in groups.values():
        for stratum, share in shares.items():
            strata[stratum] = strata.get(stratum, Share(0, 0)) + share
    whole = sum(strata.values(), Share(0, 0))
    found = {}
    for group, shares in groups.items():
        own = sum(shares.values(), Share(0, 0))
        if own.n:
            parts = (share.n * Fraction(strata[key].events, strata[key].n) for key, share in shares.items() if share.n)
            found[group] = Adjusted(own.events, own.n, sum(parts, Fraction(0)), Fraction(whole.events, whole.n))
    return found


def funnel(groups: Mapping[K, Adjusted]) -> tuple[dict[K, Point], Spread | None]:
    """Return every group's place in the funnel, and how much the groups differ where that can be said."""
    placed = {group: one for group, one in groups.items() if one.rate is not None}
    spread = None
    if len(placed) >= LEAST_GROUPS:
        spread = dispersion([(float(one.rate or 0) * one.n, one.n) for one in placed.values()])
    points = {}
    for group, one in placed.items():
        [(_, inner, outer)] = curve(one.overall, spread, [one.n])
        points[group] = Point(one, inner, outer, _place(float(one.rate or 0), inner, outer))
    return points, spread


def curve(overall: Fraction, spread: Spread | None, sizes: Iterable[int]) -> list[tuple[int, Limits, Limits]]:
    """Return the limits for so many cases each, the inner and the outer ones: the lines of a funnel."""
    return [(n, _widest(n, overall, INNER, spread), _widest(n, overall, OUTER, spread)) for n in sizes]


def exact_limits(n: int, target: Fraction, tail: float) -> Limits:
    """Return the binomial limits around a target, interpolated between the two nearest counts."""
    return _interpolated(n, float(target), tail), _interpolated(n, float(target), 1 - tail)


def dispersion(groups: Sequence[tuple[float, int]]) -> Spread:
    """Return how much the rates of groups (events, n) differ beyond chance, on the arcsine scale, winsorised."""
    target = sum(events for events, _ in groups) / sum(n for _, n in groups)
    errors = np.array([_error(n) for _, n in groups])
    found = np.array([asin(sqrt(min(1.0, events / n))) for events, n in groups])
    scores = (found - asin(sqrt(target))) / errors
    kept = np.clip(scores, *np.quantile(scores, [TRIM, 1 - TRIM]))
    phi = float(np.sum(kept**2)) / len(groups)
    weights = 1 / errors**2
    between = len(groups) * phi - (len(groups) - 1)
    tau2 = max(0.0, between / float(weights.sum() - (weights**2).sum() / weights.sum()))
    return Spread(target, phi, tau2)


def spread_limits(n: int, spread: Spread, tail: float) -> Limits:
    """Return the limits for groups that differ beyond chance; beyond either end of the scale there is no limit."""
    reach = NormalDist().inv_cdf(1 - tail) * sqrt(_error(n) ** 2 + spread.tau2)
    middle = asin(sqrt(spread.target))
    low, high = max(0.0, middle - reach), min(pi / 2, middle + reach)
    return sin(low) ** 2, sin(high) ** 2


def ratio_interval(events: int, expected: Fraction, tail: float = INNER) -> Limits:
    """Return the exact interval (Garwood) of observed over expected."""
    low = float(special.gammaincinv(events, tail)) / float(expected) if events else 0.0
    return low, float(special.gammaincinv(events + 1, 1 - tail)) / float(expected)


# ---------------------------------------------------------------------------------------------------------------------


def _error(n: int) -> float:
    return 1 / (2 * sqrt(n))


def _interpolated(n: int, target: float, share: float) -> float:
    if target in (0.0, 1.0):
        return target
    reached = special.bdtr(np.arange(n + 1), n, target)
    count = int(np.searchsorted(reached, share))
    before = float(reached[count - 1]) if count else 0.0
    step = float(reached[count]) - before
    back = (float(reached[count]) - share) / step if step else 0.0
    return min(1.0, max(0.0, (count - back) / n))


def _widest(n: int, target: Fraction, tail: float, spread: Spread | None) -> Limits:
    """Chance alone sets the limits; a spread that was found may widen them and never narrows them."""
    low, high = exact_limits(n, target, tail)
    if spread is None or not spread.tau2:
        return low, high
    wide_low, wide_high = spread_limits(n, spread, tail)
    return min(low, wide_low), max(high, wide_high)


def _place(rate: float, inner: Limits, outer: Limits) -> Place:
    for limits, places in ((outer, (Place.VERY_LOW, Place.VERY_HIGH)), (inner, (Place.LOW, Place.HIGH))):
        for outside, place in zip((rate < limits[0], rate > limits[1]), places, strict=True):
            if outside:
                return place
    return Place.AMONG
