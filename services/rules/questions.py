"""What a questionnaire is made of: questions with their words, branches and limits, and which of them are asked now.

A branch is decided by one function, `asked`, for the judgement and for the screens alike. It goes by `When`: an earlier
question, and the answers of which one must have been given. The documents may say instead what a grade has to count as;
`Condition.under` turns that into grades by the rule set, so that a branch follows the rules and not a table of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeVar

from db.vocabulary import Contacted, Satisfaction, Solved
from services.rules.ruleset import RuleSet

CONTACTED, SOLVED, RESULT, ATTITUDE = "contacted", "solved", "result", "attitude"
WORDS, NOTE, REASONS, DISPOSITION = "words", "note", "reasons", "disposition"
FIXED_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {CONTACTED: tuple(one.value for one in Contacted), SOLVED: tuple(one.value for one in Solved)}
)
RESERVED = frozenset({WORDS, NOTE, REASONS, DISPOSITION})
LONGEST_ANSWER, LONGEST_MATCHED = 2000, 100
"""How long a text may be, and how long where a pattern is tried on it."""
TODAY = "today"
"""The word by which a date is bounded by the day of the call."""

Answer = str | tuple[str, ...] | None
"""What was answered: a code or a text, several codes, or nothing."""


class Kind(StrEnum):
    """In which form a question is answered."""

    SINGLE = "single"
    SEVERAL = "several"
    GRADE = "grade"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"


CHOSEN = frozenset({Kind.SINGLE, Kind.SEVERAL, Kind.GRADE})
"""The kinds that are answered by a choice; branches go by these only."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a questionnaire in both languages; where there are no English ones, the Chinese ones are shown."""

    zh: str
    en: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be chosen. Documents of format 1 name no answers."""

    code: str
    name: Text | None = None


@dataclass(frozen=True, slots=True)
class When:
    """An earlier question, and the answers of which one must have been given."""

    question: str
    one_of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as a document writes it: one of these answers, or a grade that counts as one of these."""

    question: str
    equals: tuple[str, ...] = ()
    graded: tuple[Satisfaction, ...] = ()

    def under(self, rules: RuleSet, scale: str | None) -> When:
        """Return the answers that are meant, `scale` being that of the earlier question."""
        if not self.graded:
            return When(self.question, frozenset(self.equals))
        grades = rules.grades(scale) if scale is not None else ()
        return When(self.question, frozenset(one.code for one in grades if one.counts_as in self.graded))


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer must keep to; each of them for the kinds to which it means something."""

    least: Decimal | date | None = None
    most: Decimal | date | None = None
    most_today: bool = False
    decimals: int = 0
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    most_choices: int | None = None
    not_before: str | None = None
    not_after: str | None = None

    @property
    def room(self) -> int:
        """How many characters a text may have."""
        return self.longest or (LONGEST_MATCHED if self.pattern else LONGEST_ANSWER)


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its choices, or with the scale on which it is graded; `needed` for a complete interview."""

    code: str
    kind: Kind
    choices: tuple[Choice, ...]
    scale: str | None
    needed: bool
    asked_if: tuple[Condition, ...] = ()
    required_if: tuple[Condition, ...] = ()
    limits: Limits = NO_LIMITS
    ask: Text | None = None
    help: Text | None = None
    script: Text | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The answers that can be chosen, where they do not stand on a scale."""
        return tuple(choice.code for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """The questions of a callback in the order in which they are asked.

    `satisfaction` is the graded question that decides; a draft has no `effective_from`.
    """

    code: str
    version: int
    effective_from: date | None
    questions: tuple[Question, ...]
    fingerprint: str
    satisfaction: str = RESULT
    title: Text | None = None
    script: Text | None = None
    source: str | None = None

    def question(self, code: str) -> Question | None:
        """Return a question by its code."""
        return next((one for one in self.questions if one.code == code), None)

    def under(self, rules: RuleSet, conditions: Iterable[Condition]) -> tuple[When, ...]:
        """Return conditions as the rule set reads them."""
        scales = {one.code: one.scale for one in self.questions}
        return tuple(one.under(rules, scales.get(one.question)) for one in conditions)


class Branching(Protocol):
    """A question as far as its branch is concerned."""

    @property
    def code(self) -> str: ...
    @property
    def asked_if(self) -> Sequence[When]: ...


B = TypeVar("B", bound=Branching)


def asked(questions: Iterable[B], answers: Mapping[str, Answer]) -> tuple[B, ...]:
    """Return the questions that are asked, given the answers so far, in their order.

    An answer to a question that is not asked itself opens nothing: who goes back and changes an answer closes
    everything that hung on it.
    """
    found: list[B] = []
    given: dict[str, Answer] = {}
    for question in questions:
        if met(question.asked_if, given):
            found.append(question)
            given[question.code] = answers.get(question.code)
    return tuple(found)


def met(conditions: Sequence[When], answers: Mapping[str, Answer]) -> bool:
    """Say whether all conditions hold for the answers given."""
    return all(not one.one_of.isdisjoint(chosen(answers.get(one.question))) for one in conditions)


def chosen(answer: Answer) -> tuple[str, ...]:
    """Return the codes of an answer, however many there are; several are stored with a comma between them."""
    parts = answer.split(",") if isinstance(answer, str) else answer or ()
    return tuple(dict.fromkeys(part for part in parts if part))
