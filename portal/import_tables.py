"""Imports as tables and sentences: what a preview, a report and the list of imports show, in the reader's language."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from db.vocabulary import ImportKind, JobState
from portal import words
from portal.words import NOTHING, label, moment, say, says, short_moment
from services.errors import PortalError
from services.intake.problems import Problem, Refusal
from services.intake.profile import FIELDS
from services.intake.views import ImportStatus, PreviewLine, ProblemLine
from services.rules.masking import masked_name, masked_phone

Finding = Problem | ProblemLine
Table = dict[str, list[object]]

FIGURES = ("rows", "inserted", "updated", "unchanged", "rejected", "warnings")
LISTED = ("rows", "inserted", "updated", "rejected")
ACTIVE = (JobState.QUEUED, JobState.RUNNING)

_MEGABYTE = 1024 * 1024
_LONGEST_CELL = 160
_MOBILE = re.compile(r"(?<![0-9])1[0-9]{10}(?![0-9])")
"""A mobile number inside a text or in a column where it does not belong: nobody meant it for this screen."""

_STATES = {
    JobState.QUEUED: "○",
    JobState.RUNNING: "◐",
    JobState.DONE: "●",
    JobState.FAILED: "✕",
    JobState.CANCELLED: "–",
}
"""A mark before the word of a state, because a table of cells cannot show icons."""


def profile_name(profile: str) -> str:
    """The name of a shipped profile, or the name that somebody's own profile gives itself."""
    key = f"exchange.profile_name.{profile}"
    return say(key) if says(key) else profile


def field_name(field: str) -> str:
    """The name of a field; a column that we have no word for is called as the file calls it."""
    key = f"exchange.field.{field}"
    return say(key) if says(key) else field


def preview_table(lines: Sequence[PreviewLine], kind: ImportKind) -> Table:
    """The first rows as they will be stored, without columns that stay empty, and with nobody's telephone number."""
    rows = [{name: _cell(name, value) for name, value in line.values} for line in lines]
    known = dict.fromkeys((*FIELDS[kind], *(name for row in rows for name in row)))
    filled = [name for name in known if any(row.get(name) for row in rows)]
    table: Table = {
        say("exchange.column.row"): [line.row for line in lines],
        say("exchange.column.effect"): [_row_state(line) for line in lines],
    }
    return table | {field_name(name): [row.get(name, "") for row in rows] for name in filled}


def problem_table(problems: Iterable[Finding]) -> Table:
    """Findings with their reason and their remedy in words."""
    found = list(problems)
    return {
        say("exchange.column.row"): [one.row for one in found],
        say("exchange.column.effect"): [_effect(one) for one in found],
        say("exchange.column.field"): [field_name(one.field) for one in found],
        say("exchange.column.value"): [_value(one) for one in found],
        say("exchange.column.reason"): [_reason(one.code) for one in found],
        say("exchange.column.remedy"): [_remedy(one.code) for one in found],
    }


def history_table(imports: Sequence[ImportStatus]) -> Table:
    """The list of imports; figures that an import does not have stay empty."""
    table: Table = {
        say("exchange.column.started"): [short_moment(one.started_at) for one in imports],
        say("exchange.column.file"): [one.file_name for one in imports],
        say("exchange.column.kind"): [label(one.kind) for one in imports],
        say("exchange.column.profile"): [profile_name(one.profile) for one in imports],
        say("exchange.column.who"): [one.started_by or say("exchange.nobody") for one in imports],
        say("exchange.column.state"): [f"{_STATES[one.state]} {label(one.state)}" for one in imports],
    }
    for name in LISTED:
        figures = [(one.report or {}).get(name) for one in imports]
        table[say(f"exchange.figure.{name}")] = [words.number(figure) for figure in figures]
    return table


def about(status: ImportStatus) -> str:
    """Who imported what, from where and when."""
    who = words.plain(status.started_by) if status.started_by else say("exchange.nobody")
    facts = [label(status.kind), words.plain(profile_name(status.profile)), who, moment(status.started_at)]
    if status.finished_at is not None:
        seconds = max(1, round((status.finished_at - status.started_at).total_seconds()))
        facts.append(say("exchange.took", seconds=words.number(seconds)))
    return " · ".join(facts)


def why_failed(status: ImportStatus) -> str:
    """What went wrong, and what to do about it."""
    if status.error is None or not says(status.error) or status.error == "error.unexpected":
        return say("exchange.failed_unexpected")
    return refused(PortalError(status.error, **status.facts))


def refused(refusal: PortalError) -> str:
    """Word the refusal of a file, with sizes as people say them and its own words harmless."""
    facts: Mapping[str, object] = dict(refusal.facts)
    if refusal.code == Refusal.FILE_TOO_LARGE:
        megabytes = {name: int(str(facts[name])) // _MEGABYTE for name in ("size", "limit") if name in facts}
        facts = {**facts, **megabytes}
        return say("exchange.too_large", **{name: words.plain(str(fact)) for name, fact in facts.items()})
    return say(refusal.code, **{name: _fact(name, fact) for name, fact in facts.items()})


def left_out(lines: Sequence[PreviewLine]) -> int:
    """How many of the rows of a preview would not go in."""
    return sum(line.rejected for line in lines)


# ---------------------------------------------------------------------------------------------------------------------


def _cell(name: str, value: str | datetime | bool | None) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return say("exchange.value.yes") if value else say("exchange.value.no")
    if isinstance(value, datetime):
        return moment(value)
    if name in ("phone", "phone_2", "phone_3"):
        return masked_phone(value) or ""
    if name == "requester":
        return masked_name(value) or ""
    text = value if name == "number" else _without_phones(value)
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def _value(one: Finding) -> str:
    return (one.value if one.field == "number" else _without_phones(one.value)) or NOTHING


def _without_phones(text: str) -> str:
    return _MOBILE.sub(lambda found: masked_phone(found.group()) or "", text)


def _row_state(line: PreviewLine) -> str:
    if line.rejected:
        return f"✕ {say('exchange.row_state.bad')}"
    return f"! {say('exchange.row_state.warned')}" if line.problems else f"✓ {say('exchange.row_state.good')}"


def _effect(one: Finding) -> str:
    out = one.rejects if isinstance(one, Problem) else one.rejected
    return f"✕ {say('exchange.effect.out')}" if out else f"! {say('exchange.effect.in')}"


def _reason(code: str) -> str:
    key = f"exchange.problem.{code}"
    return say(key) if says(key) else code


def _remedy(code: str) -> str:
    key = f"exchange.remedy.{code}"
    return say(key) if says(key) else NOTHING


def _fact(name: str, fact: object) -> str:
    if name == "kind" and isinstance(fact, str):
        return label(ImportKind(fact))
    text = str(fact)
    return words.plain(text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…")
