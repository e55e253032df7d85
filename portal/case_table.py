"""Cases that wait to be called, as a table: what makes their turn, and in whose hands they are."""

from collections.abc import Sequence

from portal import columns, loop_forms
from portal.words import label, name, say, short_moment
from services.callback_waiting import Waiting


def draw(rows: Sequence[Waiting], *, screen: str, more: bool) -> None:
    """Draw cases of which one is chosen, with the way to the next ones."""
    table = {
        "number": [row.number for row in rows],
        "title": [row.title for row in rows],
        "department": [name(row.department) for row in rows],
        "standing": [label(row.standing) if row.standing else say("callback_record.unrated") for row in rows],
        "round": [row.round for row in rows],
        "attempts": [row.attempts for row in rows],
        "closed": [row.closed_at for row in rows],
        "held": [_held(row) for row in rows],
        "appointment": [_appointment(row) for row in rows],
    }
    config = {
        "number": columns.text("field.number", 122),
        "title": columns.text("field.title", 118),
        "department": columns.text("field.department", 90),
        "standing": columns.text("callback_record.standing", 76),
        "round": columns.whole("field.round", 54),
        "attempts": columns.whole("callback_record.tried", 50),
        "closed": columns.moment("field.closed_at", 86),
        "held": columns.text("callback_queue.held", 152),
        "appointment": columns.text("callback_queue.appointment", 95),
    }
    ids = [row.order_id for row in rows]
    loop_forms.pick_from(table, ids, screen=screen, columns=config, more=more)


# ---------------------------------------------------------------------------------------------------------------------


def _appointment(row: Waiting) -> str:
    if row.appointment_at is None:
        return ""
    at = short_moment(row.appointment_at)
    return say("callback_queue.agreed_with", at=at, who=row.appointment_for) if row.appointment_for else at


def _held(row: Waiting) -> str:
    if row.held_by is None:
        return say("callback_queue.referred") if row.referred else ""
    return say("callback_queue.held_by", who=row.held_by, until=short_moment(row.held_until))
