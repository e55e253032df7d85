"""Dates: what is read, what is refused, and why."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.intake.moments import DateForm, NotADate, read_moment
from services.intake.problems import Code

SHANGHAI = ZoneInfo("Asia/Shanghai")
FORMS = (DateForm.YMD, DateForm.COMPACT, DateForm.EXCEL)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2023-01-05 08:09:10", (2023, 1, 5, 8, 9, 10)),
        ("2023/1/5 8:09", (2023, 1, 5, 8, 9)),
        ("2023.1.5", (2023, 1, 5)),
        ("2023年1月5日", (2023, 1, 5)),
        ("2023年1月5日 8时30分", (2023, 1, 5, 8, 30)),
        ("2023年01月05日08:09:10", (2023, 1, 5, 8, 9, 10)),
        ("２０２３－０１－０５　０８：０９：１０", (2023, 1, 5, 8, 9, 10)),
        ("2015-04-15 00:02:00.0", (2015, 4, 15, 0, 2)),
        ("20230105", (2023, 1, 5)),
        ("20230105080910", (2023, 1, 5, 8, 9, 10)),
        ("44931", (2023, 1, 5)),
        ("44931.5", (2023, 1, 5, 12)),
        ("2020-02-29 23:59:59", (2020, 2, 29, 23, 59, 59)),
        ("2023-01-05T08:09:10+08:00", (2023, 1, 5, 8, 9, 10)),
        ("2023-01-05T00:09:10Z", (2023, 1, 5, 8, 9, 10)),
        ("2023-01-04T19:09:10-0500", (2023, 1, 5, 8, 9, 10)),
    ],
)
def test_a_date_that_exists_is_read_as_a_moment(text: str, local: tuple[int, ...]) -> None:
    assert read_moment(text, SHANGHAI, FORMS).at == datetime(*local, tzinfo=SHANGHAI).astimezone(UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2023/13/45", Code.IMPOSSIBLE_DATE),
        ("2023-02-29", Code.IMPOSSIBLE_DATE),
        ("2023-04-31 10:00:00", Code.IMPOSSIBLE_DATE),
        ("2023-01-05 24:00:00", Code.IMPOSSIBLE_DATE),
        ("2023-01-05 23:60", Code.IMPOSSIBLE_DATE),
        ("9999-01-01", Code.IMPOSSIBLE_DATE),
        ("0023-01-05", Code.IMPOSSIBLE_DATE),
        ("1899-12-31 00:00:00", Code.IMPOSSIBLE_DATE),
        ("99999", Code.IMPOSSIBLE_DATE),
        ("٢٠٢٣-٠١-٠٥", Code.BAD_DATE),
        ("23-1-5", Code.BAD_DATE),
        ("yesterday", Code.BAD_DATE),
        ("2023-01", Code.BAD_DATE),
        ("5/1/2023", Code.BAD_DATE),
    ],
)
def test_a_date_that_does_not_exist_or_cannot_be_told_is_refused(text: str, code: Code) -> None:
    with pytest.raises(NotADate) as refused:
        read_moment(text, SHANGHAI, FORMS)
    assert refused.value.code == code


def test_the_order_of_day_and_month_is_the_profiles_decision() -> None:
    assert read_moment("5/1/2023", SHANGHAI, [DateForm.DMY]).at.astimezone(SHANGHAI).month == 1
    assert read_moment("5/1/2023", SHANGHAI, [DateForm.MDY]).at.astimezone(SHANGHAI).month == 5


def test_a_day_without_a_time_says_so() -> None:
    assert read_moment("2023-01-05", SHANGHAI, FORMS).day_only
    assert not read_moment("2023-01-05 00:00:00", SHANGHAI, FORMS).day_only
