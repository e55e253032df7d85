"""Dates as people and spreadsheets write them, and the refusal of those that cannot be."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.intake.cleaning import fold
from services.intake.problems import Code


class DateForm(StrEnum):
    """A way of writing a date that a profile may allow."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"
    COMPACT = "compact"
    EXCEL = "excel"


class NotADate(Exception):
    """The text is no date that the profile allows (`bad_date`), or a day that does not exist (`impossible_date`)."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.value)
        self.code = code


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in UTC, and whether the file gave a day without a time."""

    at: datetime
    day_only: bool


FIRST_YEAR, LAST_YEAR = 1990, 2100
_EXCEL_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
_EXCEL_DAYS = (32_874, 73_415)  # 1990-01-01 and 2101-01-01: other numbers are not dates but mistakes

_PLAIN = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_CLOCK = (
    r"(?:(?:\s*T\s*|\s*)(?P<hour>[0-9]{1,2})(?::|时|時|点|點)(?P<minute>[0-9]{1,2})?"
    r"(?:(?::|分)(?P<second>[0-9]{1,2})?(?:\.[0-9]{1,9})?(?:秒)?)?"
    r"\s*(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_YMD = re.compile(
    r"(?P<year>[0-9]{4})(?:[-/.]|年)\s*(?P<month>[0-9]{1,2})(?:[-/.]|月)\s*(?P<day>[0-9]{1,2})日?" + _CLOCK
)
_DMY = re.compile(r"(?P<day>[0-9]{1,2})[-/.](?P<month>[0-9]{1,2})[-/.](?P<year>[0-9]{4})" + _CLOCK)
_MDY = re.compile(r"(?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})[-/.](?P<year>[0-9]{4})" + _CLOCK)
_COMPACT = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:\s?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?)?(?P<zone>Z)?"
)
_NUMBER = re.compile(r"[0-9]{5}(?:\.[0-9]{1,15})?")
_PATTERNS = {DateForm.YMD: _YMD, DateForm.DMY: _DMY, DateForm.MDY: _MDY, DateForm.COMPACT: _COMPACT}


def read_moment(text: str, zone: ZoneInfo, forms: Sequence[DateForm]) -> Moment:
    """Read a date in one of the allowed forms; local times are of the given zone, an offset in the text wins.

    Full-width digits count as digits, digits of other scripts do not. 24:00, the 31st of April and years
    outside 1990 to 2100 do not exist.
    """
    if DateForm.YMD in forms and _PLAIN.fullmatch(text):
        try:
            return Moment(_in_range(datetime.fromisoformat(text).replace(tzinfo=zone)), False)
        except ValueError:
            raise NotADate(Code.IMPOSSIBLE_DATE) from None
    if not text.isascii() and any(char.isdecimal() and not "０" <= char <= "９" for char in text if char > "\x7f"):
        raise NotADate(Code.BAD_DATE)
    text = fold(text)
    for form in forms:
        if form == DateForm.EXCEL:
            if _NUMBER.fullmatch(text):
                return _from_serial(float(text), zone)
        elif found := _PATTERNS[form].fullmatch(text):
            return _from_parts(found, zone)
    raise NotADate(Code.BAD_DATE)


# ----------------------------------------------------------------------------------------------------------


def _from_parts(found: re.Match[str], zone: ZoneInfo) -> Moment:
    """Put the named parts of a date together, or say that there is no such moment."""
    parts = found.groupdict()
    try:
        moment = datetime(
            int(parts["year"]),
            int(parts["month"]),
            int(parts["day"]),
            int(parts["hour"] or 0),
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            tzinfo=_zone(parts["zone"], zone),
        )
    except ValueError:
        raise NotADate(Code.IMPOSSIBLE_DATE) from None
    return Moment(_in_range(moment), parts["hour"] is None)


def _zone(text: str | None, local: ZoneInfo) -> ZoneInfo | timezone:
    """Read `Z`, `+08:00` or `+0800`; nothing means the profile's own zone."""
    if text is None:
        return local
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _from_serial(days: float, zone: ZoneInfo) -> Moment:
    """Read a spreadsheet's day number, to the nearest second."""
    if not _EXCEL_DAYS[0] <= days < _EXCEL_DAYS[1]:
        raise NotADate(Code.IMPOSSIBLE_DATE)
    moment = _EXCEL_ZERO + timedelta(seconds=round(days * 86_400))
    return Moment(_in_range(moment.replace(tzinfo=zone)), days == int(days))


def _in_range(moment: datetime) -> datetime:
    """Give the moment in UTC if its year is one in which a hotline's order can lie."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise NotADate(Code.IMPOSSIBLE_DATE)
    return moment.astimezone(UTC)
