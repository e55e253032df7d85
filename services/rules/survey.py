"""What one callback amounts to: the questions, what a visit must hold, and the verdict.

A call that was answered in full (disposition 1.1) answers every needed question of the questionnaire: did the
department contact you, is it solved, how satisfied are you with the result, and with the manner. A partial one (1.2)
answers at least the result, which alone decides the satisfaction. A dissatisfied citizen's reason and own words are
written down; nobody else has a reason to give. A call without an answer holds no answers. The department that says it
contacted the citizen, when the citizen says it did not, has earned a finding, satisfied or not.

`judge` names every problem at once, by field; the problem codes are the members of `Problem`.

>>> import tomllib
>>> from importlib.resources import files
>>> from services.rules import questionnaire, ruleset
>>> def shipped(name):
...     return tomllib.loads(files("services.rules").joinpath(name).read_text("utf-8"))
>>> book = Book(
...     rules=ruleset.parse(shipped("guangzhou_default.toml")),
...     questionnaire=questionnaire.parse(shipped("callback_questionnaire.toml")),
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
from enum import StrEnum
from types import MappingProxyType

from db.vocabulary import Contacted, FindingKind, Satisfaction, Solved
from services.errors import Invalid
from services.rules.dispositions import Disposition
from services.rules.questionnaire import CONTACTED, DISPOSITION, NOTE, REASONS, RESULT, SOLVED, WORDS, Questionnaire
from services.rules.ruleset import RuleSet

LONGEST_WORDS, LONGEST_NOTE = 2000, 500


class Problem(StrEnum):
    """Everything that may be wrong with one field of a visit."""

    REQUIRED = "required"
    UNKNOWN = "unknown"
    RETIRED = "retired"
    HEADING = "heading"
    NOT_A_CALL = "not_a_call"
    NOT_REACHED = "not_reached"
    IS_COMPLETE = "is_complete"
    NOT_DISSATISFIED = "not_dissatisfied"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason for dissatisfaction, as far as rules care; a heading groups reasons and is not one."""

    code: str
    attributable: bool = True
    calls_for_rework: bool = False
    needs_text: bool = False
    heading: bool = False
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that a visit is judged by: the rule set, the questionnaire and the code lists, by code."""

    rules: RuleSet
    questionnaire: Questionnaire
    reasons: Mapping[str, Reason]
    dispositions: Mapping[str, Disposition]


@dataclass(frozen=True, slots=True)
class Visit:
    """One call as the agent wrote it down. Nothing is filled in beforehand: what was not asked is not there."""

    disposition: str | None = None
    answers: Mapping[str, str | None] = field(default_factory=dict)
    reasons: Sequence[str] = ()
    words: str | None = None
    note: str | None = None


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

    @property
    def reached(self) -> bool:
        """Whether the citizen answered the question that counts."""
        return self.disposition.interview


def judge(visit: Visit, book: Book, *, unit_contacted: bool | None = None) -> Verdict:
    """Return what a visit amounts to; `unit_contacted` is the department's own claim to have contacted the citizen.

    Raises Invalid with every problem by its field: disposition, note, reasons, words, or the code of a question.
    """
    problems: dict[str, Problem] = {}
    words, note = _text(visit.words), _text(visit.note)
    disposition = _disposition(visit.disposition, note, book, problems)
    answers = _answers(visit.answers, book, problems)
    reasons = _reasons(visit.reasons, book, problems)
    satisfaction = None
    if disposition is not None and disposition.interview:
        _needed(disposition, answers, book.questionnaire, problems)
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
    contacted = Contacted(answers[CONTACTED]) if CONTACTED in answers else None
    graded = book.questionnaire.question(RESULT) if RESULT in answers else None
    return Verdict(
        disposition=disposition,
        answers=MappingProxyType(answers | ({WORDS: words} if words else {})),
        satisfaction=satisfaction,
        scale=graded.scale if graded else None,
        grade=answers.get(RESULT),
        contacted=contacted,
        solved=Solved(answers[SOLVED]) if SOLVED in answers else None,
        reasons=tuple(reason.code for reason in reasons),
        words=words,
        note=note,
        calls_for_rework=any(reason.calls_for_rework for reason in reasons),
        attributable=any(reason.attributable for reason in reasons),
        finding=FindingKind.CONTACT_DENIED if unit_contacted and contacted == Contacted.NO else None,
    )


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


def _answers(given: Mapping[str, str | None], book: Book, problems: dict[str, Problem]) -> dict[str, str]:
    """Return the answers that were given, in the order of the questions."""
    for code in given:
        if book.questionnaire.question(code) is None:
            problems[code] = Problem.UNKNOWN
    answers = {}
    for question in book.questionnaire.questions:
        value = given.get(question.code)
        if not value:
            continue
        answers[question.code] = value
        known = question.choices
        if question.scale is not None:
            known = tuple(grade.code for grade in book.rules.grades(question.scale))
        if value not in known:
            problems[question.code] = Problem.UNKNOWN
    return answers


def _reasons(codes: Sequence[str], book: Book, problems: dict[str, Problem]) -> tuple[Reason, ...]:
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
        else:
            reasons.append(reason)
    return tuple(reasons)


def _needed(
    disposition: Disposition,
    answers: Mapping[str, str],
    questionnaire: Questionnaire,
    problems: dict[str, Problem],
) -> None:
    """Hold the answers against the disposition: complete means complete, and partial means the result at least."""
    open_questions = [one.code for one in questionnaire.questions if one.needed and one.code not in answers]
    if disposition.complete:
        for code in open_questions:
            problems.setdefault(code, Problem.REQUIRED)
    elif not open_questions:
        problems.setdefault(DISPOSITION, Problem.IS_COMPLETE)
    elif RESULT in open_questions:
        problems.setdefault(RESULT, Problem.REQUIRED)


def _satisfaction(answers: Mapping[str, str], book: Book, problems: Mapping[str, Problem]) -> Satisfaction | None:
    question = book.questionnaire.question(RESULT)
    if question is None or question.scale is None or RESULT not in answers or RESULT in problems:
        return None
    return book.rules.satisfaction(question.scale, answers[RESULT])


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
