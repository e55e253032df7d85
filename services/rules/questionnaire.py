"""The questions of a callback, as a document with a version.

The document says which questions are asked, in which order, with which choices or on which scale, and which of them a
complete interview needs. Four of them must be there, because rules rest on them: contacted, solved, result, attitude.
The words in which they are asked belong to the portal's catalogues.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from db.vocabulary import Contacted, Solved
from services.errors import Invalid
from services.rules.document import CODE, fingerprint

FORMAT = 1
CONTACTED, SOLVED, RESULT, ATTITUDE = "contacted", "solved", "result", "attitude"
WORDS, NOTE, REASONS, DISPOSITION = "words", "note", "reasons", "disposition"
FIXED_CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {CONTACTED: tuple(one.value for one in Contacted), SOLVED: tuple(one.value for one in Solved)}
)
GRADED = (RESULT, ATTITUDE)
RESERVED = frozenset({WORDS, NOTE, REASONS, DISPOSITION})
SECTIONS = frozenset({"format", "code", "version", "effective_from", "questions"})


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its choices, or with the scale on which it is graded; `needed` for a complete interview."""

    code: str
    choices: tuple[str, ...]
    scale: str | None
    needed: bool


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """The questions of a callback in the order in which they are asked."""

    code: str
    version: int
    effective_from: date
    questions: tuple[Question, ...]
    fingerprint: str

    def question(self, code: str) -> Question | None:
        """Return a question by its code."""
        return next((one for one in self.questions if one.code == code), None)


def parse(document: Mapping[str, object]) -> Questionnaire:
    """Return the questionnaire that a document describes; raises Invalid with every problem by its path."""
    problems: dict[str, str] = {}
    for key in document:
        if key not in SECTIONS:
            problems[str(key)] = "unknown"
    if document.get("format") != FORMAT:
        problems["format"] = "unknown_format"
    code, version = document.get("code"), document.get("version")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        problems["code"] = "not_a_code"
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        problems["version"] = "not_a_version"
    effective_from = _date(document.get("effective_from"), problems)
    listed = document.get("questions")
    questions: list[Question] = []
    for number, entry in enumerate(listed if isinstance(listed, list | tuple) else ()):
        question = _question(f"questions.{number}", entry, problems)
        if question is not None and question.code in {earlier.code for earlier in questions}:
            problems[f"questions.{number}"] = "repeated"
        elif question is not None:
            questions.append(question)
    for missing in {*FIXED_CHOICES, *GRADED} - {question.code for question in questions}:
        problems.setdefault(f"questions.{missing}", "required")
    if problems or not isinstance(code, str) or not isinstance(version, int):
        raise Invalid(dict(sorted(problems.items())))
    return Questionnaire(code, version, effective_from, tuple(questions), fingerprint(document))


def _date(value: object, problems: dict[str, str]) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _no_date(problems)
    except ValueError:
        return _no_date(problems)


def _no_date(problems: dict[str, str]) -> date:
    problems["effective_from"] = "not_a_date"
    return date.min


def _question(path: str, entry: object, problems: dict[str, str]) -> Question | None:
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
    elif code in GRADED and scale is None:
        problems[path] = "scale_required"
    elif code == RESULT and entry.get("needed") is not True:
        problems[f"{path}.needed"] = "result_is_needed"
    return Question(code, tuple(choices), scale, entry.get("needed") is True)
