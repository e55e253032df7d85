"""Which callback policy is in force on a day, and what the stored code list lets follow a call."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from db.reference import CallbackPolicy
from db.vocabulary import Refusal
from services.access import Look
from services.code_lists import CodeLists
from services.effective import policy_on
from services.environment import Environment
from services.errors import PortalError
from services.rules.attempts import Block, Step, after_attempt, may_call
from services.rules.dispositions import Tried
from services.rules.permissions import Permission
from tests import builders
from tests.builders import at
from tests.rules.policies import shipped

LAST_DAY = date(2026, 6, 3)
MORNING = at("2026-05-28", 9, 30)


@pytest.fixture
def look(owner: Session, environment: Environment) -> Iterator[Look]:
    access = builders.access(owner, environment)
    owner.commit()
    with access.read(Permission.CALLBACK_VIEW) as look:
        yield look


def test_the_shipped_policy_is_in_force_from_the_first_day_of_the_calendar(look: Look) -> None:
    assert policy_on(look, date(2011, 1, 1)).policy.name == "callback/1"
    assert policy_on(look, look.today).id == policy_on(look, date(2011, 1, 1)).id
    with pytest.raises(PortalError) as refused:
        policy_on(look, date(2010, 12, 31))
    assert (refused.value.code, refused.value.facts) == ("error.no_callback_policy", {"day": "2010-12-31"})


def test_a_later_version_takes_over_on_its_first_day(owner: Session, environment: Environment) -> None:
    document = shipped() | {"version": 2, "effective_from": "2026-01-01"}
    document["max_attempts"] = {"value": 5, "source": "Decided.", "assumption": False}
    first = date(2026, 1, 1)
    owner.add(
        CallbackPolicy(
            code="callback", version=2, effective_from=first, document=document, fingerprint="", assumption=True
        )
    )
    access = builders.access(owner, environment)
    owner.commit()
    with access.read(Permission.CALLBACK_VIEW) as look:
        assert policy_on(look, first - timedelta(days=1)).policy.max_attempts.value == 3
        assert policy_on(look, first).policy.max_attempts.value == 5


@pytest.mark.parametrize(
    ("code", "numbers", "step", "next_at"),
    [
        ("1.1", 1, Step.ASKED, None),
        ("2.112", 3, Step.UNREACHED, None),
        ("3.12", 1, Step.AGAIN, at("2026-05-28", 14)),
        ("4.31", 1, Step.UNREACHED, None),
        ("4.31", 2, Step.AGAIN, MORNING),
        ("4.32", 2, Step.AGAIN, MORNING),
        ("4.70", 2, Step.AGAIN, MORNING),
        ("4.33", 2, Step.AGAIN, MORNING),
        ("4.33", 1, Step.AGAIN, at("2026-05-29", 14)),
    ],
)
def test_what_follows_a_call_is_what_its_disposition_says(
    look: Look, code: str, numbers: int, step: Step, next_at: datetime | None
) -> None:
    lists = CodeLists.read(look)
    tried = Tried(lists.book.dispositions[code], MORNING)
    progress = after_attempt([], tried, lists.in_force_policy.policy, LAST_DAY, numbers=numbers)
    assert (progress.step, progress.next_at) == (step, next_at)


@pytest.mark.parametrize("code", ["2.11", "2.111", "2.12"])
def test_a_soft_refusal_ends_a_round_whose_last_day_comes_within_the_quiet_days(look: Look, code: str) -> None:
    lists = CodeLists.read(look)
    policy, refused = lists.in_force_policy.policy, Tried(lists.book.dispositions[code], MORNING)
    assert refused.disposition.refusal == Refusal.SOFT
    assert after_attempt([], refused, policy, LAST_DAY).step == Step.UNREACHED
    blocked = may_call([refused], policy, MORNING + timedelta(days=1), date(2026, 6, 5))
    assert blocked is not None
    assert (blocked.code, blocked.until) == (Block.QUIET_PERIOD, at("2026-06-04", 9))
