"""Supervisors of the demo read again why citizens were dissatisfied: mostly as the agents wrote it, not always."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random

from db.callbacks import Recode, RecodeReason
from db.orders import Order
from db.vocabulary import Event
from services.access import Work
from services.demo.calls import reasons_for
from services.demo.cast import SUPERVISORS
from services.demo.rows import Placed, Player, Row, event, put
from services.demo.story import Call
from services.demo.world import World
from services.errors import Fact

_READ = 0.3
_AGREES = 0.8


def write(
    work: Work,
    world: World,
    players: Mapping[str, Player],
    calls: Sequence[tuple[Placed, int, Call, int]],
) -> None:
    """Write the readings of some dissatisfied calls; `calls` come with the numbers of their round and attempt."""
    rows, told, found = list[Row](), dict[int, tuple[str, ...]](), dict[int, tuple[Placed, Call, Player]]()
    for one, round_id, call, attempt in calls:
        rng = Random(f"{one.story.number} {one.turn.number} reading")
        decided = one.turn.settled_at
        if not call.reasons or decided is None or one.story.left is not None or rng.random() >= _READ:
            continue
        at = world.hours.decision(decided + timedelta(minutes=20), rng, 0)
        if at > world.end:
            continue
        read = call.reasons if rng.random() < _AGREES else tuple(sorted(reasons_for(one.story, rng)))
        reader = players[rng.choice(SUPERVISORS).subject]
        rows.append(
            {
                "order_id": one.order_id,
                "round_id": round_id,
                "department_id": one.department_id,
                "attempt_id": attempt,
                "agrees": set(read) == set(call.reasons),
                "recoded_by": reader.id,
                "recoded_at": at,
                "request_id": f"demo reading {one.story.number} {one.turn.number}",
            }
        )
        told[attempt], found[attempt] = read, (one, call, reader)
    made = put(work, Recode, rows, ("attempt_id", "id"))
    reasons = world.ids["reasons"]
    put(
        work,
        RecodeReason,
        [
            {"recode_id": made[attempt], "reason_id": reasons[code], "department_id": found[attempt][0].department_id}
            for attempt, codes in told.items()
            for code in codes
        ],
    )
    for row in rows:
        one, call, reader = found[row["attempt_id"]]
        after: dict[str, Fact] = {"reasons": ",".join(sorted(told[row["attempt_id"]])), "attempt": row["attempt_id"]}
        work.session.add(
            event(
                Event.REASON_RECODED,
                Order,
                one.order_id,
                reader,
                row["recoded_at"],
                after,
                one.department_id,
                before={"reasons": ",".join(sorted(call.reasons))},
            )
        )
