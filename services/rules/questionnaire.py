"""The questions of a callback, as a document with a version.

Two formats are read. Format 2 is what the editor writes: every question with its kind, words, branch and limits. Format
1 is the first one, of which versions are stored that answers rest on: it had four questions that must be there, choices
or a scale, and no words. Both become one shape, which `services.rules.questions` holds.
"""

from collections.abc import Mapping
from datetime import date

from services.errors import Invalid
from services.rules import question_format
from services.rules.document import CODE, fingerprint
from services.rules.question_format import Problems
from services.rules.questions import (
    ATTITUDE,
    CONTACTED,
    DISPOSITION,
    FIXED_CHOICES,
    NOTE,
    REASONS,
    RESERVED,
    RESULT,
    SOLVED,
    WORDS,
    Choice,
    Kind,
    Question,
    Questionnaire,
)
from services.rules.ruleset import RuleSet

__all__ = [
    "ATTITUDE",
    "CONTACTED",
    "DISPOSITION",
    "FORMAT",
    "NOTE",
    "REASONS",
    "RESULT",
    "SOLVED",
    "WORDS",
    "Question",
    "Questionnaire",
    "draft_of",
    "parse",
    "unknown_to",
]

FIRST_FORMAT, FORMAT = 1, 2
LONGEST_TITLE, LONGEST_SOURCE, MOST_QUESTIONS = 80, 500, 40
_GRADED = (RESULT, ATTITUDE)
_SECTIONS = {
    FIRST_FORMAT: frozenset({"format", "code", "version", "effective_from", "questions"}),
    FORMAT: frozenset(
        {"format", "code", "version", "effective_from", "questions", "satisfaction", "title", "script", "source"}
    ),
}


def parse(document: Mapping[str, object]) -> Questionnaire:
    """Return the questionnaire that a document describes; raises Invalid with every problem by its path."""
    problems: Problems = {}
    written = document.get("format")
    known = isinstance(written, int) and not isinstance(written, bool) and written in _SECTIONS
    if not known:
        raise Invalid({"format": "unknown_format"})
    first = written == FIRST_FORMAT
    for key in document:
        if key not in _SECTIONS[FIRST_FORMAT if first else FORMAT]:
            problems[str(key)] = "unknown"
    code, version = document.get("code"), document.get("version")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        problems["code"] = "not_a_code"
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        problems["version"] = "not_a_version"
    effective_from = _date(document, problems, required=first)
    questions = _first_questions(document, problems) if first else _questions(document, problems)
    satisfaction = RESULT if first else _deciding(document, questions, problems)
    title, script = (
        (None, None)
        if first
        else (
            question_format.text("title", document.get("title"), LONGEST_TITLE, problems, required=True),
            question_format.script("script", document.get("script"), problems),
        )
    )
    source = document.get("source")
    if source is not None and (not isinstance(source, str) or len(source) > LONGEST_SOURCE):
        problems["source"] = "too_long" if isinstance(source, str) else "not_a_text"
    if problems or not isinstance(code, str) or not isinstance(version, int):
        raise Invalid(dict(sorted(problems.items())))
    return Questionnaire(
        code,
        version,
        effective_from,
        questions,
        fingerprint(document),
        satisfaction,
        title,
        script,
        str(source) if source else None,
    )


def draft_of(document: Mapping[str, object]) -> dict[str, object]:
    """Return a document as a draft begins with it: without a day; one of the first format still lacks its words."""
    begun = {key: value for key, value in document.items() if key != "effective_from"}
    if begun.get("format") == FORMAT:
        return begun
    questions = []
    for one in parse(document).questions:
        entry: dict[str, object] = {"code": one.code, "kind": one.kind.value, "needed": one.needed}
        entry |= {"scale": one.scale} if one.scale else {"choices": [{"code": code} for code in one.codes]}
        questions.append(entry)
    return begun | {"format": FORMAT, "satisfaction": RESULT, "questions": questions}


def unknown_to(rules: RuleSet, asked: Questionnaire) -> dict[str, str]:
    """Return, by path, where a questionnaire speaks of scales or grades that a rule set does not have.

    A scale has one dictionary: what cannot be mapped must not be asked.
    """
    problems: Problems = {}
    scales = {one.code: one.scale for one in asked.questions}
    for number, question in enumerate(asked.questions):
        if question.scale is not None and question.scale not in rules.scales:
            problems[f"questions.{number}.scale"] = "unknown_scale"
        for name, conditions in (("asked_if", question.asked_if), ("required_if", question.required_if)):
            for place, condition in enumerate(conditions):
                scale = scales.get(condition.question)
                if scale is None or scale not in rules.scales or not condition.equals:
                    continue
                if not set(condition.equals) <= {grade.code for grade in rules.grades(scale)}:
                    problems[f"questions.{number}.{name}.{place}"] = "unknown_choice"
    return problems


# ---------------------------------------------------------------------------------------------------------------------


def _date(document: Mapping[str, object], problems: Problems, *, required: bool) -> date | None:
    """Return the day from which the document is in force; a draft of format 2 has none."""
    value = document.get("effective_from")
    if value is None and not required:
        return None
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        pass
    problems["effective_from"] = "not_a_date"
    return None


def _questions(document: Mapping[str, object], problems: Problems) -> tuple[Question, ...]:
    """Return the questions of format 2, and hold each against those before it."""
    listed = document.get("questions")
    if not isinstance(listed, list | tuple) or not listed:
        problems["questions"] = "required"
        return ()
    if len(listed) > MOST_QUESTIONS:
        problems["questions"] = "too_many"
    codes = [one.get("code") if isinstance(one, Mapping) else None for one in listed]
    earlier: dict[str, Question] = {}
    for number, entry in enumerate(listed[:MOST_QUESTIONS]):
        path = f"questions.{number}"
        question = question_format.question(path, entry, problems)
        if question is None:
            continue
        if question.code in earlier:
            problems[f"{path}.code"] = "repeated"
            continue
        question_format.hold(path, question, earlier, codes, problems)
        earlier[question.code] = question
    return tuple(earlier.values())


def _deciding(document: Mapping[str, object], questions: tuple[Question, ...], problems: Problems) -> str:
    """Return the graded question that decides; it is asked of everybody, for silence must not decide."""
    code = document.get("satisfaction")
    found = next((one for one in questions if one.code == code), None)
    if not isinstance(code, str) or not code:
        problems["satisfaction"] = "required"
    elif found is None:
        problems["satisfaction"] = "unknown_question"
    elif found.kind != Kind.GRADE:
        problems["satisfaction"] = "scale_required"
    elif not found.needed:
        problems["satisfaction"] = "deciding_is_needed"
    elif found.asked_if:
        problems["satisfaction"] = "deciding_is_asked"
    return code if isinstance(code, str) else ""


def _first_questions(document: Mapping[str, object], problems: Problems) -> tuple[Question, ...]:
    listed = document.get("questions")
    questions: list[Question] = []
    for number, entry in enumerate(listed if isinstance(listed, list | tuple) else ()):
        question = _first_question(f"questions.{number}", entry, problems)
        if question is not None and question.code in {earlier.code for earlier in questions}:
            problems[f"questions.{number}"] = "repeated"
        elif question is not None:
            questions.append(question)
    for missing in {*FIXED_CHOICES, *_GRADED} - {question.code for question in questions}:
        problems.setdefault(f"questions.{missing}", "required")
    return tuple(questions)


def _first_question(path: str, entry: object, problems: Problems) -> Question | None:
    if not isinstance(entry, Mapping) or not set(entry) <= {"code", "choices", "scale", "needed"}:
        problems[path] = "not_a_question"
        return None
    code, choices, scale = entry.get("code"), entry.get("choices", []), entry.get("scale")
    if not isinstance(code, str) or not CODE.fullmatch(code) or code in RESERVED:
        problems[path] = "not_a_code"
        return None
    if not isinstance(entry.get("needed"), bool):
        problems[f"{path}.needed"] = "not_yes_or_no"
    listed = isinstance(choices, list | tuple) and all(isinstance(one, str) and CODE.fullmatch(one) for one in choices)
    if not listed or (scale is not None and (not isinstance(scale, str) or not CODE.fullmatch(scale))):
        problems[path] = "not_a_code"
        return None
    if bool(choices) == (scale is not None) or len(set(choices)) != len(choices):
        problems[path] = "choices_or_scale"
    elif code in FIXED_CHOICES and set(choices) != set(FIXED_CHOICES[code]):
        problems[path] = "fixed_choices"
    elif code in _GRADED and scale is None:
        problems[path] = "scale_required"
    elif code == RESULT and entry.get("needed") is not True:
        problems[f"{path}.needed"] = "result_is_needed"
    kind = Kind.GRADE if scale is not None else Kind.SINGLE
    return Question(code, kind, tuple(Choice(one) for one in choices), scale, entry.get("needed") is True)
