"""What can be wrong with a file, a profile or a row: codes and facts, never sentences."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.errors import Fact, PortalError

VALUE_SHOWN = 120
"""Longest piece of a bad value that is repeated in a report."""


FIELD_SHOWN = 60
"""Longest piece of a column's name that a report repeats."""

PERSONAL = frozenset({"phone", "phone_2", "phone_3", "requester"})
"""The fields whose values are repeated by their first characters only."""


class Code(StrEnum):
    """One thing that may be wrong with one cell; the catalogue says what to do about it."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    BAD_DATE = "bad_date"
    IMPOSSIBLE_DATE = "impossible_date"
    IN_FUTURE = "in_future"
    CLOSED_BEFORE_ACCEPTED = "closed_before_accepted"
    DUE_BEFORE_ACCEPTED = "due_before_accepted"
    CONTACTED_BEFORE_ACCEPTED = "contacted_before_accepted"
    CLOSED_WITHOUT_TIME = "closed_without_time"
    UNKNOWN_STATUS = "unknown_status"
    DUPLICATE_NUMBER = "duplicate_number"
    DAMAGED_BY_SPREADSHEET = "damaged_by_spreadsheet"
    ODD_PHONE = "odd_phone"
    BAD_CHOICE = "bad_choice"
    COLUMN_COUNT = "column_count"
    MALFORMED_ROW = "malformed_row"
    UNKNOWN_DEPARTMENT = "unknown_department"
    UNKNOWN_PLACE = "unknown_place"
    UNKNOWN_CATEGORY = "unknown_category"
    UNKNOWN_ORDER_TYPE = "unknown_order_type"
    UNKNOWN_CHANNEL = "unknown_channel"
    UNKNOWN_LANGUAGE = "unknown_language"
    UNKNOWN_GRADE = "unknown_grade"
    OFF_SCALE = "off_scale"
    UNKNOWN_ORDER = "unknown_order"
    DEADLINE_NOT_COVERED = "deadline_not_covered"
    OLDER_THAN_STORED = "older_than_stored"
    DEPARTMENT_SETTLED = "department_settled"
    CLOSE_SETTLED = "close_settled"
    ORDER_NOT_CLOSED = "order_not_closed"
    ORDER_SETTLED = "order_settled"
    RATED_BEFORE_CLOSED = "rated_before_closed"
    RATING_DIFFERS = "rating_differs"


class Refusal(StrEnum):
    """Why a whole file or profile is refused before a row of it is read."""

    FILE_MISSING = "error.import.file_missing"
    FILE_EMPTY = "error.import.file_empty"
    FILE_TOO_LARGE = "error.import.file_too_large"
    FORMAT_NOT_ACCEPTED = "error.import.format_not_accepted"
    FORMAT_UNKNOWN = "error.import.format_unknown"
    ENCODING_UNKNOWN = "error.import.encoding_unknown"
    COLUMNS_MISSING = "error.import.columns_missing"
    COLUMN_TWICE = "error.import.column_twice"
    CSV_MALFORMED = "error.import.csv_malformed"
    JSON_MALFORMED = "error.import.json_malformed"
    WORKBOOK_OLD = "error.import.workbook_old"
    WORKBOOK_BROKEN = "error.import.workbook_broken"
    WORKBOOK_TOO_LARGE = "error.import.workbook_too_large"
    WORKBOOK_UNSAFE = "error.import.workbook_unsafe"
    SHEET_MISSING = "error.import.sheet_missing"
    PROFILE_MISSING = "error.import.profile_missing"
    PROFILE_MALFORMED = "error.import.profile_malformed"
    PROFILE_WITHOUT_KIND = "error.import.profile_without_kind"


class FileRefused(PortalError):
    """The file or the profile as a whole cannot be used; the facts say where, and `code` leads to the remedy."""

    def __init__(self, why: Refusal, /, **facts: Fact) -> None:
        super().__init__(why.value, **facts)
        self.why = why


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding in one row; `rejects` tells a row that stays out from a row that goes in with a warning."""

    row: int
    field: str
    code: Code
    value: str
    rejects: bool


def problem(row: int, field: str, code: Code, value: str, *, rejects: bool) -> Problem:
    """Make a finding that never repeats more of a citizen's data than is needed to find the cell."""
    if field in PERSONAL and len(value) > 2:
        value = value[:2] + "*" * (len(value) - 2)
    if len(field) > FIELD_SHOWN:
        field = field[: FIELD_SHOWN - 1] + "…"
    if len(value) > VALUE_SHOWN:
        value = value[: VALUE_SHOWN - 1] + "…"
    return Problem(row, field, code, value, rejects)


def rejected(problems: Iterable[Problem]) -> bool:
    """Say whether any of the findings keeps the row out."""
    return any(found.rejects for found in problems)
