"""The rule set: what a city decided, as a document with an effective date.

`parse` takes the document as a mapping (the loader reads the file or the column) and either returns a frozen RuleSet
or raises Invalid with every problem at once, keyed by its path in the document. Every value stands with its source,
and says whether it is an assumption. There are no floating-point numbers in a document: a decimal is written as text,
so that the canonical form (RFC 8785) and its SHA-256 fingerprint are the same wherever they are computed.

>>> import tomllib
>>> from importlib.resources import files
>>> shipped = tomllib.loads(files("services.rules").joinpath("guangzhou_default.toml").read_text("utf-8"))
>>> rules = parse(shipped)
>>> rules.name, rules.deadline("complaint").value, rules.deadline("complaint").assumption
('guangzhou/1', 15, True)
>>> rules.satisfaction("five", "basically_satisfied").value, rules.satisfaction("four", "understands").value
('satisfied', 'neutral')
>>> try:
...     parse({**shipped, "version": "two", "max_rounds": {"value": 0, "source": "", "assumption": True}})
... except Invalid as refused:
...     print(refused.problems)
{'version': 'not_a_version', 'max_rounds': 'out_of_range', 'max_rounds.source': 'required'}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from db.vocabulary import Satisfaction
from services.errors import Invalid, PortalError
from services.rules.document import CODE, Check, Ruled, fingerprint

FORMAT = 1
NUMBERS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "rework_deadline": (1, 250),
        "max_rounds": (1, 9),
        "reason_text_length": (0, 500),
        "too_few": (1, 1000),
        "rate_decimals": (0, 4),
    }
)
MOST_ATTEMPTS = (1, 20)
SECTIONS = frozenset(NUMBERS) | {
    "max_attempts",
    "format",
    "code",
    "version",
    "effective_from",
    "deadlines",
    "scales",
    "call_unrated",
    "confidence",
}
BEST_FIRST = (Satisfaction.SATISFIED, Satisfaction.NEUTRAL, Satisfaction.DISSATISFIED)


@dataclass(frozen=True, slots=True)
class Graded:
    """One grade of a scale and what it counts as."""

    code: str
    counts_as: Satisfaction


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A checked rule set. Days are working days; the grades of a scale stand best first."""

    code: str
    version: int
    effective_from: date
    deadlines: Mapping[str, Ruled[int]]
    rework_deadline: Ruled[int]
    scales: Mapping[str, Ruled[tuple[Graded, ...]]]
    call_unrated: Ruled[bool]
    max_rounds: Ruled[int]
    max_attempts: Ruled[int] | None
    reason_text_length: Ruled[int]
    too_few: Ruled[int]
    rate_decimals: Ruled[int]
    confidence: Ruled[Decimal]
    fingerprint: str

    def deadline(self, order_type: str) -> Ruled[int]:
        """Return the working days for a type of order; raises PortalError where the rule set names none."""
        if order_type not in self.deadlines:
            raise PortalError("error.no_deadline_rule", order_type=order_type, rules=self.name)
        return self.deadlines[order_type]

    def grades(self, scale: str) -> tuple[Graded, ...]:
        """Return the grades of a scale, best first; raises PortalError where the rule set does not know it."""
        if scale not in self.scales:
            raise PortalError("error.unknown_scale", scale=scale, rules=self.name)
        return self.scales[scale].value

    def satisfaction(self, scale: str, grade: str) -> Satisfaction:
        """Return what a raw grade counts as; raises PortalError where the scale has no such grade."""
        for one in self.grades(scale):
            if one.code == grade:
                return one.counts_as
        raise PortalError("error.unknown_grade", scale=scale, grade=grade, rules=self.name)

    @property
    def name(self) -> str:
        """How results name the rule set that they were computed under."""
        return f"{self.code}/{self.version}"

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The paths of the values that rest on an assumption."""
        named: dict[str, Ruled[object]] = {f"deadlines.{key}": one for key, one in self.deadlines.items()}
        named |= {f"scales.{key}": one for key, one in self.scales.items()}
        named |= {key: getattr(self, key) for key in (*NUMBERS, "call_unrated", "confidence")}
        named |= {"max_attempts": self.max_attempts} if self.max_attempts else {}
        return tuple(sorted(path for path, one in named.items() if one.assumption))


def parse(document: Mapping[str, object]) -> RuleSet:
    """Return the rule set that a document describes; raises Invalid with every problem by its path."""
    check = _Check(document)
    check.only(SECTIONS)
    check.format(FORMAT)
    code, version = check.code(), check.version()
    effective_from = check.effective_from()
    deadlines = {key: check.number(f"deadlines.{key}", one, 1, 250) for key, one in check.section("deadlines")}
    scales = {key: check.scale(f"scales.{key}", one) for key, one in check.section("scales")}
    numbers = {key: check.number(key, document.get(key), *limits) for key, limits in NUMBERS.items()}
    call_unrated = check.choice("call_unrated")
    # Earlier rule sets said how often a citizen is called. The callback policy does now; what they said stays readable.
    said = document.get("max_attempts")
    max_attempts = check.number("max_attempts", said, *MOST_ATTEMPTS) if said is not None else None
    confidence = check.confidence("confidence")
    check.finish()
    return RuleSet(
        code=code,
        version=version,
        effective_from=effective_from,
        deadlines=MappingProxyType(deadlines),
        scales=MappingProxyType(scales),
        call_unrated=call_unrated,
        max_attempts=max_attempts,
        confidence=confidence,
        fingerprint=fingerprint(document),
        **numbers,
    )


def in_order(rule_sets: Iterable[RuleSet]) -> tuple[RuleSet, ...]:
    """Return rule sets by the day on which they take effect; raises Invalid when two of them claim the same day."""
    ordered = sorted(rule_sets, key=lambda rules: (rules.effective_from, rules.version))
    days = [rules.effective_from for rules in ordered]
    clashes = {day.isoformat(): "two_rule_sets" for day in days if days.count(day) > 1}
    if clashes:
        raise Invalid(clashes)
    return tuple(ordered)


def effective(rule_sets: Iterable[RuleSet], on: date) -> RuleSet:
    """Return the rule set in force on a day; raises PortalError for a day before the first one."""
    begun = [rules for rules in in_order(rule_sets) if rules.effective_from <= on]
    if not begun:
        raise PortalError("error.no_rule_set", day=on.isoformat())
    return begun[-1]


class _Check(Check):
    """Reads a rule set: what every document has, a confidence level, and scales with their grades."""

    def confidence(self, path: str) -> Ruled[Decimal]:
        entry = self.document.get(path)
        value = self.value(path, entry)
        level = Decimal(0)
        try:
            level = Decimal(value) if isinstance(value, str) else level
        except InvalidOperation:
            self.problem(path, "not_a_number")
        if not isinstance(value, str) or not level.is_finite():
            self.problem(path, "not_a_number")
        elif not Decimal("0.5") <= level <= Decimal("0.999"):
            self.problem(path, "out_of_range")
        return self.ruled(path, entry, level)

    def scale(self, path: str, entry: object) -> Ruled[tuple[Graded, ...]]:
        grades: list[Graded] = []
        for number, one in enumerate(self.listed(path, entry, key="grades")):
            grade = self._grade(f"{path}.grades.{number}", one)
            if grade is not None and grade.code in {earlier.code for earlier in grades}:
                self.problem(f"{path}.grades.{number}", "repeated")
            elif grade is not None:
                grades.append(grade)
        ranks = [BEST_FIRST.index(grade.counts_as) for grade in grades]
        if ranks != sorted(ranks):
            self.problem(path, "better_counts_for_less")
        elif not {0, 2} <= set(ranks):
            self.problem(path, "one_sided")
        return self.ruled(path, entry, tuple(grades))

    def _grade(self, path: str, entry: object) -> Graded | None:
        if not isinstance(entry, Mapping) or set(entry) != {"code", "counts_as"}:
            self.problem(path, "not_a_grade")
            return None
        code, counts_as = entry["code"], entry["counts_as"]
        if not isinstance(code, str) or not CODE.fullmatch(code):
            self.problem(path, "not_a_code")
            return None
        if counts_as not in [one.value for one in Satisfaction]:
            self.problem(path, "unknown_satisfaction")
            return None
        return Graded(code, Satisfaction(str(counts_as)))
