"""The reference rows: what the files say is what the database holds, and loading again changes nothing."""

import csv
from pathlib import Path

from db.reference_rows import calendar

FULL_CALENDAR = Path(__file__).parent.parent / "vectors" / "cn_workdays_2011_2026.csv"


def test_the_calendar_told_from_its_exceptions_is_the_full_calendar_day_by_day() -> None:
    with FULL_CALENDAR.open(encoding="utf-8", newline="") as lines:
        full = [
            (row["date"], row["is_workday"] == "1", row["kind"], row["holiday"] or None)
            for row in csv.DictReader(line for line in lines if not line.startswith("#"))
        ]
    told = [(day["day"].isoformat(), day["is_workday"], day["kind"], day["holiday"]) for day in calendar()]
    assert len(told) == 5844
    assert told == full
