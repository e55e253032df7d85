"""The calls of a demo round: who dials when, and how it ends, one after the other as the callback policy allows."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, repeat
from random import Random

from db.vocabulary import CaseEnd, Event, FindingKind
from services.demo.cast import AGENTS, HABITS, Part
from services.demo.prose import Prose
from services.demo.story import Call, Grade, Step, Story, Turn
from services.demo.world import World
from services.errors import Fact
from services.rules import attempts, lifecycle
from services.rules.attempts import Progress
from services.rules.attempts import Step as Next
from services.rules.dispositions import Tried, next_number

SATISFIED_GRADES = {"very_satisfied": 30, "satisfied": 52, "basically_satisfied": 18}
DISSATISFIED_GRADES = {"dissatisfied": 76, "very_dissatisfied": 24}

_UNREACHABLE = 0.16
_AHEAD = {"1": 18, "2": 30, "3": 32, "4": 20}
"""After how many working days an order is called about first."""

_REASONS = {
    "R01": 12, "R02": 14, "R03": 25, "R04": 9, "R05": 6, "R06": 17, "R07": 5,
    "R08": 4, "R09": 3, "R10": 5, "R11": 4, "R12": 2, "R13": 2, "R99": 3,
}  # fmt: skip
_CONSULT_REASONS = {"R01": 10, "R04": 40, "R05": 10, "R07": 8, "R08": 10, "R10": 14, "R13": 5, "R99": 3}
_PASSING = {"3.13": 54, "4.33": 19, "3.12": 11, "2.35": 8, "2.20": 5, "3.15": 3}
_FINAL = {"2.11": 32, "2.112": 18, "4.31": 28, "4.70": 22}
_COMPLETE, _PARTIAL = "1.1", "1.2"

_HANDS = {True: 21.0, False: 7.5}
"""Seconds of hands that an answered and an unanswered call take, about."""


class Caller:
    """Calls about the rounds of stories that end at one moment, after which nothing has happened yet."""

    def __init__(self, world: World, prose: Prose) -> None:
        self.world, self.prose, self.end = world, prose, world.end
        self._last_days: dict[date, date | None] = {}

    def call(self, story: Story, turn: Turn, rng: Random, *, displeased: bool, sour: bool) -> None:
        """Call about a round until it is settled or the story ends; each call is one that the policy allows."""
        if turn.closed_at is None:
            return
        last_day = self._last_day(turn.closed_at)
        after = turn.grades[-1].at if turn.grades else turn.closed_at
        history: list[Tried] = []
        endings = self._endings(story, rng, sure=sour, round_number=turn.number)
        moment = self._first(story, after, last_day, rng)
        while moment is not None and moment <= self.end - timedelta(minutes=10):
            number = next_number(history, story.phones) or 1
            ending = next(endings)
            tried = Tried(self.world.endings[ending], moment, number)
            progress = attempts.after_attempt(history, tried, self.world.policy, last_day, numbers=story.phones)
            self._make(story, turn, tried, progress, rng, displeased=displeased)
            if progress.next_at is None:
                return
            history.append(tried)
            turn.next_at = progress.next_at
            moment = self._again(story, history, progress.next_at, last_day, rng)

    # ---------------------------------------------------------------------------------------------------------------

    def _last_day(self, closed_at: datetime) -> date | None:
        day = closed_at.date()
        if day not in self._last_days:
            self._last_days[day] = attempts.last_day_of(self.world.policy, closed_at, self.world.calendar)
        return self._last_days[day]

    def _endings(self, story: Story, rng: Random, *, sure: bool, round_number: int) -> Iterator[str]:
        """Yield how the calls of a round will end, one after the other."""
        answered = _PARTIAL if rng.random() < 0.04 else _COMPLETE
        if rng.random() >= (0.05 if sure else _UNREACHABLE if round_number == 1 else 0.1):
            missed = rng.choices((0, 1, 2), (66, 26, 8))[0]
            return chain((drawn(_PASSING, rng) for _ in range(missed)), repeat(answered))
        if rng.random() < 0.25:
            missed, final = rng.randint(0, 1), drawn(_FINAL, rng)
            # Who has another number is mostly reached on that.
            then = answered if story.phones > 1 and rng.random() < 0.7 else drawn(_PASSING, rng)
            return chain((drawn(_PASSING, rng) for _ in range(missed)), (final,), repeat(then))
        return (drawn(_PASSING, rng) for _ in repeat(None))

    def _first(self, story: Story, after: datetime, last_day: date | None, rng: Random) -> datetime | None:
        wanted = self.world.hours.call(after, rng, int(drawn(_AHEAD, rng)))
        if last_day is not None and wanted.date() > last_day:
            opening = attempts.next_call((), self.world.policy, after, last_day, numbers=story.phones)
            if opening is None:
                return None
            wanted = opening + timedelta(seconds=rng.randrange(2400))
        return self._allowed(story, (), wanted, last_day, rng)

    def _again(
        self, story: Story, history: Sequence[Tried], opening: datetime, last_day: date | None, rng: Random
    ) -> datetime | None:
        wanted = opening + timedelta(seconds=rng.randrange(9000))
        if rng.random() < 0.4:
            later = self.world.hours.call(opening, rng, 1)
            wanted = later if last_day is None or later.date() <= last_day else wanted
        return self._allowed(story, history, wanted, last_day, rng) or opening

    def _allowed(
        self, story: Story, history: Sequence[Tried], wanted: datetime, last_day: date | None, rng: Random
    ) -> datetime | None:
        """Return the wanted moment, or one soon after the policy allows a call."""
        policy, numbers = self.world.policy, story.phones
        blocked = attempts.may_call(history, policy, wanted, last_day, numbers=numbers)
        if blocked is None:
            return wanted
        if blocked.until is None:
            return None
        soon = blocked.until.astimezone(self.world.hours.zone)
        later = soon + timedelta(seconds=rng.randrange(2400))
        return soon if attempts.may_call(history, policy, later, last_day, numbers=numbers) else later

    def _make(
        self,
        story: Story,
        turn: Turn,
        tried: Tried,
        progress: Progress,
        rng: Random,
        *,
        displeased: bool,
    ) -> None:
        """Let an agent make one call, and the order move by it."""
        ending, answered = tried.disposition, tried.disposition.interview
        agent = _agent(story, rng)
        habit = HABITS[agent.subject]
        done = tried.at + timedelta(seconds=rng.randint(75, 330) if answered else rng.randint(25, 70))
        call = Call(agent, ending.code, tried.at, done, self.prose.note(ending.code, rng), number=tried.number)
        call.day_part = attempts.day_part(self.world.policy, tried.at)
        before = story.counted()
        turn.calls.append(call)
        rounds = {"round_number": turn.number, "max_rounds": self.world.in_force.rules.max_rounds.value}
        if answered:
            self._answer(story, turn, call, rng, displeased=displeased and rng.random() >= habit.softens)
            move = lifecycle.after_answer(turn.grades[-1].satisfaction, **rounds)
        elif progress.step == Next.AGAIN:
            move = lifecycle.RETRY
        else:
            move = lifecycle.after_silence(turn.satisfaction, **rounds)
        seconds = _HANDS[answered] * (1.6 if call.reasons else 1.0) * habit.pace * rng.lognormvariate(0, 0.3)
        call.hands_ms = min(round(1000 * seconds), 1000 * int((done - tried.at).total_seconds()))
        if move != lifecycle.RETRY:
            call.settled, turn.settled_at = True, done
            turn.ended = CaseEnd.ANSWERED if answered else CaseEnd.EXHAUSTED if progress.exhausted else CaseEnd.FINAL
        facts: dict[str, Fact] = {
            "number": call.number,
            "disposition": ending.code,
            "reasons": ",".join(call.reasons) or None,
            "finding": FindingKind.CONTACT_DENIED.value if call.denied else None,
            "rules": self.world.in_force.rules.name,
            "policy": self.world.policy.name,
        }
        story.step(Step(done, call.agent, Event.CALLBACK_RECORDED, before, facts), move)

    def _answer(self, story: Story, turn: Turn, call: Call, rng: Random, *, displeased: bool) -> None:
        grade = drawn(DISSATISFIED_GRADES if displeased else SATISFIED_GRADES, rng)
        reasons = reasons_for(story, rng) if displeased else ()
        contacted = _contacted(turn, reasons, rng)
        solved = ((60, 30, 10), (3, 11, 86))[not displeased]
        manner = {"R08": DISSATISFIED_GRADES}.get(reasons[0] if reasons else "", SATISFIED_GRADES)
        answers = {
            "contacted": contacted,
            "solved": rng.choices(("unsolved", "partly", "solved"), solved)[0],
            "result": grade,
            "attitude": drawn(manner, rng),
        }
        if call.disposition == _PARTIAL:
            del answers["attitude"]
        if displeased:
            answers["words"] = self.prose.complaint(reasons[0], rng)
        elif rng.random() < 0.25:
            answers["words"] = self.prose.praise(rng)
        call.answers, call.reasons, call.grade = answers, reasons, grade
        call.denied = bool(turn.unit_contacted) and contacted == "no"
        call.satisfaction = self.world.in_force.rules.satisfaction("five", grade)
        turn.grades.append(Grade(f"five.{grade}", call.satisfaction, call.recorded_at, "callback", call))


def drawn(weights: dict[str, int], rng: Random) -> str:
    """Draw one of the words by their weights."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def reasons_for(story: Story, rng: Random) -> tuple[str, ...]:
    """Draw one or two reasons why somebody is dissatisfied with a story."""
    weights = _CONSULT_REASONS if story.kind == "consult" else _REASONS
    first = drawn(weights, rng)
    second = drawn(weights, rng) if rng.random() < 0.22 else first
    return (first,) if second == first else (first, second)


# ---------------------------------------------------------------------------------------------------------------------


def _agent(story: Story, rng: Random) -> Part:
    """Draw who calls, among those who are understood."""
    able = [part for part in AGENTS if story.language is None or story.language in HABITS[part.subject].skills]
    return rng.choices(able, [HABITS[part.subject].share for part in able])[0]


def _contacted(turn: Turn, reasons: Sequence[str], rng: Random) -> str:
    if "R01" in reasons:
        return "no"
    return rng.choices(("yes", "unsure", "no"), (92, 6, 2) if turn.unit_contacted else (30, 20, 50))[0]
