"""The rules and the calendar that are in force, read from the database for one visit."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from db.reference import CalendarDay
from db.reference import CallbackPolicy as CallbackPolicyRow
from db.reference import Questionnaire as QuestionnaireRow
from db.reference import RuleSet as RuleSetRow
from services.access import Look
from services.errors import PortalError
from services.rules import attempts, callback_policy, deadlines, questionnaire, ruleset, windows


@dataclass(frozen=True, slots=True)
class InForce:
    """A rule set with its number in the database, which every result stores."""

    id: int
    rules: ruleset.RuleSet


@dataclass(frozen=True, slots=True)
class Asked:
    """A questionnaire with its number in the database, which every answer stores."""

    id: int
    questions: questionnaire.Questionnaire


@dataclass(frozen=True, slots=True)
class InForcePolicy:
    """A callback policy with its number in the database."""

    id: int
    policy: callback_policy.CallbackPolicy


def rules_on(look: Look, day: date) -> InForce:
    """Return the rule set in force on a day; raises PortalError where none is."""
    row = look.session.scalars(
        select(RuleSetRow).where(RuleSetRow.effective_from <= day).order_by(RuleSetRow.effective_from.desc()).limit(1)
    ).one_or_none()
    if row is None:
        raise PortalError("error.no_rule_set", day=day.isoformat())
    return InForce(row.id, ruleset.parse(row.document))


def policy_on(look: Look, day: date) -> InForcePolicy:
    """Return the callback policy in force on a day; raises PortalError where none is."""
    row = look.session.scalars(
        select(CallbackPolicyRow)
        .where(CallbackPolicyRow.effective_from <= day)
        .order_by(CallbackPolicyRow.effective_from.desc(), CallbackPolicyRow.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise PortalError("error.no_callback_policy", day=day.isoformat())
    return InForcePolicy(row.id, callback_policy.parse(row.document))


def questions_on(look: Look, day: date) -> Asked:
    """Return the questionnaire in force on a day; raises PortalError where none is."""
    row = look.session.scalars(
        select(QuestionnaireRow)
        .where(QuestionnaireRow.effective_from <= day)
        .order_by(QuestionnaireRow.effective_from.desc(), QuestionnaireRow.version.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        raise PortalError("error.no_questionnaire", day=day.isoformat())
    return Asked(row.id, questionnaire.parse(row.document))


def calendar_around(look: Look, first: date, last: date) -> deadlines.Calendar:
    """Return the known days from `first` to `last`; what lies beyond is refused when something falls into it."""
    rows = look.session.scalars(
        select(CalendarDay).where(CalendarDay.day.between(first, last)).order_by(CalendarDay.day)
    )
    return deadlines.Calendar.of(deadlines.Day.of(row.day, row.kind, row.holiday) for row in rows)


def explained_from(look: Look, start: datetime, working_days: int) -> deadlines.Explanation:
    """Return the n-th working day from the city's day of `start`, with every day accounted for; raises NotCovered."""
    first = deadlines.local_day(start)
    calendar = calendar_around(look, first, first + _room_for(working_days))
    return deadlines.explain(first, working_days, calendar)


def last_day_after(look: Look, policy: callback_policy.CallbackPolicy, closed_at: datetime) -> date | None:
    """Return the last day on which a policy lets a round be asked about; None where the calendar does not tell it."""
    first = deadlines.local_day(closed_at)
    calendar = calendar_around(look, first, first + _room_for(policy.last_day.value))
    return attempts.last_day_of(policy, closed_at, calendar)


def windows_around(look: Look, policy: callback_policy.CallbackPolicy) -> windows.Windows:
    """Return which closing days may be called about today under a policy."""
    around = _room_for(policy.last_day.value)
    return windows.windows_on(policy, look.today, calendar_around(look, look.today - around, look.today + around))


# ----------------------------------------------------------------------------------------------------------------------


def _room_for(working_days: int) -> timedelta:
    """Ten calendar days for five working ones leave room for the longest holiday even at small numbers."""
    return timedelta(days=working_days * 2 + 40)
