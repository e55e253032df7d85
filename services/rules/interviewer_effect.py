"""How much of the difference between answers goes with who asked: the interviewer effect of a telephone survey.

Cases are handed out in random order within a priority, so that agents speak to citizens who do not differ beforehand.
What their answers still differ by agent is then the agents' doing: the way of asking, or of writing down. The measure
is the intraclass correlation of an analysis of variance for groups of unequal size; the design effect (Kish) says by
what factor it widens every interval of a figure that pools the agents; the chi-square test says whether chance alone
would explain it. It is a figure of the survey as a whole and says nothing about any one agent.

>>> found = of_shares([Share(41, 50), Share(55, 70), Share(38, 45), Share(60, 66), Share(20, 40)])
>>> round(found.icc, 3), found.size.value
(0.106, 'large')
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy import special

from services.rules.funnel import Share

LEVEL = 0.05
SMALL, LARGE = 0.02, 0.05
"""In telephone surveys the correlation is mostly below 0.02 (Groves 1989, Survey Errors and Survey Costs, ch. 8); what
counts as large is an assumption."""


class Size(StrEnum):
    """How large an effect is, in a word: none that chance would not explain, or small, moderate, large."""

    NONE = "none"
    SMALL = "small"
    MODERATE = "moderate"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Group:
    """The values of one agent, as far as an analysis of variance needs them."""

    n: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class Variance:
    """Variance between groups and within them, and the mean size of a group that takes account of unequal ones."""

    between: float
    within: float
    typical: float

    @property
    def icc(self) -> float:
        """The share of the variance that lies between groups; never below nought."""
        whole = self.between + self.within
        return max(0.0, self.between / whole) if whole > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Effect:
    """The interviewer effect over so many agents and answers; `p` is the chance of differences as large by chance."""

    agents: int
    answers: int
    icc: float
    design_effect: float
    chi_square: float
    p: float

    @property
    def size(self) -> Size:
        """Return how large the effect is, in a word."""
        if self.p >= LEVEL or self.icc <= 0:
            return Size.NONE
        if self.icc < SMALL:
            return Size.SMALL
        return Size.MODERATE if self.icc < LARGE else Size.LARGE


def analysed(groups: Sequence[Group]) -> Variance | None:
    """Return the analysis of variance of one factor; None where there is nothing to analyse."""
    count, n = len(groups), sum(group.n for group in groups)
    if count < 2 or n <= count:
        return None
    mean = sum(group.total for group in groups) / n
    between = sum(group.total**2 / group.n for group in groups) - n * mean**2
    within = sum(group.squares - group.total**2 / group.n for group in groups)
    typical = (n - sum(group.n**2 for group in groups) / n) / (count - 1)
    mean_between, mean_within = between / (count - 1), within / (n - count)
    return Variance((mean_between - mean_within) / typical, mean_within, typical)


def of_shares(shares: Sequence[Share]) -> Effect | None:
    """Return the effect on an answer that is given or not; None where all answers are the same, or too few agents."""
    asked = [share for share in shares if share.n]
    found = analysed([Group(share.n, share.events, share.events) for share in asked])
    whole = sum(asked, Share(0, 0))
    if found is None or whole.events in (0, whole.n):
        return None
    rate = whole.events / whole.n
    chi_square = sum((share.events - share.n * rate) ** 2 / (share.n * rate * (1 - rate)) for share in asked)
    return Effect(
        agents=len(asked),
        answers=whole.n,
        icc=found.icc,
        design_effect=1 + (whole.n / len(asked) - 1) * found.icc,
        chi_square=chi_square,
        p=float(special.chdtrc(len(asked) - 1, chi_square)),
    )
