"""Answers of a callback, held against the questions: what was asked, what can be chosen, and what a value must keep to.

Raw answers stay as they were given: the code of a choice or a grade, several codes, a text, a number or a date as it is
written. A grade is known by its code on the scale of the rule set and never by its place, so that no list beside the
scale can read 不满意 as something else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from services.rules.questions import Answer, Kind, Limits, Question, Questionnaire, When, asked, chosen, met
from services.rules.ruleset import RuleSet

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""Python also reads 20260528 and 2026-W22-4; one day is written in one way here."""


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
    NOT_FOR_THIS = "not_for_this"
    NOT_ASKED = "not_asked"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_MANY = "too_many_chosen"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_DATE = "not_a_date"
    OUT_OF_RANGE = "out_of_range"
    IN_THE_FUTURE = "in_the_future"
    WRONG_FORM = "wrong_form"
    BEFORE_OTHER = "before_other"
    AFTER_OTHER = "after_other"


@dataclass(frozen=True, slots=True)
class Branch:
    """A question with its branch as the rule set reads it."""

    question: Question
    asked_if: tuple[When, ...]
    required_if: tuple[When, ...]

    @property
    def code(self) -> str:
        """The code of the question."""
        return self.question.code


def branches(questionnaire: Questionnaire, rules: RuleSet) -> tuple[Branch, ...]:
    """Return the questions in their order, each with the answers that open it and those that make it required."""
    return tuple(
        Branch(one, questionnaire.under(rules, one.asked_if), questionnaire.under(rules, one.required_if))
        for one in questionnaire.questions
    )


def required(answers: Mapping[str, Answer], questionnaire: Questionnaire, rules: RuleSet) -> tuple[str, ...]:
    """Return the questions that a complete interview answers, given these answers."""
    open_now = asked(branches(questionnaire, rules), answers)
    return tuple(
        one.code for one in open_now if one.question.needed or (one.required_if and met(one.required_if, answers))
    )


def checked(
    given: Mapping[str, Answer],
    questionnaire: Questionnaire,
    rules: RuleSet,
    today: date | None,
    problems: dict[str, Problem],
) -> dict[str, Answer]:
    """Return the answers that were given, in the order of the questions, and say what is wrong with which."""
    for code in given:
        if questionnaire.question(code) is None:
            problems[code] = Problem.UNKNOWN
    said: dict[str, Answer] = {
        one.code: answer for one in questionnaire.questions if (answer := _plain(one, given.get(one.code)))
    }
    open_now = {one.code for one in asked(branches(questionnaire, rules), said)}
    for question in questionnaire.questions:
        answer = said.get(question.code)
        if answer is None:
            continue
        wrong = _wrong(question, answer, rules, today) if question.code in open_now else Problem.NOT_ASKED
        if wrong is None:
            wrong = _against_others(question, answer, said, problems)
        if wrong is not None:
            problems[question.code] = wrong
    return said


def stored(answer: Answer) -> str:
    """Return an answer as it is stored: several codes with a comma between them, which no code contains."""
    return answer if isinstance(answer, str) else ",".join(answer or ())


# ---------------------------------------------------------------------------------------------------------------------


def _plain(question: Question, answer: Answer) -> Answer:
    """Return an answer without the space around it; an empty one is none."""
    if question.kind == Kind.SEVERAL:
        return chosen(answer) or None
    if isinstance(answer, str):
        return answer.strip() or None
    return answer or None


def _wrong(question: Question, answer: Answer, rules: RuleSet, today: date | None) -> Problem | None:
    """Return what is wrong with one answer by itself, or None."""
    limits = question.limits
    if question.kind == Kind.SEVERAL:
        return _wrong_choices(question, chosen(answer))
    if not isinstance(answer, str):
        return Problem.UNKNOWN
    if question.kind == Kind.GRADE:
        known = [grade.code for grade in rules.grades(question.scale or "")]
        return None if answer in known else Problem.UNKNOWN
    if question.kind == Kind.SINGLE:
        return None if answer in question.codes else Problem.UNKNOWN
    if question.kind == Kind.TEXT:
        return _wrong_text(limits, answer)
    if question.kind == Kind.NUMBER:
        return _wrong_number(limits, answer)
    return _wrong_date(limits, answer, today)


def _wrong_choices(question: Question, codes: tuple[str, ...]) -> Problem | None:
    if not set(codes) <= set(question.codes):
        return Problem.UNKNOWN
    most = question.limits.most_choices
    return Problem.TOO_MANY if most is not None and len(codes) > most else None


def _wrong_text(limits: Limits, answer: str) -> Problem | None:
    if len(answer) > limits.room:
        return Problem.TOO_LONG
    if len(answer) < (limits.shortest or 1):
        return Problem.TOO_SHORT
    if limits.pattern is not None and re.fullmatch(limits.pattern, answer) is None:
        return Problem.WRONG_FORM
    return None


def _wrong_number(limits: Limits, answer: str) -> Problem | None:
    number = _value(Kind.NUMBER, answer)
    if not isinstance(number, Decimal):
        return Problem.NOT_A_NUMBER
    places = len(answer.partition(".")[2])
    if places > limits.decimals:
        return Problem.NOT_A_NUMBER
    low = isinstance(limits.least, Decimal) and number < limits.least
    high = isinstance(limits.most, Decimal) and number > limits.most
    return Problem.OUT_OF_RANGE if low or high else None


def _wrong_date(limits: Limits, answer: str, today: date | None) -> Problem | None:
    day = _value(Kind.DATE, answer)
    if not isinstance(day, date):
        return Problem.NOT_A_DATE
    if limits.most_today and today is not None and day > today:
        return Problem.IN_THE_FUTURE
    low = isinstance(limits.least, date) and day < limits.least
    high = isinstance(limits.most, date) and day > limits.most
    return Problem.OUT_OF_RANGE if low or high else None


def _against_others(
    question: Question, answer: Answer, said: Mapping[str, Answer], problems: Mapping[str, Problem]
) -> Problem | None:
    """Hold a number or a date against an earlier one, unless that is missing or wrong itself."""
    value = _value(question.kind, answer)
    pairs = (
        (question.limits.not_before, Problem.BEFORE_OTHER, -1),
        (question.limits.not_after, Problem.AFTER_OTHER, 1),
    )
    for other, problem, wrong_way in pairs:
        if other is None or other in problems:
            continue
        if _compared(value, _value(question.kind, said.get(other))) == wrong_way:
            return problem
    return None


def _compared(one: Decimal | date | None, other: Decimal | date | None) -> int:
    """Return -1, 0 or 1 as one value is before, at or after another; 0 where they cannot be compared."""
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return (one > other) - (one < other)
    if isinstance(one, date) and isinstance(other, date):
        return (one > other) - (one < other)
    return 0


def _value(kind: Kind, answer: Answer) -> Decimal | date | None:
    if not isinstance(answer, str):
        return None
    try:
        if kind == Kind.NUMBER:
            return Decimal(answer) if _NUMBER.fullmatch(answer) else None
        return date.fromisoformat(answer) if kind == Kind.DATE and _DAY.fullmatch(answer) else None
    except (ValueError, InvalidOperation):
        return None
