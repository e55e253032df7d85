"""Net promoter score: how many more would recommend a service than warn of it.

The question is answered from 0 to 10. Promoters say 9 or 10, passives 7 or 8, detractors 0 to 6; the score is the share
of promoters less the share of detractors among those who answered (F. F. Reichheld, The One Number You Need to Grow,
Harvard Business Review, December 2003). Who left the question empty answered nothing: not a promoter, not anything.

>>> found = recommended([10, 9, 8, 6, None])
>>> found
Recommended(promoters=2, passives=1, detractors=1, blank=1)
>>> found.answered, found.score
(4, Fraction(25, 1))
>>> recommended([None]).score is None
True
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

LEAST, PASSIVE, PROMOTER, MOST = 0, 7, 9, 10


@dataclass(frozen=True, slots=True)
class Recommended:
    """How many would recommend, would not, or did not say."""

    promoters: int
    passives: int
    detractors: int
    blank: int

    @property
    def answered(self) -> int:
        """Everybody who gave a number."""
        return self.promoters + self.passives + self.detractors

    @property
    def score(self) -> Fraction | None:
        """The score in points from -100 to 100, exact; None where nobody answered."""
        return Fraction(100 * (self.promoters - self.detractors), self.answered) if self.answered else None


def recommended(answers: Iterable[int | None]) -> Recommended:
    """Count answers from 0 to 10, None where there is none; raises ValueError for a number off the scale."""
    promoters = passives = detractors = blank = 0
    for answer in answers:
        if answer is None:
            blank += 1
        elif not LEAST <= answer <= MOST:
            raise ValueError("whether a service is recommended is answered from 0 to 10")
        elif answer >= PROMOTER:
            promoters += 1
        elif answer >= PASSIVE:
            passives += 1
        else:
            detractors += 1
    return Recommended(promoters, passives, detractors, blank)
