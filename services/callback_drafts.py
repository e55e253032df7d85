"""What an agent has typed about a call and not sent yet: kept at every answer, given back to nobody else.

A draft keeps the request id under which the form will be sent. So a form that comes back after a lost connection is
the same form: where the sending had gone through and only its answer was lost, sending again writes nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from db.callbacks import CallbackDraft
from db.orders import Attempt, Order
from services import casework
from services.access import Access, Look
from services.errors import Invalid
from services.rules.permissions import Permission

Typed = Mapping[str, str | Sequence[str]]
"""What stands in the fields of the form, by their names."""
LARGEST = 65_536
"""Bytes of a draft: some times what a form can hold; more is no form."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that was not sent: its request id, what stood in it, and when it was last kept."""

    token: str
    body: Typed
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer to keeping a draft: when it was kept, or None where this form has been sent already."""

    saved_at: datetime | None


def save_draft(access: Access, *, order_id: int, round: int, token: str, body: Typed) -> Kept:
    """Keep what stands in the form of the person who types it; raises NotFound, and Invalid for more than a form holds.

    It is written into no trail: what counts is what will be sent. A form that has been sent keeps nothing any more,
    whatever a late stroke of the same form says.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        work.quiet()
        work.one(Order, order_id)
        if _sent(work, token):
            return Kept(None)
        typed = {name: value if isinstance(value, str) else list(value) for name, value in body.items()}
        if len(json.dumps(typed)) > LARGEST:
            raise Invalid({"words": "too_long"})
        drawn = insert(CallbackDraft).values(
            person_id=casework.acting_person(work),
            order_id=order_id,
            round=round,
            token=token,
            body=typed,
            saved_at=work.now,
        )
        # The row of a form that was sent is used again by the next form about the same round, and by no other.
        kept = drawn.on_conflict_do_update(
            index_elements=[CallbackDraft.person_id, CallbackDraft.order_id, CallbackDraft.round],
            set_={"token": token, "body": typed, "saved_at": work.now, "ended_at": None},
            where=or_(CallbackDraft.ended_at.is_(None), CallbackDraft.token != token),
        ).returning(CallbackDraft.saved_at)
        return Kept(work.session.scalar(kept))


def draft_of(access: Access, *, order_id: int) -> Draft | None:
    """Return what the person has typed about the order's current round and not sent, or None; raises NotFound."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        order = look.one(Order, order_id)
        kept = look.session.get(CallbackDraft, (look.actor.id, order_id, order.round)) if look.actor.id else None
        if kept is None or kept.ended_at is not None or _sent(look, kept.token):
            return None
        return Draft(kept.token, kept.body, kept.saved_at)


# ---------------------------------------------------------------------------------------------------------------------


def _sent(look: Look, token: str) -> bool:
    return look.session.scalar(select(Attempt.id).where(Attempt.request_id == token)) is not None
