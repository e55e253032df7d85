"""One demo order's life, as facts in the order of time: every step is a legal move of the loop."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from db.vocabulary import CaseEnd, Event, Outcome, Satisfaction, Solved, Status
from services.demo.cast import Part
from services.demo.world import Matter, Street, Unit
from services.errors import Fact
from services.rules import lifecycle


@dataclass(slots=True)
class Call:
    """One attempt to reach the citizen."""

    agent: Part
    disposition: str
    started_at: datetime
    recorded_at: datetime
    note: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    denied: bool = False
    grade: str | None = None
    number: int = 1
    day_part: str | None = None
    hands_ms: int = 0
    satisfaction: Satisfaction | None = None
    settled: bool = False


@dataclass(slots=True)
class Grade:
    """A rating, by the citizen (`call` is None) or in a call: the grade as `scale.grade`, and what it counts as."""

    grade: str
    satisfaction: Satisfaction
    at: datetime
    channel: str
    call: Call | None = None


@dataclass(slots=True)
class Sent:
    """The return that opened a round."""

    reason: str
    instruction: str
    by: Part
    at: datetime
    due_at: datetime


@dataclass(slots=True)
class Turn:
    """One round."""

    number: int
    opened_at: datetime
    due_at: datetime
    due_days: int
    closed_at: datetime | None = None
    reply: str | None = None
    unit_contacted: bool | None = None
    unit_contacted_at: datetime | None = None
    evidence: str | None = None
    submitted_by: Part | None = None
    settled_at: datetime | None = None
    sent: Sent | None = None
    grades: list[Grade] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    ended: CaseEnd | None = None
    next_at: datetime | None = None

    @property
    def urgent(self) -> bool:
        """Whether the citizen's own rating of a first round called for the call."""
        own = [grade.satisfaction for grade in self.grades if grade.call is None]
        return self.number == 1 and own[-1:] == [Satisfaction.DISSATISFIED]

    @property
    def satisfaction(self) -> Satisfaction | None:
        """What the last rating of the round counts as."""
        return self.grades[-1].satisfaction if self.grades else None


@dataclass(slots=True)
class Left:
    """An order left out of the statistics, by two people who neither called nor decided."""

    ground: str
    proposed_by: Part
    proposed_at: datetime
    approved_by: Part
    approved_at: datetime


@dataclass(slots=True)
class Step:
    """One thing that the trail says of the order; without an actor it came by import."""

    at: datetime
    actor: Part | None
    action: Event
    before: dict[str, Fact]
    after: dict[str, Fact]
    reason: str | None = None


@dataclass(slots=True)
class Story:
    """An order with everything that happened to it."""

    accepted_at: datetime
    unit: Unit | None
    street: Street
    spot: str
    matter: Matter
    kind: str
    channel: str
    title: str
    text: str
    confidential: bool
    flood: bool
    phones: int = 1
    language: str | None = None
    number: str = ""
    index: int = 0
    status: Status = Status.OPEN
    escalated: bool = False
    archived_at: datetime | None = None
    turns: list[Turn] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    left: Left | None = None
    version: int = 1

    def stands_at(self, *statuses: Status) -> bool:
        """Whether the order is in one of the statuses."""
        return self.status in statuses

    def step(self, step: Step, move: lifecycle.Move) -> None:
        """Make a move and say so in the trail."""
        self.status = lifecycle.advance(self.status, move)
        self.version += 1
        self.escalated = self.escalated or self.status == Status.ESCALATED
        if self.status == Status.ARCHIVED:
            self.archived_at = step.at
        stands = self.counted() | {"move": move.name} if step.action == Event.CALLBACK_RECORDED else self.place()
        step.after = stands | step.after
        if step.action == Event.ORDER_ARCHIVED and self.outcome is not None:
            step.after["outcome"] = self.outcome.value
        self.steps.append(step)

    def place(self) -> dict[str, Fact]:
        """Return where the order stands, as the steps of supervisors and departments state it."""
        return {"status": self.status.value, "round": self.last.number}

    def counted(self) -> dict[str, Fact]:
        """Return what counts of the order, as each call states it before and after."""
        return {
            "status": self.status.value,
            "satisfaction": self.satisfaction.value if self.satisfaction else None,
            "solved": self.solved.value if self.solved else None,
            "attempts": len(self.calls),
            "reached": self.reached,
        }

    @property
    def first(self) -> Turn:
        """The first round: its close is the order's."""
        return self.turns[0]

    @property
    def last(self) -> Turn:
        """The round that counts."""
        return self.turns[-1]

    @property
    def calls(self) -> list[Call]:
        """Every attempt of every round."""
        return [call for turn in self.turns for call in turn.calls]

    @property
    def reached(self) -> bool:
        """Whether the citizen answered in any round."""
        return any(call.answers for call in self.calls)

    @property
    def satisfaction(self) -> Satisfaction | None:
        """What counts: the rating of the last round that has one. Later silence takes nothing back."""
        rated = [turn.satisfaction for turn in self.turns if turn.satisfaction is not None]
        return rated[-1] if rated else None

    @property
    def solved(self) -> Solved | None:
        """What the citizen last said."""
        said = [call.answers["solved"] for call in self.calls if "solved" in call.answers]
        return Solved(said[-1]) if said else None

    @property
    def outcome(self) -> Outcome | None:
        """What the archived order amounts to: silence is never satisfaction."""
        if self.status != Status.ARCHIVED:
            return None
        if self.satisfaction is not None:
            return Outcome(self.satisfaction.value)
        return Outcome.UNREACHED if self.calls else Outcome.UNASKED
