"""When things happen in the demo: in working hours, on working days, and never in the future."""

from datetime import date, datetime, time, timedelta
from random import Random

from services.rules.deadlines import CITY, Calendar

ONE_DAY = timedelta(days=1)
_ARRIVALS = (1, 1, 0, 0, 0, 1, 2, 6, 18, 26, 25, 19, 12, 13, 20, 22, 21, 17, 12, 11, 10, 8, 5, 2)
"""How many of 252 citizens call in each hour of the day."""


class Hours:
    """The working time of the city. Agents call from 9 to 12 and from 14 to 20, offices close at half past five."""

    zone = CITY

    def __init__(self, calendar: Calendar) -> None:
        self._worked = {one.day for one in calendar.days if one.worked}
        self.first, self.last = calendar.days[0].day, calendar.days[-1].day

    def is_worked(self, day: date) -> bool:
        """Whether the day is worked."""
        return day in self._worked

    def workday(self, day: date, ahead: int = 0) -> date:
        """Return the day itself where it is worked, or the next one that is, and then `ahead` working days on."""
        while True:
            if day in self._worked or day > self.last:
                if ahead == 0:
                    return day
                ahead -= 1
            day += ONE_DAY

    def arrival(self, day: date, rng: Random) -> datetime:
        """Return a moment at which a citizen gets in touch: at any hour, but seldom at night."""
        return _at(day, rng.choices(range(24), _ARRIVALS)[0], rng)

    def office(self, day: date, rng: Random) -> datetime:
        """Return a moment of that day in office hours."""
        return datetime.combine(day, time(8, 30), CITY) + timedelta(seconds=rng.randrange(9 * 3600))

    def decision(self, after: datetime, rng: Random, ahead: int) -> datetime:
        """Return a moment in office hours, `ahead` working days later, and always after the given one."""
        moment = self.office(self.workday(after.date(), ahead), rng)
        return moment if moment > after else self.office(self.workday(after.date() + ONE_DAY), rng)

    def call(self, after: datetime, rng: Random, ahead: int) -> datetime:
        """Return when an agent calls: `ahead` working days later, in the morning or the afternoon."""
        day = self.workday(after.date() + ONE_DAY, max(ahead - 1, 0))
        return _at(day, rng.choice((9, 10, 11, 14, 15, 16, 17, 18, 19)), rng)

    def closing(self, start: datetime, due: datetime, rng: Random, *, late: bool) -> datetime:
        """Return when a department closes: some way to the deadline, or past it."""
        if late:
            day = self.workday(due.date() + ONE_DAY, int(rng.expovariate(0.45)))
            return self.office(day, rng)
        moment = start + (due - start) * rng.betavariate(2.1, 1.9)
        day = moment.date()
        while day not in self._worked and day > start.date():
            day -= ONE_DAY
        moment = self.office(day, rng)
        if moment <= start:
            moment = self.office(self.workday(start.date() + ONE_DAY), rng)
        return min(moment, due)

    def contact(self, opened: datetime, closed: datetime, rng: Random) -> datetime:
        """Return when a department spoke with the citizen: between the two moments, by day; or just before closing."""
        moment = opened + (closed - opened) * rng.uniform(0.3, 0.95)
        if not 9 <= moment.hour < 20:
            moment = datetime.combine(moment.date(), time(9), CITY) + timedelta(seconds=rng.randrange(11 * 3600))
        if not opened < moment < closed:
            moment = max(opened, closed - timedelta(minutes=rng.randint(3, 20)))
        return moment


def _at(day: date, hour: int, rng: Random) -> datetime:
    return datetime.combine(day, time(hour), CITY) + timedelta(seconds=rng.randrange(3600))
