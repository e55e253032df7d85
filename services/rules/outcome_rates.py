"""AAPOR's outcome rates: what became of the cases that were to be called, each rate as a numerator over a denominator.

AAPOR, Standard Definitions, 9th edition (2016), of the cases by the final group of each:

    I   complete interviews              UH  not attempted, or unknown whether there is anybody to ask
    P   partial interviews               UO  unknown, other
    R   refusals and break-offs          NE  not eligible: in no denominator
    NC  non-contacts                     e   the share of the unknown cases that is taken to be eligible
    O   other eligible non-interviews

    known = (I + P) + (R + NC + O)       all = known + (UH + UO)          likely = known + e (UH + UO)

    response      RR1 = I / all               RR3 = I / likely            RR5 = I / known
                  RR2 = (I + P) / all         RR4 = (I + P) / likely      RR6 = (I + P) / known
    cooperation   COOP1 = I / ((I + P) + R + O)                           COOP3 = I / ((I + P) + R)
                  COOP2 = (I + P) / ((I + P) + R + O)                     COOP4 = (I + P) / ((I + P) + R)
    refusal       REF1 = R / all              REF2 = R / likely           REF3 = R / known
    contact       CON1 = ((I + P) + R + O) / all, CON2 = ... / likely, CON3 = ... / known

Every order names a citizen and was closed: each unknown case is taken to be eligible (e = 1), so that RR3 equals RR1
and no rate rises because a case stayed unknown. Other values of e can be asked for.

The location rates LOC1 and LOC2 are left out: they are not AAPOR's but of Valliant, Dever and Kreuter, and say how many
households of a random sample were found. Here every case was found before the first call.

Numbers are exact fractions. What has nothing in its denominator is None, never zero.

>>> found = rates(Outcomes(5, 3, 2, 1, 2, 1, 1, 1))
>>> found["RR1"].value, found["COOP4"].value, found["CON1"].numerator, found["CON1"].denominator
(Fraction(1, 3), Fraction(4, 5), Fraction(12, 1), Fraction(15, 1))
>>> rates(Outcomes(5, 3, 2, 1, 2, 1, 1, 1), e=Fraction(1, 2))["RR3"].value
Fraction(5, 14)
>>> print(rates(Outcomes())["RR1"].value)
None
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from fractions import Fraction
from types import MappingProxyType

from services.errors import Invalid

GROUPS = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")
"""AAPOR's names of the groups, in the order of the fields of `Outcomes`."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many cases ended in each group. The fields stand in AAPOR's order: I, P, R, NC, O, UH, UO, NE."""

    complete: int = 0
    partial: int = 0
    refused: int = 0
    non_contact: int = 0
    other: int = 0
    unknown_household: int = 0
    unknown_other: int = 0
    not_eligible: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Outcomes":
        """Make outcomes from counts by AAPOR's names of the groups; raises Invalid for a name that is none."""
        unknown = {group: "unknown" for group in counts if group not in GROUPS}
        if unknown:
            raise Invalid(unknown)
        return cls(*(counts.get(group, 0) for group in GROUPS))

    @property
    def cases(self) -> int:
        """All cases, the ineligible ones included."""
        return sum(astuple(self))


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate, exact; whole numbers above and below unless e is a fraction."""

    numerator: Fraction
    denominator: Fraction

    @property
    def value(self) -> Fraction | None:
        """The rate itself, None where there is nothing that it could be a share of."""
        return self.numerator / self.denominator if self.denominator else None


def rates(outcomes: Outcomes, e: Fraction = Fraction(1)) -> Mapping[str, Rate]:
    """Return every rate by its name, from RR1 to CON3; raises Invalid where e is not between 0 and 1."""
    if not 0 <= e <= 1:
        raise Invalid({"e": "out_of_range"})
    interviews = outcomes.complete + outcomes.partial
    asked = interviews + outcomes.refused
    contacted = asked + outcomes.other
    known = contacted + outcomes.non_contact
    unknown = outcomes.unknown_household + outcomes.unknown_other
    cases: tuple[int | Fraction, ...] = (known + unknown, known + e * unknown, known)
    shares: dict[str, tuple[int | Fraction, int | Fraction]] = {}
    for number, base in enumerate(cases, start=1):
        shares[f"RR{2 * number - 1}"] = (outcomes.complete, base)
        shares[f"RR{2 * number}"] = (interviews, base)
    for number, base in enumerate((contacted, asked), start=1):
        shares[f"COOP{2 * number - 1}"] = (outcomes.complete, base)
        shares[f"COOP{2 * number}"] = (interviews, base)
    shares |= {f"REF{number}": (outcomes.refused, base) for number, base in enumerate(cases, start=1)}
    shares |= {f"CON{number}": (contacted, base) for number, base in enumerate(cases, start=1)}
    return MappingProxyType({name: Rate(Fraction(above), Fraction(below)) for name, (above, below) in shares.items()})
