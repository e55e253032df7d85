"""Writes told stories in a few large statements, with everything that happened to them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from operator import attrgetter

from db.callbacks import OtherNumber
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
from db.vocabulary import FindingKind, RatingSource
from services.access import SYSTEM, Recorded, Work, event_row
from services.demo import cases, prose, readings
from services.demo.rows import Placed, Player, Row, put
from services.demo.story import Call, Story
from services.demo.world import World

SOURCE = "demo"
"""The source of every demo order."""

_EVENT_COLUMNS = tuple(one.key for one in EventRow.__table__.c if one.key not in ("id", "seq", "previous", "hash"))


def write(work: Work, world: World, players: Mapping[str, Player], stories: Sequence[Story]) -> None:
    """Write the stories, in the transaction of `work`."""
    departments = world.ids["departments"]
    orders = put(work, Order, [_order(world, departments, story) for story in stories], ("number", "id"))
    put(work, Contact, [_contact(orders[story.number], departments, story) for story in stories])
    further = [row for story in stories for row in _further(orders[story.number], departments, story)]
    put(work, OtherNumber, further)
    placed = [
        Placed(story, turn, orders[story.number], departments[story.unit.code] if story.unit else None)
        for story in stories
        for turn in story.turns
    ]
    rounds = put(work, Round, [_round(one, players) for one in placed], ("order_id", "number", "id"))
    by_round = [(one, rounds[one.order_id, one.turn.number]) for one in placed]
    _write_calls(work, world, players, by_round)
    cases.write(work, world, players, placed)
    put(work, Return, [_return(one, number, world, players) for one, number in by_round if one.turn.sent])
    put(work, Exclusion, [_exclusion(orders[one.number], departments, one, players) for one in stories if one.left])
    put(work, EventRow, list(_events(stories, orders, departments, players)))


# ---------------------------------------------------------------------------------------------------------------------


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
        "language": story.language,
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


def _further(order_id: int, departments: Mapping[str, int], story: Story) -> Iterator[Row]:
    """Yield the numbers behind the first one."""
    for position in range(2, story.phones + 1):
        yield {
            "order_id": order_id,
            "department_id": departments[story.unit.code] if story.unit else None,
            "position": position,
            "phone": prose.phone(story.index, position),
            "added_at": story.accepted_at,
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
            "number": call.number,
            "day_part": call.day_part,
            "satisfaction": call.satisfaction,
            "settled": call.settled,
            "on_time": True if call.settled else None,
            "hands_ms": call.hands_ms,
            "request_id": _form(one, call),
        }
        for one, number, call in calls
    ]
    attempts = put(work, Attempt, rows, ("request_id", "id"))
    made = [(one, number, call, attempts[_form(one, call)]) for one, number, call in calls]
    put(work, Answer, [row for one, _, call, key in made for row in _answers(world, one, call, key)])
    reasons = world.ids["reasons"]
    given = [
        {"attempt_id": key, "department_id": one.department_id, "reason_id": reasons[code]}
        for one, _, call, key in made
        for code in call.reasons
    ]
    put(work, AttemptReason, given)
    found = [
        _of_round(one, number) | {"attempt_id": key, "kind": FindingKind.CONTACT_DENIED, "found_at": call.recorded_at}
        for one, number, call, key in made
        if call.denied
    ]
    put(work, Finding, found)
    readings.write(work, world, players, made)
    keys = {id(call): key for _, _, call, key in made}
    put(work, Rating, [row for one, number in by_round for row in _ratings(world, one, number, keys)])


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
            rows.append(
                event_row(
                    event,
                    players[step.actor.subject].actor if step.actor is not None else SYSTEM,
                    step.at.astimezone(UTC),
                )
            )
    for row in sorted(rows, key=attrgetter("shard", "at", "object_id")):
        yield {name: getattr(row, name) for name in _EVENT_COLUMNS}
