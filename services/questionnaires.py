"""Questionnaires: what is asked, in versions. A draft is written and tried, then published from a day on and locked.

Answers name the version under which they were given, so a version with a day is never changed again, which a trigger
in the database holds as well. Trying one out judges a call as the desk would and stores nothing: what was answered on
trial cannot be counted, because it is nowhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from db.callbacks import AgentDay
from db.reference import Grade, OrderType, Questionnaire, RatingScale
from db.vocabulary import Event
from services.access import Access, Look, Work
from services.code_lists import CodeLists, DispositionChoice, Question, ReasonChoice, questions_of
from services.effective import rules_on
from services.errors import Conflict, Invalid
from services.rules import questionnaire, survey
from services.rules.document import CODE, canonical, fingerprint
from services.rules.permissions import Permission
from services.rules.questionnaire_changes import Change, changes
from services.rules.questions import Questionnaire as Document
from services.rules.questions import Text
from services.rules.survey import Verdict, Visit
from services.views import Named

LARGEST_DOCUMENT = 200_000
"""Bytes that a document may have in its canonical form; the largest questionnaire of 40 questions stays below."""


class VersionState(StrEnum):
    """Where a version stands: being written, not yet asked, asked today, or asked no more."""

    DRAFT = "draft"
    COMING = "coming"
    IN_FORCE = "in_force"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version. `answered` are the calls that were answered while it was in force, `until` its last day."""

    id: int
    code: str
    version: int
    title: Named | None
    state: VersionState
    effective_from: date | None
    until: date | None
    questions: int
    answered: int
    problems: int
    edits: int


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale that the rules of the day know, with its grades, best first."""

    named: Named
    grades: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """One version as it is read, edited and tried: its document, what is wrong with it, and what it would change.

    A draft with problems has no `questions` to be drawn until they are mended.
    """

    line: VersionLine
    document: Mapping[str, Any]
    problems: Mapping[str, str]
    questions: tuple[Question, ...]
    opening: Named | None
    changes: tuple[Change, ...]
    in_force: VersionLine | None
    scales: tuple[Scale, ...]
    reasons: tuple[ReasonChoice, ...]
    dispositions: tuple[DispositionChoice, ...]
    order_types: tuple[Named, ...]
    text_length: int
    today: date


@dataclass(frozen=True, slots=True)
class VersionReceipt:
    """What a command on a version answers."""

    id: int
    code: str
    version: int
    edits: int
    problems: Mapping[str, str]
    repeated: bool = False


def list_all(access: Access) -> tuple[VersionLine, ...]:
    """Return every version: drafts, then by the day from which they are asked, the latest first."""
    with access.read(Permission.QUESTIONNAIRE_VIEW) as look:
        lines = _lines(look)
        return tuple(
            sorted(lines, key=lambda one: (one.effective_from or date.max, one.code, one.version), reverse=True)
        )


def open_version(access: Access, *, questionnaire_id: int) -> Opened:
    """Return one version with everything that a screen needs to show, edit and try it; raises NotFound."""
    with access.read(Permission.QUESTIONNAIRE_VIEW) as look:
        row = look.one(Questionnaire, questionnaire_id)
        lines = {one.id: one for one in _lines(look)}
        lists = CodeLists.read(look)
        parsed, problems = _checked(look, row)
        return Opened(
            line=lines[row.id],
            document=row.document,
            problems=problems,
            questions=questions_of(look, parsed, lists.in_force.rules) if parsed else (),
            opening=Named.text("opening", parsed.script) if parsed and parsed.script else None,
            changes=changes(lists.asked.questions, parsed) if parsed and row.id != lists.asked.id else (),
            in_force=lines.get(lists.asked.id),
            scales=_scales(look),
            reasons=lists.reason_choices(),
            dispositions=lists.disposition_choices(),
            order_types=tuple(Named.of(one) for one in look.session.scalars(select(OrderType).order_by(OrderType.id))),
            text_length=lists.in_force.rules.reason_text_length.value,
            today=look.today,
        )


def try_out(
    access: Access,
    *,
    questionnaire_id: int,
    visit: Visit,
    order_type: str | None = None,
    unit_contacted: bool | None = None,
) -> Verdict:
    """Judge a call as the desk would if this version were in force today, and store nothing.

    Raises NotFound, and Invalid with what is wrong with the version or with the call.
    """
    with access.read(Permission.QUESTIONNAIRE_VIEW) as look:
        row = look.one(Questionnaire, questionnaire_id)
        parsed, problems = _checked(look, row)
        if parsed is None or problems:
            raise Invalid({"document": "not_sound"})
        book = replace(CodeLists.read(look).book, questionnaire=parsed)
        return survey.judge(visit, book, unit_contacted=unit_contacted, order_type=order_type, today=look.today)


def start_draft(access: Access, *, questionnaire_id: int, request_id: str, code: str | None = None) -> VersionReceipt:
    """Begin a draft with the questions of a version: the next version of its code, or the first of another one.

    Raises NotFound, and Invalid where the other code is none or is taken.
    """
    with access.write(Permission.QUESTIONNAIRE_MANAGE) as work:
        source = work.lock(Questionnaire, questionnaire_id)
        wanted = (code or "").strip() or source.code
        family = work.session.scalars(select(Questionnaire).where(Questionnaire.code == wanted)).all()
        for earlier in family:
            if earlier.effective_from is None and work.sent_before(_Edited.of(earlier), request_id):
                return _receipt(work, earlier, repeated=True)
        if not CODE.fullmatch(wanted):
            raise Invalid({"code": "not_a_code"})
        if family and wanted != source.code:
            raise Invalid({"code": "taken"})
        version = max((one.version for one in family), default=0) + 1
        document = questionnaire.draft_of(source.document) | {"code": wanted, "version": version}
        draft = work.add(
            Questionnaire(
                code=wanted,
                version=version,
                effective_from=None,
                document=document,
                fingerprint=fingerprint(document),
                edits=1,
            )
        )
        work.record(
            Event.QUESTIONNAIRE_DRAFTED,
            draft,
            after={"code": wanted, "version": version, "begun_from": f"{source.code}/{source.version}"},
            request_id=request_id,
        )
        return _receipt(work, draft)


def save_draft(
    access: Access, *, questionnaire_id: int, seen: int, document: Mapping[str, object], request_id: str
) -> VersionReceipt:
    """Keep a draft as it was written, sound or not; the receipt names every problem by its path.

    Code and version stay those of the draft, and a day comes with publishing only. Raises NotFound, Stale, Conflict
    where the version is published, and Invalid where the document is no document.
    """
    with access.write(Permission.QUESTIONNAIRE_MANAGE) as work:
        draft = work.lock(Questionnaire, questionnaire_id)
        if work.sent_before(_Edited.of(draft), request_id):
            return _receipt(work, draft, repeated=True)
        _still_a_draft(draft)
        work.unchanged(_Edited.of(draft), seen)
        before = draft.fingerprint
        draft.document = _kept(draft, document)
        draft.fingerprint = fingerprint(draft.document)
        draft.edits += 1
        work.session.flush()
        receipt = _receipt(work, draft)
        work.record(
            Event.QUESTIONNAIRE_DRAFTED,
            draft,
            before={"fingerprint": before},
            after={
                "code": draft.code,
                "version": draft.version,
                "fingerprint": draft.fingerprint,
                "problems": len(receipt.problems),
            },
            request_id=request_id,
        )
        return receipt


def publish(
    access: Access, *, questionnaire_id: int, seen: int, effective_from: date | None, request_id: str
) -> VersionReceipt:
    """Put a draft in force from a day on, and lock it.

    The day is tomorrow or later; today only while nobody has answered a call today, for one day's answers belong to one
    version. Two versions never begin on one day. Raises NotFound, Stale, Conflict, or Invalid with every problem.
    """
    with access.write(Permission.QUESTIONNAIRE_MANAGE) as work:
        # All of them are held: two that are published at once would not see each other's day.
        rows = work.session.scalars(select(Questionnaire).order_by(Questionnaire.id).with_for_update()).all()
        draft = work.one(Questionnaire, questionnaire_id)
        if work.sent_before(_Edited.of(draft), request_id):
            return _receipt(work, draft, repeated=True)
        _still_a_draft(draft)
        work.unchanged(_Edited.of(draft), seen)
        if effective_from is None:
            raise Invalid({"effective_from": "required"})
        problems = _not_from(work, effective_from, rows)
        document = draft.document | {"effective_from": effective_from.isoformat()}
        if _checked(work, draft, effective_from)[1]:
            problems["document"] = "not_sound"
        if problems:
            raise Invalid(problems)
        draft.document, draft.fingerprint = document, fingerprint(document)
        draft.effective_from = effective_from
        draft.edits += 1
        work.record(
            Event.QUESTIONNAIRE_PUBLISHED,
            draft,
            after={
                "code": draft.code,
                "version": draft.version,
                "effective_from": effective_from.isoformat(),
                "fingerprint": draft.fingerprint,
            },
            request_id=request_id,
        )
        return _receipt(work, draft)


# ---------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Edited:
    """A version as the door compares it: by the number of its edits, for `version` is part of its name here."""

    id: int
    version: int
    __tablename__: str = "questionnaires"

    @classmethod
    def of(cls, row: Questionnaire) -> "_Edited":
        return cls(row.id, row.edits)


def _latest_first(line: VersionLine) -> tuple[date, str, int]:
    return (line.effective_from or date.max, line.code, line.version)


def _lines(look: Look) -> list[VersionLine]:
    rows = look.session.scalars(select(Questionnaire).order_by(Questionnaire.id)).all()
    dated = sorted((one for one in rows if one.effective_from), key=lambda one: (one.effective_from, one.version))
    begun = [one.id for one in dated if one.effective_from and one.effective_from <= look.today]
    ends = {
        one.id: date.fromordinal(later.effective_from.toordinal() - 1)
        for one, later in pairwise(dated)
        if later.effective_from
    }
    return [_line(look, row, begun[-1] if begun else None, ends.get(row.id)) for row in rows]


def _line(look: Look, row: Questionnaire, in_force: int | None, until: date | None) -> VersionLine:
    if row.effective_from is None:
        state = VersionState.DRAFT
    elif row.effective_from > look.today:
        state = VersionState.COMING
    else:
        state = VersionState.IN_FORCE if row.id == in_force else VersionState.PAST
    title, listed = row.document.get("title"), row.document.get("questions")
    zh, en = (str(title.get(one) or "") for one in ("zh", "en")) if isinstance(title, Mapping) else ("", "")
    return VersionLine(
        id=row.id,
        code=row.code,
        version=row.version,
        title=Named.text(row.code, Text(zh, en)) if zh else None,
        state=state,
        effective_from=row.effective_from,
        until=until,
        questions=len(listed) if isinstance(listed, Sequence) else 0,
        answered=_answered(look, row.effective_from, until) if row.effective_from else 0,
        problems=len(_checked(look, row)[1]) if state == VersionState.DRAFT else 0,
        edits=row.edits,
    )


def _answered(look: Look, first: date, last: date | None) -> int:
    """Return how many calls were answered in a stretch of days; the counter of the days knows without reading calls."""
    of_days = select(func.coalesce(func.sum(AgentDay.complete + AgentDay.partial), 0)).where(AgentDay.day >= first)
    if last is not None:
        of_days = of_days.where(AgentDay.day <= last)
    return int(look.session.scalar(of_days) or 0)


def _checked(look: Look, row: Questionnaire, day: date | None = None) -> tuple[Document | None, dict[str, str]]:
    """Return what a document says, and everything that is wrong with it under the rules of a day."""
    try:
        parsed = questionnaire.parse(row.document)
    except Invalid as refused:
        return None, refused.problems
    rules = rules_on(look, max(day or look.today, look.today)).rules
    problems = questionnaire.unknown_to(rules, parsed)
    named = {one.named.code: {grade.code for grade in one.grades} for one in _scales(look)}
    for number, question in enumerate(parsed.questions):
        scale = question.scale
        if scale is None or scale not in rules.scales:
            continue
        if not {grade.code for grade in rules.grades(scale)} <= named.get(scale, set()):
            problems[f"questions.{number}.scale"] = "unknown_scale"
    return (None if problems else parsed), problems


def _scales(look: Look) -> tuple[Scale, ...]:
    """Return the scales of the code table that the rules of today can map."""
    rules = rules_on(look, look.today).rules
    found = look.session.execute(
        select(RatingScale, Grade)
        .join(Grade, Grade.scale_id == RatingScale.id)
        .where(RatingScale.code.in_(rules.scales))
        .order_by(RatingScale.id, Grade.position)
    )
    scales: dict[str, Scale] = {}
    for scale, grade in found:
        grades = scales[scale.code].grades if scale.code in scales else ()
        scales[scale.code] = Scale(Named.of(scale), (*grades, Named.of(grade)))
    return tuple(scales.values())


def _not_from(look: Look, day: date, rows: Sequence[Questionnaire]) -> dict[str, str]:
    """Return why a version cannot begin on a day."""
    if day < look.today:
        return {"effective_from": "in_the_past"}
    if any(one.effective_from == day for one in rows):
        return {"effective_from": "day_taken"}
    if day == look.today and _answered(look, day, day):
        return {"effective_from": "answered_today"}
    return {}


def _still_a_draft(row: Questionnaire) -> None:
    if row.effective_from is not None:
        raise Conflict("error.questionnaire_published", name=f"{row.code}/{row.version}")


def _kept(draft: Questionnaire, document: Mapping[str, object]) -> dict[str, Any]:
    """Return a document under the name of its draft; raises Invalid for what cannot be written down exactly."""
    named: dict[str, Any] = {key: value for key, value in document.items() if key != "effective_from"}
    named |= {"format": questionnaire.FORMAT, "code": draft.code, "version": draft.version}
    if len(canonical(named)) > LARGEST_DOCUMENT:
        raise Invalid({"document": "too_long"})
    return named


def _receipt(work: Work, row: Questionnaire, *, repeated: bool = False) -> VersionReceipt:
    return VersionReceipt(row.id, row.code, row.version, row.edits, _checked(work, row)[1], repeated)
