"""A deadline as a sentence: which days counted, which did not, and why."""

from datetime import date

from db.vocabulary import DayKind
from portal.words import joined, language, long_day, plain, say, says
from services.rules.deadlines import Explanation, Stretch


def deadline_sentence(explained: Explanation) -> str:
    """Return the sentence of a deadline: so many working days from a day on, what was left out, and when it ends."""
    parts = [say("deadline.days", n=explained.working_days, start=_day(explained.counts_from))]
    if explained.counts_from != explained.start:
        parts.insert(0, say("deadline.starts_later", start=_day(explained.start)))
    after_start = [one for one in explained.skipped if one.first > explained.counts_from]
    if after_start:
        parts.append(say("deadline.skipped", days=joined([_stretch(one) for one in after_start])))
    made_up = [one for one in explained.counted if one.why == DayKind.ADJUSTED_WORKDAY]
    if made_up:
        parts.append(say("deadline.made_up", days=joined([_days(one) for one in made_up])))
    parts.append(say("deadline.due", due=long_day(explained.due)))
    return ("；" if language() == "zh_CN" else "; ").join(parts)


# ---------------------------------------------------------------------------------------------------------------------


def _stretch(stretch: Stretch) -> str:
    why = say("deadline.weekend")
    if stretch.why == DayKind.HOLIDAY:
        holiday = stretch.holiday or ""
        why = say(f"holiday.{holiday}") if says(f"holiday.{holiday}") else plain(holiday)
    return f"{_days(stretch)}（{why}）" if language() == "zh_CN" else f"{_days(stretch)} ({why})"


def _days(stretch: Stretch) -> str:
    if stretch.first == stretch.last:
        return _day(stretch.first)
    return say("deadline.range", first=_day(stretch.first), last=_day(stretch.last))


def _day(day: date) -> str:
    return day.strftime("%m-%d")
