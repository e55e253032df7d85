"""The cases of the queue behind the calls of the demo: what each called round amounts to, and where the rest stands.

Orders that are due have opened their case by themselves, when they were written; for those only what their calls say is
added. Rounds that were settled get a case that is closed.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import update

from db.base import Base
from db.callbacks import CallbackCase
from db.vocabulary import Status
from services.access import Work
from services.demo.rows import Placed, Player, Row, put, told
from services.demo.world import World
from services.rules.dispositions import resolve

_SPREAD = 2_654_435_761
"""Knuth's multiplier: settled cases have a draw too, as if by chance."""


def write(work: Work, world: World, players: Mapping[str, Player], placed: Sequence[Placed]) -> None:
    """Write the cases of the rounds that were called about."""
    called = [one for one in placed if one.turn.calls]
    waiting = [one for one in called if _waits(one)]
    put(work, CallbackCase, [_case(world, players, one) for one in called if not _waits(one)])
    if waiting:
        rows = [_key(one) | _said(world, players, one) | {"ready_at": one.turn.next_at} for one in waiting]
        news, table = told(CallbackCase, rows), Base.metadata.tables[CallbackCase.__tablename__]
        facts = {name: news.c[name] for name in rows[0] if name not in _key(waiting[0])}
        same = table.c.order_id == news.c.order_id, table.c.round == news.c.round
        work.session.execute(update(table).where(*same).values(facts))


# ---------------------------------------------------------------------------------------------------------------------


def _waits(one: Placed) -> bool:
    """Whether the round is still to be called about."""
    return one.turn is one.story.last and one.story.status == Status.DUE


def _key(one: Placed) -> Row:
    return {"order_id": one.order_id, "round": one.turn.number}


def _said(world: World, players: Mapping[str, Player], one: Placed) -> Row:
    """Return what the calls of a round amount to, and the call that decided it."""
    calls = one.turn.calls
    group = resolve(world.endings[call.disposition].group for call in calls)
    decided = [call for call in calls if world.endings[call.disposition].group == group][-1]
    return {
        "attempts": len(calls),
        "aapor_group": group,
        "agent_id": players[decided.agent.subject].id,
        "day_part": decided.day_part,
        "satisfaction": decided.satisfaction,
        "decided_on": decided.recorded_at.date(),
    }


def _case(world: World, players: Mapping[str, Player], one: Placed) -> Row:
    """Return the case of a settled round."""
    closed_at = one.turn.closed_at
    if closed_at is None:
        raise ValueError("nobody calls about a round that is not closed")
    midnight = closed_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return _key(one) | {
        "department_id": one.department_id,
        "order_type_id": world.ids["order_types"][one.story.kind],
        "urgent": one.turn.urgent,
        "closed_at": closed_at,
        "closed_on": closed_at.date(),
        "ready_at": midnight,
        "draw": (one.order_id * _SPREAD + one.turn.number) % 2**31,
        "needs": [one.story.language] if one.story.language else [],
        "open": False,
        **_said(world, players, one),
        "on_time": True,
        "done_at": one.turn.settled_at,
        "done_as": one.turn.ended,
    }
