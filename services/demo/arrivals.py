"""When demo orders come in: a weekly cycle, a slow rise over the year, quieter holidays, and one day of flood."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random

from db.vocabulary import Status
from services.demo.cast import UNITS
from services.demo.story import Story
from services.demo.teller import Arrival, Teller
from services.demo.world import World

YEAR = 365
FLOOD_SHARE = 167 / 5000
"""667 orders about flooded streets came in on 2019-05-28 in Guangzhou; of 5,000 demo orders it is a quarter of that."""

_WEEK = (1.16, 1.12, 1.08, 1.06, 1.05, 0.74, 0.66)
_MONTHS = (0.94, 0.82, 0.98, 1.0, 1.08, 1.12, 1.1, 1.06, 1.02, 0.95, 1.0, 0.98)
_RISE = 0.22
_TRIES = 600


@dataclass(frozen=True, slots=True)
class Wish:
    """Orders that must be there: so many of a status in a round, begun so many days ago, with or without time left,
    called for by the citizen's own rating, in need of a language.

    A small demo has room for some of the wishes only; those of little patience come first.
    """

    name: str
    status: Status
    round: int
    count: int
    days: tuple[int, int]
    overdue: bool | None = None
    patience: float = 1.0
    urgent: bool | None = None
    language: str | None = None


WISHES = (
    Wish("rework", Status.RETURNED, 2, len(UNITS), (16, 56), overdue=False, patience=0.5),
    Wish("review", Status.DISSATISFIED, 1, 6, (8, 34)),
    Wish("overdue", Status.RETURNED, 2, len(UNITS) // 4, (16, 56), overdue=True),
    Wish("closed", Status.CLOSED, 1, 3, (0, 12)),
    Wish("escalated", Status.ESCALATED, 3, 2, (24, 78)),
    Wish("again", Status.DUE, 2, 4, (16, 56)),
    Wish("urgent", Status.DUE, 1, 4, (5, 16), urgent=True),
    Wish("cantonese", Status.DUE, 1, 2, (5, 16), language="yue"),
    Wish("english", Status.DUE, 1, 1, (5, 16), language="en"),
    Wish("third", Status.RETURNED, 3, 2, (24, 78)),
    Wish("second", Status.DISSATISFIED, 2, 2, (16, 56)),
)
"""What every role should find on its screen."""


def flood_day(first: date, last: date, seed: int) -> date:
    """Return the day of the flood: a working weekday in late May or early June."""
    rng = Random(f"{seed}/flood")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    wet = [day for day in days if (day.month, day.day) >= (5, 20) and (day.month, day.day) <= (6, 12)]
    return rng.choice([day for day in wet if day.isoweekday() < 6] or wet or days)


def arrivals(world: World, teller: Teller, first: date, last: date, *, orders: int, seed: int) -> list[Arrival]:
    """Return every order that comes in, in order of time; the same for the same arguments."""
    chosen = list(_chosen(world, teller, last, seed, orders // 30))
    wet = round(orders * FLOOD_SHARE)
    flood = flood_day(first, last, seed)
    rng = Random(f"{seed}/{orders}/arrivals")
    come = [
        Arrival(_daytime(world, flood, rng), f"{seed}/flood/{n}", flood=True)
        for n in range(min(wet, orders - len(chosen)))
    ]
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    up_to = list(accumulate(_weight(world, day, n / len(days)) for n, day in enumerate(days)))
    for n in range(orders - len(chosen) - len(come)):
        day = days[bisect_left(up_to, rng.random() * up_to[-1])]
        come.append(Arrival(world.hours.arrival(day, rng), f"{seed}/{n}"))
    return sorted([*come, *chosen], key=lambda arrival: (arrival.at, arrival.key))


# ---------------------------------------------------------------------------------------------------------------------


def _weight(world: World, day: date, progress: float) -> float:
    week = _WEEK[day.weekday()]
    if day.isoweekday() < 6 and not world.hours.is_worked(day):
        week = 0.62
    elif day.isoweekday() > 5 and world.hours.is_worked(day):
        week = 1.04
    return week * _MONTHS[day.month - 1] * (1 + _RISE * progress)


def _daytime(world: World, day: date, rng: Random) -> datetime:
    """Return a moment of the flood: the rain began at six in the morning."""
    return datetime.combine(day, datetime.min.time(), world.hours.zone) + timedelta(
        seconds=int(rng.triangular(6 * 3600, 23 * 3600, 9 * 3600))
    )


def _chosen(world: World, teller: Teller, last: date, seed: int, most: int) -> Iterator[Arrival]:
    """Find the orders that must be there, by telling stories until one ends as wanted. Taken in turns, so that a small
    demo has some of each."""
    in_turn = sorted(
        (wish.patience * position / wish.count, n, position)
        for n, wish in enumerate(WISHES)
        for position in range(wish.count)
    )
    for _, n, position in in_turn[:most]:
        wish = WISHES[n]
        unit = UNITS[position % len(UNITS)].department
        if unit is None or unit not in world.units:
            continue
        for attempt in range(_TRIES):
            key = f"{seed}/{wish.name}/{position}/{attempt}"
            rng = Random(f"{key}/day")
            day = last - timedelta(days=rng.randint(*wish.days))
            arrival = Arrival(world.hours.arrival(day, rng), key, unit=unit, sour=True)
            if _ends(teller.tell(arrival), wish, teller.end):
                yield arrival
                break


def _ends(story: Story, wish: Wish, end: datetime) -> bool:
    overdue = story.last.closed_at is None and story.last.due_at < end
    return (
        (story.status, story.last.number) == (wish.status, wish.round)
        and wish.overdue in (None, overdue)
        and wish.urgent in (None, story.last.urgent)
        and wish.language in (None, story.language)
    )
