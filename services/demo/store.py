"""Writes told stories in a few large statements: each takes its rows as one JSON document."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import JSON, Text, cast, column, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import TypeEngine

from db.orders import (
    Answer,
    Attempt,
    AttemptReason,
    Contact,
    Exclusion,
    Finding,
    Order,
    Rating,
    Return,
    Round,
)
from db.records import EventRow
from db.vocabulary import FindingKind, RatingSource, Role
from services.access import SYSTEM, Actor, Recorded, Work, event_row
from services.demo import prose
from services.demo.cast import Part
from services.demo.story import Call, Story, Turn
from services.demo.world import World

SOURCE = "demo"
"""The source of every demo order."""

Row = dict[str, Any]
_EVENT_COLUMNS = tuple(one.key for one in EventRow.__table__.c if one.key not in ("id", "seq", "previous", "hash"))


@dataclass(frozen=True, slots=True)
class Player:
    """A demo person with their number, and the department of the role."""

    id: int
    name: str
    role: Role
    department: int | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A round or a call of a story, with the number of its order and of its department."""

    story: Story
    turn: Turn
    order_id: int
    department_id: int | None


def write(work: Work, world: World, players: Mapping[str, Player], stories: Sequence[Story]) -> None:
    """Write the stories, in the transaction of `work`."""
    departments = world.ids["departments"]
    orders = _put(work, Order, [_order(world, departments, story) for story in stories], ("number", "id"))
    _put(work, Contact, [_contact(orders[story.number], departments, story) for story in stories])
    placed = [
        Placed(story, turn, orders[story.number], departments[story.unit.code] if story.unit else None)
        for story in stories
        for turn in story.turns
    ]
    rounds = _put(work, Round, [_round(one, players) for one in placed], ("order_id", "number", "id"))
    by_round = [(one, rounds[one.order_id, one.turn.number]) for one in placed]
    _write_calls(work, world, players, by_round)
    _put(work, Return, [_return(one, number, world, players) for one, number in by_round if one.turn.sent])
    _put(work, Exclusion, [_exclusion(orders[one.number], departments, one, players) for one in stories if one.left])
    _put(work, EventRow, list(_events(stories, orders, departments, players)))


# ---------------------------------------------------------------------------------------------------------------------


def _put(work: Work, kind: Any, rows: Sequence[Row], returned: Sequence[str] = ()) -> dict[Any, int]:
    """Insert rows with one statement and return the number of each by the columns before the last one named."""
    if not rows:
        return {}
    table = kind.__table__
    columns = [table.c[name] for name in rows[0]]
    document = cast(literal(json.dumps(rows, default=_plain, ensure_ascii=False), Text), JSON)
    source = func.json_to_recordset(document).table_valued(*(column(one.key, _stored(one.type)) for one in columns))
    source = source.render_derived(with_types=True)
    statement = insert(table).from_select([one.key for one in columns], select(*source.c))
    if not returned:
        work.session.execute(statement)
        return {}
    found = work.session.execute(statement.returning(*(table.c[name] for name in returned))).all()
    return {row[0] if len(row) == 2 else tuple(row[:-1]): row[-1] for row in found}


def _stored(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type as the database knows it: words are text there."""
    return Text() if isinstance(kind.python_type, type) and issubclass(kind.python_type, str) else kind


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no JSON form")


def _order(world: World, departments: Mapping[str, int], story: Story) -> Row:
    first, ids = story.first, world.ids
    unit = departments[story.unit.code] if story.unit else None
    closed_at = first.closed_at
    return {
        "source": SOURCE,
        "number": story.number,
        "department_id": unit,
        "counted_department_id": unit,
        "order_type_id": ids["order_types"][story.kind],
        "channel_id": ids["channels"][story.channel],
        "category_id": ids["categories"][story.matter.code],
        "place_id": ids["places"][story.street.code],
        "place_text": f"{story.street.district_name}{story.street.name}",
        "address": story.spot,
        "title": story.title,
        "text": story.text,
        "requester": prose.masked(prose.requester(story.index)),
        "confidential": story.confidential,
        "accepted_at": story.accepted_at,
        "due_at": first.due_at,
        "due_days": first.due_days,
        "due_rule": world.in_force.rules.name,
        "closed_at": closed_at,
        "closed_on": closed_at.date() if closed_at else None,
        "round_closed_at": story.last.closed_at,
        "status": story.status,
        "round": story.last.number,
        "outcome": story.outcome,
        "satisfaction": story.satisfaction,
        "solved": story.solved,
        "attempts": len(story.calls),
        "on_time": closed_at <= first.due_at if closed_at else None,
        "called": bool(story.calls),
        "reached": story.reached,
        "rated": story.satisfaction is not None,
        "reworked": len(story.turns) > 1,
        "escalated": story.escalated,
        "excluded": story.left is not None,
        "rule_set_id": world.in_force.id,
        "source_updated_at": closed_at or story.accepted_at,
        "created_at": story.accepted_at,
        "version": story.version,
    }


def _contact(order_id: int, departments: Mapping[str, int], story: Story) -> Row:
    return {
        "order_id": order_id,
        "department_id": departments[story.unit.code] if story.unit else None,
        "name": prose.requester(story.index),
        "phone": prose.phone(story.index),
    }


def _round(one: Placed, players: Mapping[str, Player]) -> Row:
    turn = one.turn
    return {
        "order_id": one.order_id,
        "number": turn.number,
        "department_id": one.department_id,
        "opened_at": turn.opened_at,
        "due_at": turn.due_at,
        "due_days": turn.due_days,
        "closed_at": turn.closed_at,
        "reply": turn.reply,
        "unit_contacted": turn.unit_contacted,
        "unit_contacted_at": turn.unit_contacted_at,
        "evidence_note": turn.evidence,
        "submitted_by": players[turn.submitted_by.subject].id if turn.submitted_by else None,
        "request_id": f"demo {one.story.number} {turn.number}" if turn.submitted_by else None,
        "settled_at": turn.settled_at,
        "satisfaction": turn.satisfaction,
    }


def _write_calls(
    work: Work, world: World, players: Mapping[str, Player], by_round: Sequence[tuple[Placed, int]]
) -> None:
    """Write the attempts, and with each that was answered its answers, reasons, finding and rating."""
    calls = [(one, number, call) for one, number in by_round for call in one.turn.calls]
    rows = [
        _of_round(one, number)
        | {
            "agent_id": players[call.agent.subject].id,
            "disposition_id": world.ids["dispositions"][call.disposition],
            "started_at": call.started_at,
            "recorded_at": call.recorded_at,
            "note": call.note,
            "request_id": _form(one, call),
        }
        for one, number, call in calls
    ]
    attempts = _put(work, Attempt, rows, ("request_id", "id"))
    made = [(one, number, call, attempts[_form(one, call)]) for one, number, call in calls]
    _put(work, Answer, [row for one, _, call, key in made for row in _answers(world, one, call, key)])
    reasons = world.ids["reasons"]
    given = [
        {"attempt_id": key, "department_id": one.department_id, "reason_id": reasons[code]}
        for one, _, call, key in made
        for code in call.reasons
    ]
    _put(work, AttemptReason, given)
    found = [
        _of_round(one, number) | {"attempt_id": key, "kind": FindingKind.CONTACT_DENIED, "found_at": call.recorded_at}
        for one, number, call, key in made
        if call.denied
    ]
    _put(work, Finding, found)
    keys = {id(call): key for _, _, call, key in made}
    _put(work, Rating, [row for one, number in by_round for row in _ratings(world, one, number, keys)])


def _answers(world: World, one: Placed, call: Call, attempt: int) -> Iterator[Row]:
    for question, value in call.answers.items():
        yield {
            "attempt_id": attempt,
            "department_id": one.department_id,
            "questionnaire_id": world.questionnaire_id,
            "question": question,
            "value": value,
        }


def _ratings(world: World, one: Placed, number: int, attempts: Mapping[int, int]) -> Iterator[Row]:
    for grade in one.turn.grades:
        yield _of_round(one, number) | {
            "source": RatingSource.CALLBACK if grade.call else RatingSource.SELF,
            "channel_id": world.ids["channels"][grade.channel],
            "grade_id": world.ids["grades"][grade.grade],
            "satisfaction": grade.satisfaction,
            "rule_set_id": world.in_force.id,
            "rated_at": grade.at,
            "attempt_id": attempts[id(grade.call)] if grade.call else None,
        }


def _of_round(one: Placed, number: int) -> Row:
    return {"order_id": one.order_id, "round_id": number, "department_id": one.department_id}


def _form(one: Placed, call: Call) -> str:
    return f"demo {one.story.number} {one.turn.number}.{one.turn.calls.index(call) + 1}"


def _return(one: Placed, number: int, world: World, players: Mapping[str, Player]) -> Row:
    sent = one.turn.sent
    if sent is None:
        raise ValueError("a first round is not opened by a return")
    return _of_round(one, number) | {
        "reason_id": world.ids["reasons"][sent.reason],
        "instruction": sent.instruction,
        "due_at": sent.due_at,
        "returned_by": players[sent.by.subject].id,
        "returned_at": sent.at,
        "request_id": f"demo return {one.story.number} {one.turn.number}",
    }


def _exclusion(order_id: int, departments: Mapping[str, int], story: Story, players: Mapping[str, Player]) -> Row:
    left = story.left
    if left is None:
        raise ValueError("only an order that was left out has an exclusion")
    return {
        "order_id": order_id,
        "department_id": departments[story.unit.code] if story.unit else None,
        "ground": left.ground,
        "proposed_by": players[left.proposed_by.subject].id,
        "proposed_at": left.proposed_at,
        "approved_by": players[left.approved_by.subject].id,
        "approved_at": left.approved_at,
    }


def _events(
    stories: Sequence[Story],
    orders: Mapping[str, int],
    departments: Mapping[str, int],
    players: Mapping[str, Player],
) -> Iterator[Row]:
    """Yield the trail, shard by shard as every writer does, and by time within a shard."""
    rows = []
    for story in stories:
        number = orders[story.number]
        for step in story.steps:
            event = Recorded(
                action=step.action,
                object_type=Order.__tablename__,
                object_id=number,
                order_id=number,
                department_id=departments[story.unit.code] if story.unit else None,
                before=step.before,
                after=step.after,
                reason=step.reason,
                request_id=None,
            )
            rows.append(event_row(event, _actor(step.actor, players), step.at.astimezone(UTC)))
    for row in sorted(rows, key=attrgetter("shard", "at", "object_id")):
        yield {name: getattr(row, name) for name in _EVENT_COLUMNS}


def _actor(part: Part | None, players: Mapping[str, Player]) -> Actor:
    if part is None:
        return SYSTEM
    player = players[part.subject]
    return Actor(id=player.id, name=player.name, role=player.role, home_department=player.department)
