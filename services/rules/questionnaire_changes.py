"""What differs between two questionnaires, question by question: what somebody who publishes one should have read.

>>> from services.rules.questions import Kind, Question, Questionnaire, Text
>>> first = Question("result", Kind.GRADE, (), "five", True, ask=Text("满意吗？"))
>>> other = Question("fit", Kind.TEXT, (), None, False, ask=Text("答复对题吗？"))
>>> old = Questionnaire("q", 1, None, (first,), "")
>>> new = Questionnaire("q", 2, None, (first, other), "")
>>> [(one.kind.value, one.question) for one in changes(old, new)]
[('added', 'fit')]
"""

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from services.rules.questions import Question, Questionnaire, Text

PARTS = ("kind", "ask", "script", "help", "choices", "scale", "needed", "asked_if", "required_if", "limits")
HEAD = ("title", "script", "satisfaction", "source")


class ChangeKind(StrEnum):
    """What can become of a question from one version to another."""

    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; without a question it concerns the questionnaire as a whole."""

    kind: ChangeKind
    question: str | None
    ask: Text | None = None
    parts: tuple[str, ...] = ()


def changes(old: Questionnaire, new: Questionnaire) -> tuple[Change, ...]:
    """Return what is different in the new one, in the order of its questions, and then what is gone."""
    found: list[Change] = []
    head = _different(old, new, HEAD)
    if head:
        found.append(Change(ChangeKind.CHANGED, None, None, head))
    moved = _moved(old, new)
    for question in new.questions:
        before = old.question(question.code)
        if before is None:
            found.append(Change(ChangeKind.ADDED, question.code, question.ask))
            continue
        if question.code in moved:
            found.append(Change(ChangeKind.MOVED, question.code, question.ask))
        parts = _different(before, question, PARTS)
        if parts:
            found.append(Change(ChangeKind.CHANGED, question.code, question.ask, parts))
    gone = [one for one in old.questions if new.question(one.code) is None]
    return (*found, *(Change(ChangeKind.REMOVED, one.code, one.ask) for one in gone))


# ---------------------------------------------------------------------------------------------------------------------


def _different(old: Question | Questionnaire, new: Question | Questionnaire, parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in parts if getattr(old, part) != getattr(new, part))


def _moved(old: Questionnaire, new: Questionnaire) -> frozenset[str]:
    """Return the questions that are asked earlier or later than before, as few of them as tell the change."""
    before = [one.code for one in old.questions if new.question(one.code)]
    after = [one.code for one in new.questions if old.question(one.code)]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept = {code for block in blocks for code in after[block.b : block.b + block.size]}
    return frozenset(set(after) - kept)
