"""Tells one order's story from its draws: closing, rating, calls, decisions, rework, in the order of the loop."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random

from db.vocabulary import DepartmentKind, Event, Satisfaction, Status
from services.demo.calls import DISSATISFIED_GRADES, SATISFIED_GRADES, Caller, drawn
from services.demo.cast import ASSESSORS, SUPERVISORS, UNITS
from services.demo.prose import Prose
from services.demo.story import Grade, Left, Sent, Step, Story, Turn
from services.demo.world import Matter, Street, Unit, World
from services.errors import Fact
from services.rules import lifecycle

_DISPLEASED = 0.106
"""How likely an average citizen is to be dissatisfied with a first round; what the units do moves it."""
_RATES_ITSELF = 0.42

_KINDS = {"help": 38, "complaint": 44, "report": 11, "suggest": 6, "other": 1}
_KIND_DISPLEASES = {"consult": 0.5, "help": 0.95, "complaint": 1.25, "report": 1.15, "suggest": 0.8, "other": 1.0}
_CHANNELS = {"phone": 72, "wechat": 9, "miniapp": 8, "web": 6, "app": 5}
_RATING_CHANNELS = {"sms": 45, "wechat": 22, "miniapp": 14, "ivr": 12, "web": 7}
_THREE_GRADES = {"satisfied": 78, "basically_satisfied": 22}
_LANGUAGES = {"": 940, "yue": 48, "en": 12}
_PHONES = {"1": 90, "2": 8, "3": 2}


@dataclass(frozen=True, slots=True)
class Arrival:
    """An order about to be told: the key seeds its draws; `unit` and `sour` are set for the ones that must go wrong."""

    at: datetime
    key: str
    flood: bool = False
    unit: str | None = None
    sour: bool = False


class Teller:
    """Tells stories that end at one moment, after which nothing has happened yet."""

    def __init__(self, world: World, prose: Prose) -> None:
        self.world, self.prose, self.end = world, prose, world.end
        self._caller = Caller(world, prose)
        self._units = {part.department: part for part in UNITS}
        day = (self.end - timedelta(seconds=1)).date()
        while not world.hours.is_worked(day):
            day -= timedelta(days=1)
        self._last_queued = datetime.combine(day, time(16), self.end.tzinfo)

    def tell(self, arrival: Arrival) -> Story:
        """Return the story of one order, the same for the same arrival."""
        rng = Random(arrival.key)
        story = self._begin(arrival, rng)
        self._close(story, rng)
        asked = 0
        while story.stands_at(Status.DUE) and asked < len(story.turns):
            asked = len(story.turns)
            self._ask(story, rng, sour=arrival.sour)
            if story.stands_at(Status.DISSATISFIED, Status.ESCALATED):
                self._decide(story, rng)
            if story.stands_at(Status.RETURNED):
                self._rework(story, rng)
        self._leave_out(story, rng)
        return story

    # ---------------------------------------------------------------------------------------------------------------

    def _begin(self, arrival: Arrival, rng: Random) -> Story:
        street = self._street(arrival, rng)
        matter = self.world.flood if arrival.flood else self._matter(arrival, rng)
        kind = _kind(matter, arrival, rng)
        unit = self._unit(arrival, street, matter, rng)
        spot = self.prose.spot(street, rng)
        days = self.world.in_force.rules.deadline(kind).value
        text = (
            self.prose.flood(street, spot, rng)
            if arrival.flood
            else self.prose.request(street, spot, matter, kind, arrival.at, rng)
        )
        due_at = self.world.due(arrival.at.date(), days)
        return Story(
            accepted_at=arrival.at,
            unit=unit,
            street=street,
            spot=spot,
            matter=matter,
            kind=kind,
            channel=drawn(_CHANNELS, rng),
            title=self.prose.title(street, matter, kind),
            text=text,
            confidential=rng.random() < (0.12 if kind == "report" else 0.01),
            flood=arrival.flood,
            phones=int(drawn(_PHONES, rng)),
            language=drawn(_LANGUAGES, rng) or None,
            turns=[Turn(1, arrival.at, due_at, days)],
        )

    def _street(self, arrival: Arrival, rng: Random) -> Street:
        streets, weights = self.world.streets, self.world.street_weights
        here = [n for n, one in enumerate(streets) if arrival.unit in (one.code, one.district)]
        if here:
            return streets[rng.choices(here, [weights[n] for n in here])[0]]
        return rng.choices(streets, weights)[0]

    def _matter(self, arrival: Arrival, rng: Random) -> Matter:
        """Draw a matter; for a given unit, one that this unit handles."""
        matters, weights = self.world.matters, self.world.matter_weights
        if arrival.unit is None:
            return rng.choices(matters, weights)[0]
        unit = self.world.units[arrival.unit]
        parent = arrival.unit.rsplit("-", 1)[0] if unit.kind == DepartmentKind.SUBUNIT else arrival.unit
        handler = unit.kind.value if unit.kind in (DepartmentKind.DISTRICT, DepartmentKind.STREET) else parent
        its_own = [n for n, one in enumerate(matters) if handler in one.handlers and not one.is_question]
        return matters[rng.choices(its_own, [weights[n] for n in its_own])[0]] if its_own else matters[0]

    def _unit(self, arrival: Arrival, street: Street, matter: Matter, rng: Random) -> Unit | None:
        """Return who handles it; a few of the newest orders still wait to be assigned."""
        if arrival.unit is not None:
            return self.world.units[arrival.unit]
        if self.end - arrival.at < timedelta(days=2) and rng.random() < 0.12:
            return None
        code = rng.choices(matter.handlers, matter.weights)[0]
        code = {"street": street.code, "district": street.district}.get(code, code)
        below = self.world.subunits.get(code, ())
        return self.world.units[rng.choice(below) if below and rng.random() < 0.18 else code]

    def _close(self, story: Story, rng: Random) -> None:
        turn = story.first
        if story.unit is None:
            return
        late = rng.random() < story.unit.late * (1.6 if story.flood else 1.0)
        closed_at = self.world.hours.closing(turn.opened_at, turn.due_at, rng, late=late)
        if story.flood and not late:
            closed_at = min(closed_at, self.world.hours.decision(turn.opened_at, rng, rng.randint(1, 4)))
        if closed_at > self.end:
            return
        self._reply(story, turn, closed_at, rng)
        story.status = lifecycle.advance(story.status, lifecycle.CLOSE)
        story.version += 1
        # What was closed after four on the last working day has not been taken into the queue yet.
        if closed_at <= self._last_queued:
            story.status = lifecycle.advance(story.status, lifecycle.ASK)

    def _reply(self, story: Story, turn: Turn, at: datetime, rng: Random) -> None:
        if story.unit is None:
            return
        turn.closed_at = at
        turn.reply = self.prose.reply(
            story.unit, story.spot, story.matter, flood=story.flood, number=turn.number, rng=rng
        )
        turn.unit_contacted = rng.random() < (0.97 if turn.number > 1 else 0.88)
        if turn.unit_contacted:
            turn.unit_contacted_at = self.world.hours.contact(turn.opened_at, at, rng)

    def _ask(self, story: Story, rng: Random, *, sour: bool) -> None:
        """Let the citizen rate, and call where the loop says so."""
        turn = story.last
        displeased = rng.random() < (0.97 if sour else self._displeasure(story, turn))
        if rng.random() < (_RATES_ITSELF if turn.number == 1 else 0.2) and self._rate(story, turn, displeased, rng):
            return
        # Some of those who rated themselves dissatisfied are content once somebody has called.
        if turn.grades and displeased:
            displeased = sour or rng.random() < 0.78
        self._caller.call(story, turn, rng, displeased=displeased, sour=sour)

    def _displeasure(self, story: Story, turn: Turn) -> float:
        unit = story.unit.displeases if story.unit else 1.0
        if turn.number > 1:
            return min(0.9, 0.34 * unit)
        late = turn.closed_at is not None and turn.closed_at > turn.due_at
        return min(0.9, _DISPLEASED * unit * _KIND_DISPLEASES[story.kind] * (1.9 if late else 1.0))

    def _rate(self, story: Story, turn: Turn, displeased: bool, rng: Random) -> bool:
        """Let the citizen rate by message; return whether that ended the round."""
        if turn.closed_at is None:
            return True
        at = turn.closed_at + timedelta(seconds=int(rng.expovariate(1 / 14_000)) + 240)
        if at > self.end or at > turn.closed_at + timedelta(hours=14):
            return False
        three = rng.random() < 0.25
        satisfied = drawn(_THREE_GRADES if three else SATISFIED_GRADES, rng)
        grade = ("dissatisfied" if three else drawn(DISSATISFIED_GRADES, rng)) if displeased else satisfied
        scale = "three" if three else "five"
        counts_as = self.world.in_force.rules.satisfaction(scale, grade)
        turn.grades.append(Grade(f"{scale}.{grade}", counts_as, at, drawn(_RATING_CHANNELS, rng)))
        story.status = lifecycle.advance(story.status, lifecycle.after_rating(counts_as))
        story.version += 1
        if story.status == Status.ARCHIVED:
            turn.settled_at = story.archived_at = at
        return story.status == Status.ARCHIVED

    def _decide(self, story: Story, rng: Random) -> None:
        """Let a supervisor return the order for rework, or archive it dissatisfied."""
        turn = story.last
        heard = turn.calls[-1].recorded_at
        at = self.world.hours.decision(
            heard + timedelta(minutes=20), rng, rng.choices((0, 1, 2, 3), (30, 35, 22, 13))[0]
        )
        if at > self.end:
            return
        by = rng.choice(SUPERVISORS)
        reasons = turn.calls[-1].reasons
        wants = any(reason in self.world.rework_reasons for reason in reasons)
        again = rng.random() < (0.86 if wants else 0.22 if reasons else 0.12)
        if story.status == Status.ESCALATED:
            again = turn.number == self.world.in_force.rules.max_rounds.value and rng.random() < 0.4
        if not again:
            why = self.prose.archive(rng)
            ended: dict[str, Fact] = {"rework_called_for": wants}
            story.step(Step(at, by, Event.ORDER_ARCHIVED, story.place(), ended, why), lifecycle.ARCHIVE)
            return
        reason = next((one for one in reasons if one in self.world.rework_reasons), (*reasons, "R03")[0])
        days = self.world.in_force.rules.rework_deadline.value
        due_at = self.world.due(at.date(), days)
        sent = Sent(reason, self.prose.instruction(reason, rng), by, at, due_at)
        wanted: dict[str, Fact] = {"due_at": due_at.astimezone(UTC).isoformat(), "days": days}
        step = Step(at, by, Event.ORDER_RETURNED, story.place(), wanted, reason)
        story.turns.append(Turn(turn.number + 1, at, due_at, days, sent=sent))
        story.step(step, lifecycle.RETURN)

    def _rework(self, story: Story, rng: Random) -> None:
        turn = story.last
        late = rng.random() < 0.12
        at = self.world.hours.closing(turn.opened_at, turn.due_at, rng, late=late)
        if at > self.end or story.unit is None:
            return
        self._reply(story, turn, at, rng)
        turn.evidence = self.prose.evidence(rng)
        turn.submitted_by = self._units.get(story.unit.code)
        told: dict[str, Fact] = {"late": at > turn.due_at, "unit_contacted": turn.unit_contacted}
        story.step(Step(at, turn.submitted_by, Event.REWORK_SUBMITTED, story.place(), told), lifecycle.REDO)

    def _leave_out(self, story: Story, rng: Random) -> None:
        """Leave some archived orders out of the statistics, on the decision of two people without a part in them."""
        likely = 0.12 if story.satisfaction == Satisfaction.DISSATISFIED else 0.024
        if story.archived_at is None or rng.random() >= likely:
            return
        deciders = {step.actor.subject for step in story.steps if step.actor is not None}
        free = [part for part in (*SUPERVISORS, *ASSESSORS) if part.subject not in deciders]
        proposed_by, approved_by = rng.sample(free, 2)
        proposed_at = self.world.hours.decision(story.archived_at, rng, rng.randint(1, 3))
        approved_at = self.world.hours.decision(proposed_at, rng, rng.randint(1, 2))
        if approved_at <= self.end:
            story.version += 1
            story.left = Left(self.prose.ground(rng), proposed_by, proposed_at, approved_by, approved_at)


def _kind(matter: Matter, arrival: Arrival, rng: Random) -> str:
    if arrival.flood:
        return "help"
    return "consult" if matter.is_question else drawn(_KINDS, rng)
