"""One order as it is read: rounds as chapters, and in each of them what happened."""

from dataclasses import dataclass
from datetime import datetime

from db.vocabulary import Event, FindingKind, Outcome, RatingSource, Role, Satisfaction, Solved, Status
from services.rules.deadlines import Explanation
from services.rules.permissions import Permission
from services.views import Named


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating as it was given, and what it counted as; `counts` marks the one that the scores go by."""

    id: int
    source: RatingSource
    grade: Named
    satisfaction: Satisfaction
    channel: Named | None
    rated_at: datetime
    call_id: int | None
    counts: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a call: a stored word, and the name of the grade where the question is graded."""

    question: str
    value: str
    grade: Named | None


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt to call. `agent` is None where the reader may not see who it was."""

    id: int
    agent: str | None
    disposition: Named
    contacted: bool
    started_at: datetime
    recorded_at: datetime
    note: str | None
    answers: tuple[Answered, ...]
    reasons: tuple[Named, ...]
    words: str | None
    findings: tuple[FindingKind, ...]


@dataclass(frozen=True, slots=True)
class SentBack:
    """Why a round was opened: what is to be done again, and who says so."""

    reason: Named
    instruction: str
    by: str | None
    returned_at: datetime


@dataclass(frozen=True, slots=True)
class Chapter:
    """One round. `deadline` accounts for every day on the way to it, where the rule set made the deadline."""

    id: int
    number: int
    department: Named | None
    opened_at: datetime
    due_at: datetime | None
    due_days: int | None
    deadline: Explanation | None
    late: bool
    closed_at: datetime | None
    reply: str | None
    unit_contacted: bool | None
    unit_contacted_at: datetime | None
    evidence_note: str | None
    settled_at: datetime | None
    satisfaction: Satisfaction | None
    sent_back: SentBack | None
    calls: tuple[Call, ...]
    ratings: tuple[Rated, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the trail about the order. `actor` is None where the reader may not see who it was."""

    at: datetime
    action: Event
    actor: str | None
    role: Role
    department: Named | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class OrderStory:
    """One order whole. The phone is masked; `actions` are the permissions that something can be done with now."""

    id: int
    number: str
    source: str
    version: int
    status: Status
    round: int
    title: str
    text: str
    order_type: Named
    category: tuple[Named, ...]
    place: tuple[Named, ...]
    place_text: str | None
    address: str | None
    channel: Named | None
    department: Named | None
    counted_department: Named | None
    requester: str | None
    phone: str | None
    confidential: bool
    accepted_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    late: bool
    official_late: bool | None
    outcome: Outcome | None
    satisfaction: Satisfaction | None
    solved: Solved | None
    escalated: bool
    excluded: bool
    chapters: tuple[Chapter, ...]
    happenings: tuple[Happening, ...]
    actions: frozenset[Permission]

    @property
    def last(self) -> Chapter:
        """The round that counts."""
        return self.chapters[-1]
