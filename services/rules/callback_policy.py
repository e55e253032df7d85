"""The callback policy: when citizens may be called, as a document with an effective date.

`parse` takes the document as a mapping and either returns a frozen CallbackPolicy or raises Invalid with every problem
at once, by its path. Every value stands with its source and says whether it is an assumption, as in the rule set. What
the values mean for one citizen is decided in services.rules.attempts.

>>> import tomllib
>>> from importlib.resources import files
>>> from services.errors import Invalid
>>> shipped = tomllib.loads(files("services.rules").joinpath("callback_policy.toml").read_text("utf-8"))
>>> policy = parse(shipped)
>>> policy.name, policy.max_attempts.value, policy.hours_between.value, policy.max_attempts.assumption
('callback/1', 3, 4, True)
>>> for part in policy.day_parts.value:
...     print(part)
morning 09:00-12:00
afternoon 14:00-18:00
evening 18:00-20:00
>>> try:
...     parse(shipped | {"per_day": {"value": 0, "source": "", "assumption": True}})
... except Invalid as refused:
...     print(refused.problems)
{'per_day': 'out_of_range', 'per_day.source': 'required'}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from types import MappingProxyType

from services.rules.document import CODE, Check, Ruled, fingerprint, is_int

FORMAT = 1
NUMBERS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "max_attempts": (1, 20),
        "per_day": (1, 9),
        "hours_between": (0, 240),
        "distinct_day_parts": (1, 6),
        "last_day": (1, 60),
        "quiet_days": (0, 90),
        "delay_hours": (0, 240),
        "share_percent": (0, 100),
        "expiring_days": (0, 60),
        "lease_minutes": (1, 240),
        "appointment_grace_minutes": (0, 240),
        "appointment_lead_minutes": (0, 120),
        "correction_minutes": (0, 1440),
    }
)
LISTS = ("day_parts", "weekdays", "priorities")
SECTIONS = frozenset(NUMBERS) | frozenset(LISTS) | {"format", "code", "version", "effective_from"}
MOST_DAY_PARTS = 6
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Priority(StrEnum):
    """What is called about before the rest of the queue; which of them, and in which order, is the policy's."""

    DISSATISFIED = "dissatisfied"
    REWORKED = "reworked"
    EXPIRING = "expiring"


@dataclass(frozen=True, slots=True)
class DayPart:
    """A stretch of the day in which citizens are called, by the city's clock; its end is no longer part of it."""

    code: str
    begins: time
    ends: time

    def holds(self, clock: time) -> bool:
        """Whether the clock shows a time of this part."""
        return self.begins <= clock < self.ends

    def __str__(self) -> str:
        return f"{self.code} {self.begins:%H:%M}-{self.ends:%H:%M}"


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """A checked policy. The day parts stand in the order of the day, and together are the calling hours.

    `last_day` and `expiring_days` are working days, `quiet_days` days of the calendar; weekdays are 1 (Monday) to 7.
    """

    code: str
    version: int
    effective_from: date
    max_attempts: Ruled[int]
    per_day: Ruled[int]
    hours_between: Ruled[int]
    distinct_day_parts: Ruled[int]
    day_parts: Ruled[tuple[DayPart, ...]]
    weekdays: Ruled[tuple[int, ...]]
    last_day: Ruled[int]
    quiet_days: Ruled[int]
    delay_hours: Ruled[int]
    share_percent: Ruled[int]
    expiring_days: Ruled[int]
    priorities: Ruled[tuple[Priority, ...]]
    lease_minutes: Ruled[int]
    appointment_grace_minutes: Ruled[int]
    appointment_lead_minutes: Ruled[int]
    correction_minutes: Ruled[int]
    fingerprint: str

    @property
    def name(self) -> str:
        """How results name the policy that they came about under."""
        return f"{self.code}/{self.version}"

    @property
    def assumptions(self) -> tuple[str, ...]:
        """The paths of the values that rest on an assumption."""
        named: dict[str, Ruled[object]] = {key: getattr(self, key) for key in (*NUMBERS, *LISTS)}
        return tuple(sorted(path for path, one in named.items() if one.assumption))


def parse(document: Mapping[str, object]) -> CallbackPolicy:
    """Return the policy that a document describes; raises Invalid with every problem by its path."""
    check = _Check(document)
    check.only(SECTIONS)
    check.format(FORMAT)
    code, version = check.code(), check.version()
    effective_from = check.effective_from()
    numbers = {key: check.number(key, document.get(key), *limits) for key, limits in NUMBERS.items()}
    day_parts = check.day_parts("day_parts")
    weekdays = check.weekdays("weekdays")
    priorities = check.priorities("priorities")
    distinct = numbers["distinct_day_parts"].value
    if distinct > len(day_parts.value):
        check.problem("distinct_day_parts", "more_than_day_parts")
    if distinct > numbers["max_attempts"].value:
        check.problem("distinct_day_parts", "more_than_attempts")
    check.finish()
    return CallbackPolicy(
        code=code,
        version=version,
        effective_from=effective_from,
        day_parts=day_parts,
        weekdays=weekdays,
        priorities=priorities,
        fingerprint=fingerprint(document),
        **numbers,
    )


class _Check(Check):
    """Reads a callback policy: what every document has, parts of the day, weekdays and priorities."""

    def day_parts(self, path: str) -> Ruled[tuple[DayPart, ...]]:
        entry = self.document.get(path)
        listed = self.listed(path, entry)
        parts: list[DayPart] = []
        for number, one in enumerate(listed):
            part = self._day_part(f"{path}.{number}", one)
            if part is None:
                continue
            if part.code in {earlier.code for earlier in parts}:
                self.problem(f"{path}.{number}", "repeated")
            elif parts and part.begins < parts[-1].ends:
                self.problem(f"{path}.{number}", "overlaps")
            parts.append(part)
        if not 1 <= len(listed) <= MOST_DAY_PARTS:
            self.problem(path, "out_of_range")
        return self.ruled(path, entry, tuple(parts))

    def weekdays(self, path: str) -> Ruled[tuple[int, ...]]:
        entry = self.document.get(path)
        days: list[int] = []
        for number, one in enumerate(self.listed(path, entry)):
            if not is_int(one) or not 1 <= one <= 7:
                self.problem(f"{path}.{number}", "not_a_weekday")
            elif one in days:
                self.problem(f"{path}.{number}", "repeated")
            else:
                days.append(one)
        if not days:
            self.problem(path, "required")
        return self.ruled(path, entry, tuple(sorted(days)))

    def priorities(self, path: str) -> Ruled[tuple[Priority, ...]]:
        entry = self.document.get(path)
        known: list[Priority] = []
        for number, one in enumerate(self.listed(path, entry)):
            if one not in [priority.value for priority in Priority]:
                self.problem(f"{path}.{number}", "unknown")
            elif one in known:
                self.problem(f"{path}.{number}", "repeated")
            else:
                known.append(Priority(str(one)))
        return self.ruled(path, entry, tuple(known))

    def _day_part(self, path: str, entry: object) -> DayPart | None:
        if not isinstance(entry, Mapping) or set(entry) != {"code", "from", "to"}:
            self.problem(path, "not_a_day_part")
            return None
        code, begins, ends = entry["code"], entry["from"], entry["to"]
        if not isinstance(code, str) or not CODE.fullmatch(code):
            self.problem(path, "not_a_code")
            return None
        if not all(isinstance(clock, str) and _CLOCK.fullmatch(clock) for clock in (begins, ends)):
            self.problem(path, "not_a_time")
            return None
        part = DayPart(code, time.fromisoformat(begins), time.fromisoformat(ends))
        if part.begins >= part.ends:
            self.problem(path, "ends_before_it_begins")
            return None
        return part
