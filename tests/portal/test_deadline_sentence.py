"""A deadline can be read as a sentence: which days counted, which did not, and why."""

from datetime import date

from db.reference_rows import calendar
from portal import words
from portal.deadline_sentence import deadline_sentence
from portal.words import joined
from services.rules.deadlines import Calendar, Day, explain

DAYS = Calendar.of(
    Day.of(row["day"], row["kind"], row["holiday"])
    for row in calendar()
    if date(2019, 4, 1) <= row["day"] <= date(2019, 7, 1)
)


def sentence(start: str, days: int, language: str = "zh_CN") -> str:
    with words.speaking(language):
        return deadline_sentence(explain(date.fromisoformat(start), days, DAYS))


def test_the_worked_example_of_the_rules() -> None:
    assert sentence("2019-05-28", 5) == "5 个工作日，05-28 起含当日；06-01 至 06-02（周末）不计；到期 2019年6月3日"
    assert sentence("2019-05-28", 5, "en") == (
        "5 working days, counting from 05-28; not counted: 06-01 to 06-02 (weekend); due June 3, 2019"
    )


def test_a_deadline_of_one_day_ends_on_the_day_itself() -> None:
    assert sentence("2019-05-28", 1, "en") == "1 working day, counting from 05-28; due May 28, 2019"


def test_holidays_are_named_and_weekends_that_are_worked_are_told() -> None:
    told = sentence("2019-04-26", 5)
    assert told == (
        "5 个工作日，04-26 起含当日；04-27（周末）、05-01 至 05-04（劳动节）不计；"
        "04-28、05-05 调休上班，计入；到期 2019年5月5日"
    )


def test_a_start_on_a_day_off_is_explained() -> None:
    assert sentence("2019-06-01", 2) == "06-01 不是工作日；2 个工作日，06-03 起含当日；到期 2019年6月4日"


def test_every_holiday_of_the_calendar_has_a_name_in_both_languages() -> None:
    holidays = {row["holiday"] for row in calendar() if row["holiday"]}
    assert {f"holiday.{holiday}" for holiday in holidays} <= words.keys("en")


def test_an_enumeration_is_written_as_the_language_writes_it() -> None:
    with words.speaking("en"):
        assert joined(["a", "b"]) == "a, b"
    with words.speaking("zh_CN"):
        assert joined(["甲", "乙"]) == "甲、乙"
