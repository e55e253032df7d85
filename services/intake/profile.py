"""What an import profile says: which column is which field, and what becomes of each value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from db.vocabulary import ImportKind
from services.intake.moments import DateForm
from services.intake.problems import FileRefused, Refusal

ORDER_FIELDS = (
    "number",
    "department",
    "order_type",
    "channel",
    "category",
    "place",
    "address",
    "title",
    "text",
    "requester",
    "phone",
    "phone_2",
    "phone_3",
    "language",
    "accepted_at",
    "due_at",
    "closed_at",
    "reply",
    "unit_contacted",
    "unit_contacted_at",
    "confidential",
    "official_late",
    "updated_at",
)
RATING_FIELDS = ("number", "channel", "grade", "rated_at")
FIELDS = {ImportKind.ORDERS: ORDER_FIELDS, ImportKind.RATINGS: RATING_FIELDS}
NEEDED = {ImportKind.ORDERS: ("number", "accepted_at"), ImportKind.RATINGS: RATING_FIELDS}
OF_ANSWERS = ("accepted_at", "closed_at")
"""What an order must have that an answer without an order makes for itself; its number is told from the row."""

LOOKED_UP = ("department", "order_type", "channel", "category", "place", "language", "grade")
LEVELLED = ("category", "place")
CHOICES = ("unit_contacted", "confidential", "official_late")


class FileFormat(StrEnum):
    """The formats that can be read."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    JSONL = "jsonl"


class Unknown(StrEnum):
    """What becomes of a name that the portal does not know."""

    CREATE = "create"
    MAP = "map"
    REJECT = "reject"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field's value stands: alternatives in order, or levels from wide to narrow."""

    names: tuple[str | int, ...]
    levels: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """How the names of one field are found.

    `to` is the target of every unknown name under `map`; the `known` names are made when they are first met.
    """

    unknown: Unknown = Unknown.REJECT
    to: str | None = None
    known: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Closing:
    """The column that says whether an order is closed, for sources whose closing time alone does not say so."""

    column: Column
    closed: frozenset[str]
    open: frozenset[str]


@dataclass(frozen=True, slots=True)
class AnswerColumn:
    """A further answer of a rating: where it stands, and on which scale or between which whole numbers it lies."""

    column: Column
    scale: str | None = None
    limits: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one kind of import takes from the file.

    `answers` and `order` belong to ratings: what a row says besides its grade, and, for answers that name no order, the
    closed order that each row makes for itself.
    """

    fields: Mapping[str, Column]
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    empty: Mapping[str, frozenset[str]]
    lookups: Mapping[str, Lookup]
    closing: Closing | None
    compute_deadline: bool
    reject_early_deadline: bool
    answers: Mapping[str, AnswerColumn] = field(default_factory=dict)
    order: "Sheet | None" = None

    @property
    def scale(self) -> str:
        """The scale of the grades."""
        return self.constants.get("scale", "five")

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column that is read, once for each of its uses."""
        closing = (self.closing.column,) if self.closing else ()
        answers = (one.column for one in self.answers.values())
        return (*self.fields.values(), *closing, *answers, *(self.order.columns if self.order else ()))


@dataclass(frozen=True, slots=True)
class Profile:
    """One source of orders or ratings, as it writes its files."""

    name: str
    source: str
    formats: tuple[FileFormat, ...]
    encodings: tuple[str, ...]
    separators: tuple[str, ...]
    header: bool
    columns: int
    sheet: str | None
    zone: ZoneInfo
    dates: tuple[DateForm, ...]
    empty: frozenset[str]
    kinds: Mapping[ImportKind, Sheet]

    def of(self, kind: ImportKind) -> Sheet:
        """Give the part for orders or ratings; refuse where the profile has none."""
        if kind not in self.kinds:
            raise FileRefused(Refusal.PROFILE_WITHOUT_KIND, profile=self.name, kind=kind.value)
        return self.kinds[kind]
