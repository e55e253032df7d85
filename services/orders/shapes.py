"""One order as it is read: its state, its chapters, and its lines of the trail."""

from dataclasses import dataclass
from datetime import datetime

from db.vocabulary import Event, Outcome, Role, Satisfaction, Solved, Status
from services.history import Chapter
from services.rules.permissions import Permission
from services.views import Named


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
