"""Questionnaires in words: versions, what is wrong with a document question by question, and what a version changes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from portal.words import day, joined, name, plain, say, titled
from services.questionnaires import Opened, VersionLine, VersionState
from services.rules.questionnaire_changes import Change
from services.rules.questions import Text
from services.views import Named

HEAD = -1
"""The place of what concerns the questionnaire as a whole."""

_COLOURS = {
    VersionState.DRAFT: "orange",
    VersionState.COMING: "blue",
    VersionState.IN_FORCE: "green",
    VersionState.PAST: "gray",
}


def title_of(line: VersionLine) -> str:
    """Return what a version is called."""
    return name(line.title) if line.title else say("questionnaires.untitled")


def state_of(line: VersionLine) -> str:
    """Return where a version stands."""
    return say(f"version_state.{line.state.value}")


def badge(line: VersionLine) -> str:
    """Return where a version stands, with its days."""
    told = state_of(line)
    if line.state == VersionState.COMING:
        told = say("questionnaires.coming_on", state=told, day=day(line.effective_from))
    elif line.effective_from is not None:
        days = [day(line.effective_from), day(line.until) if line.until else say("questionnaires.until_further")]
        told = say("questionnaires.stretch", state=told, first=days[0], last=days[1])
    return f":{_COLOURS[line.state]}-badge[{plain(told)}]"


def ask_of(entry: object, place: int) -> str:
    """Return a question of a document in words, or by its code while it has none."""
    facts: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {}
    asked = text_of(facts.get("ask"))
    return f"{place + 1} {asked or str(facts.get('code') or say('questionnaires.no_words'))}"


def text_of(entry: object) -> str:
    """Return words of a document in the reader's language."""
    facts: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {}
    return name(Named.text("", Text(str(facts.get("zh") or ""), str(facts.get("en") or "")))).strip()


def problems_by_place(problems: Mapping[str, str]) -> dict[int, list[str]]:
    """Return what is wrong, as sentences by the place of the question; `HEAD` is the questionnaire as a whole."""
    found: dict[int, list[str]] = defaultdict(list)
    for path, code in problems.items():
        parts = path.split(".")
        place = HEAD
        if parts[0] == "questions" and len(parts) > 1 and parts[1].isdecimal():
            place, parts = int(parts[1]), parts[2:]
        found[place].append(titled(_part(parts), say(f"form_problem.{code}")))
    return dict(found)


def changes_in_words(changes: Sequence[Change]) -> list[str]:
    """Return what a version changes, one sentence a change."""
    return [_change(change) for change in changes]


def against(opened: Opened) -> str:
    """Return with which version the changes are counted."""
    return f"{opened.in_force.code}/{opened.in_force.version}" if opened.in_force else ""


# ---------------------------------------------------------------------------------------------------------------------


def _part(parts: Sequence[str]) -> str:
    """Return the part of a question that a path names: 选项 2（英文）, for one."""
    if not parts:
        return say("form_part.question")
    names = [part for part in parts if not part.isdecimal() and part not in ("zh", "en", "name", "validation")]
    told = say(f"form_part.{names[-1]}") if names else say("form_part.validation")
    told += "".join(f" {int(part) + 1}" for part in parts if part.isdecimal())
    return say(f"form_part.in_{parts[-1]}", part=told) if parts[-1] in ("zh", "en") else told


def _change(change: Change) -> str:
    parts = joined([say(f"form_part.{part}") for part in change.parts])
    if change.question is None:
        of_whole = {"script": "opening"}
        parts = joined([say(f"form_part.{of_whole.get(part, part)}") for part in change.parts])
        return say("form_change.whole", parts=parts)
    asked = name(Named.text(change.question, change.ask)) if change.ask else change.question
    return say(f"form_change.{change.kind.value}", question=plain(asked), parts=parts)
