"""What one callback amounts to: the questions, what a visit must hold, and the verdict.

A call that was answered in full (disposition 1.1) answers every question that the questionnaire needs and that the
answers before it have opened. A partial one (1.2) answers at least the graded question that decides the satisfaction.
Raw answers are kept as they were given; what a grade counts as is read from the scale of the rule set, by its code. A
dissatisfied citizen's reason and own words are written down; nobody else has a reason to give. A call without an answer
holds no answers. The department that says it contacted the citizen, when the citizen says it did not, has earned a
finding, satisfied or not.

`judge` names every problem at once, by field; the problem codes are the members of `Problem`.

>>> import tomllib
>>> from importlib.resources import files
>>> from services.rules import questionnaire, ruleset
>>> def shipped(name):
...     return tomllib.loads(files("services.rules").joinpath(name).read_text("utf-8"))
>>> book = Book(
...     rules=ruleset.parse(shipped("guangzhou_default.toml")),
...     questionnaire=questionnaire.parse(shipped("questionnaires/callback_1.toml")),
...     reasons={"R02": Reason("R02", calls_for_rework=True)},
...     dispositions={"1.1": Disposition("1.1", "I", final=True)},
... )
>>> told = {"contacted": "no", "solved": "unsolved", "result": "dissatisfied", "attitude": "satisfied"}
>>> verdict = judge(Visit("1.1", told, ("R02",), "没有人来过"), book, unit_contacted=True)
>>> verdict.satisfaction.value, verdict.calls_for_rework, verdict.finding.value
('dissatisfied', True, 'contact_denied')
>>> try:
...     judge(Visit("1.1", told), book)
... except Invalid as refused:
...     print(refused.problems)
{'reasons': 'required', 'words': 'required'}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from db.vocabulary import Contacted, FindingKind, Satisfaction, Solved
from services.errors import Invalid
from services.rules import answers as said
from services.rules import questions
from services.rules.answers import Problem
from services.rules.dispositions import Disposition
from services.rules.questions import (
    CONTACTED,
    DISPOSITION,
    NOTE,
    REASONS,
    SOLVED,
    WORDS,
    Answer,
    Question,
    Questionnaire,
)
from services.rules.ruleset import RuleSet

LONGEST_WORDS, LONGEST_NOTE = 2000, 500
NOT_CONTACTED = "R01"
"""The reason that goes with a denied contact: the citizen was not contacted."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for dissatisfaction, as far as rules care; a heading groups reasons and is not one."""

    code: str
    attributable: bool = True
    calls_for_rework: bool = False
    needs_text: bool = False
    heading: bool = False
    retired: bool = False
    order_types: frozenset[str] | None = None
    grades: frozenset[str] | None = None

    def fits(self, order_type: str | None, grade: str | None) -> bool:
        """Say whether it may be given for an order of a type and a grade; None means every one, or one not known."""
        of_type = self.order_types is None or order_type is None or order_type in self.order_types
        return of_type and (self.grades is None or grade is None or grade in self.grades)


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that a visit is judged by: the rule set, the questionnaire and the code lists, by code."""

    rules: RuleSet
    questionnaire: Questionnaire
    reasons: Mapping[str, Reason]
    dispositions: Mapping[str, Disposition]


@dataclass(frozen=True, slots=True)
class Visit:
    """One call as the agent wrote it down. Nothing is filled in beforehand: what was not asked is not there.

    `suggested` are the reasons that were proposed to the agent and taken.
    """

    disposition: str | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    reasons: Sequence[str] = ()
    words: str | None = None
    note: str | None = None
    suggested: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a visit amounts to. `satisfaction` is None exactly when the citizen did not answer."""

    disposition: Disposition
    answers: Mapping[str, str]
    satisfaction: Satisfaction | None
    scale: str | None
    grade: str | None
    contacted: Contacted | None
    solved: Solved | None
    reasons: tuple[str, ...]
    words: str | None
    note: str | None
    calls_for_rework: bool
    attributable: bool
    finding: FindingKind | None
    suggested: tuple[str, ...] = ()

    @property
    def reached(self) -> bool:
        """Whether the citizen answered the question that counts."""
        return self.disposition.interview


def judge(
    visit: Visit,
    book: Book,
    *,
    unit_contacted: bool | None = None,
    order_type: str | None = None,
    today: date | None = None,
) -> Verdict:
    """Return what a visit amounts to; `unit_contacted` is the department's own claim to have contacted the citizen.

    `order_type` limits the reasons, and `today` the dates that may not lie in the future.
    Raises Invalid with every problem by its field: disposition, note, reasons, words, or the code of a question.
    """
    problems: dict[str, Problem] = {}
    words, note = _text(visit.words), _text(visit.note)
    disposition = _disposition(visit.disposition, note, book, problems)
    answers = said.checked(visit.answers, book.questionnaire, book.rules, today, problems)
    decides = book.questionnaire.satisfaction
    grade = answers.get(decides)
    reasons = _reasons(visit.reasons, book, order_type, grade if isinstance(grade, str) else None, problems)
    satisfaction = None
    if disposition is not None and disposition.interview:
        _needed(disposition, answers, book, problems)
        satisfaction = _satisfaction(answers, book, problems)
        if satisfaction is not None:
            _why(satisfaction, reasons, words, book.rules, problems)
    elif disposition is not None:
        filled = [*answers, *([REASONS] if visit.reasons else []), *([WORDS] if words else [])]
        problems |= dict.fromkeys(filled, Problem.NOT_REACHED)
    for name, text, most in ((WORDS, words, LONGEST_WORDS), (NOTE, note, LONGEST_NOTE)):
        if text is not None and len(text) > most:
            problems.setdefault(name, Problem.TOO_LONG)
    if problems or disposition is None:
        raise Invalid({name: problem.value for name, problem in problems.items()})
    stored = {code: said.stored(answer) for code, answer in answers.items()}
    contacted = Contacted(stored[CONTACTED]) if CONTACTED in stored else None
    graded = book.questionnaire.question(decides) if decides in stored else None
    given = tuple(reason.code for reason in reasons)
    return Verdict(
        disposition=disposition,
        answers=MappingProxyType(stored | ({WORDS: words} if words else {})),
        satisfaction=satisfaction,
        scale=graded.scale if graded else None,
        grade=stored.get(decides),
        contacted=contacted,
        solved=Solved(stored[SOLVED]) if SOLVED in stored else None,
        reasons=given,
        words=words,
        note=note,
        calls_for_rework=any(reason.calls_for_rework for reason in reasons),
        attributable=any(reason.attributable for reason in reasons),
        finding=FindingKind.CONTACT_DENIED if denies_contact(answers, unit_contacted) else None,
        suggested=tuple(code for code in given if code in visit.suggested),
    )


def denies_contact(answers: Mapping[str, Answer], unit_contacted: bool | None) -> bool:
    """Say whether the citizen says it was not contacted where the department says it was.

    A finding by itself, whatever else was answered; and where a reason is asked for, it proposes NOT_CONTACTED.
    """
    return bool(unit_contacted) and answers.get(CONTACTED) == Contacted.NO


def asked(book: Book, answers: Mapping[str, Answer]) -> tuple[Question, ...]:
    """Return the questions that are asked now, given the answers so far."""
    found = questions.asked(said.branches(book.questionnaire, book.rules), answers)
    return tuple(one.question for one in found)


def _text(written: str | None) -> str | None:
    """Return what was written without the space around it, or None where nothing was."""
    return (written or "").strip() or None


def _disposition(code: str | None, note: str | None, book: Book, problems: dict[str, Problem]) -> Disposition | None:
    disposition = book.dispositions.get(code) if code else None
    if not code:
        problems[DISPOSITION] = Problem.REQUIRED
    elif disposition is None:
        problems[DISPOSITION] = Problem.UNKNOWN
    elif disposition.retired:
        problems[DISPOSITION] = Problem.RETIRED
    elif not disposition.is_call:
        problems[DISPOSITION] = Problem.NOT_A_CALL
    elif disposition.note_required and note is None:
        problems[NOTE] = Problem.REQUIRED
    return disposition


def _reasons(
    codes: Sequence[str], book: Book, order_type: str | None, grade: str | None, problems: dict[str, Problem]
) -> tuple[Reason, ...]:
    """Return the reasons once each, in the order in which they were given."""
    reasons = []
    for code in dict.fromkeys(codes):
        reason = book.reasons.get(code)
        if reason is None:
            problems.setdefault(REASONS, Problem.UNKNOWN)
        elif reason.retired:
            problems.setdefault(REASONS, Problem.RETIRED)
        elif reason.heading:
            problems.setdefault(REASONS, Problem.HEADING)
        elif not reason.fits(order_type, grade):
            problems.setdefault(REASONS, Problem.NOT_FOR_THIS)
        else:
            reasons.append(reason)
    return tuple(reasons)


def _needed(disposition: Disposition, answers: Mapping[str, Answer], book: Book, problems: dict[str, Problem]) -> None:
    """Hold the answers against the disposition: complete means complete, and partial means that which decides."""
    missing = [code for code in said.required(answers, book.questionnaire, book.rules) if code not in answers]
    if disposition.complete:
        for code in missing:
            problems.setdefault(code, Problem.REQUIRED)
    elif not missing:
        problems.setdefault(DISPOSITION, Problem.IS_COMPLETE)
    elif book.questionnaire.satisfaction in missing:
        problems.setdefault(book.questionnaire.satisfaction, Problem.REQUIRED)


def _satisfaction(answers: Mapping[str, Answer], book: Book, problems: Mapping[str, Problem]) -> Satisfaction | None:
    decides = book.questionnaire.satisfaction
    question, grade = book.questionnaire.question(decides), answers.get(decides)
    if question is None or question.scale is None or not isinstance(grade, str) or decides in problems:
        return None
    return book.rules.satisfaction(question.scale, grade)


def _why(
    satisfaction: Satisfaction,
    reasons: Sequence[Reason],
    words: str | None,
    rules: RuleSet,
    problems: dict[str, Problem],
) -> None:
    """Ask a dissatisfied citizen's reason and words, and nobody else's reason."""
    if satisfaction != Satisfaction.DISSATISFIED:
        if reasons:
            problems.setdefault(REASONS, Problem.NOT_DISSATISFIED)
        return
    if not reasons:
        problems.setdefault(REASONS, Problem.REQUIRED)
    if words is None:
        problems.setdefault(WORDS, Problem.REQUIRED)
    elif any(reason.needs_text for reason in reasons) and len(words) < rules.reason_text_length.value:
        problems.setdefault(WORDS, Problem.TOO_SHORT)
