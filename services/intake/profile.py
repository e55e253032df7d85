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
class Sheet:
    """What one kind of import takes from the file."""

    fields: Mapping[str, Column]
    constants: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    empty: Mapping[str, frozenset[str]]
    lookups: Mapping[str, Lookup]
    closing: Closing | None
    compute_deadline: bool
    reject_early_deadline: bool


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
