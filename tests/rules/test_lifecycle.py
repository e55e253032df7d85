"""The rule of the loop: what can happen to an order, told as random walks over the table of moves.

The model below is the loop without a database: an order, its rounds, and what each move does to the columns that are
counted. `tests/stories/test_any_walk.py` takes the same walks through the real use cases.
"""

import ast
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.vocabulary import Satisfaction, Status
from services.errors import IllegalMove
from services.rules import lifecycle
from services.rules.lifecycle import MOVES, Move, advance, after_answer, after_closing, after_rating, after_silence
from services.rules.permissions import Permission

SERVICES = Path(lifecycle.__file__).resolve().parents[1]
MAX_ROUNDS = 3
steady = settings(derandomize=True, max_examples=300, deadline=None)

moods = st.sampled_from(list(Satisfaction))
steps = st.one_of(
    st.tuples(st.just("rate"), moods),
    st.tuples(st.just("answer"), moods),
    st.tuples(st.sampled_from(["close", "miss_once", "give_up", "return", "redo", "archive"]), st.none()),
)
walks = st.lists(steps, max_size=40)


@dataclass
class Model:
    """An order as the loop knows it: a status, and the ratings of each round, oldest first."""

    status: Status = Status.OPEN
    rounds: list[list[Satisfaction]] = field(default_factory=lambda: [[]])
    called: bool = False
    escalated: bool = False
    moves: list[Move] = field(default_factory=list)

    @property
    def counted(self) -> Satisfaction | None:
        """The rating that counts: the last one of the last round that has any."""
        rated = [ratings for ratings in self.rounds if ratings]
        return rated[-1][-1] if rated else None

    def make(self, move: Move) -> None:
        """Make the move, or raise IllegalMove."""
        self.status = advance(self.status, move)
        self.moves.append(move)

    def take(self, step: str, mood: Satisfaction | None) -> None:
        """Let one thing happen, or raise IllegalMove and change nothing."""
        number = {"round_number": len(self.rounds), "max_rounds": MAX_ROUNDS}
        if step == "close":
            self.make(lifecycle.CLOSE)
            self.make(lifecycle.ASK)
        elif step == "rate" and mood:
            self.make(after_rating(mood))
            self.rounds[-1].append(mood)
        elif step == "answer" and mood:
            self.make(after_answer(mood, **number))
            self.rounds[-1].append(mood)
            self.called = True
        elif step == "miss_once":
            self.make(lifecycle.RETRY)
            self.called = True
        elif step == "give_up":
            standing = self.rounds[-1][-1] if self.rounds[-1] else None
            self.make(after_silence(standing, **number))
            self.called = True
        elif step == "return":
            self.make(lifecycle.RETURN)
            self.rounds.append([])
        elif step == "redo":
            self.make(lifecycle.REDO)
        else:
            self.make(lifecycle.ARCHIVE)
        self.escalated = self.escalated or self.status == Status.ESCALATED


def walked(walk: list[tuple[str, Satisfaction | None]]) -> Model:
    """Return where a walk ends, steps that are not allowed being refused."""
    model = Model()
    for step, mood in walk:
        try:
            model.take(step, mood)
        except IllegalMove:
            continue
    return model


def test_every_status_can_be_reached_and_reaches_the_archive() -> None:
    def reached(start: Status) -> set[Status]:
        found, grows = {start}, True
        while grows:
            more = {move.after for move in MOVES if move.before & found}
            grows = not more <= found
            found |= more
        return found

    assert reached(Status.OPEN) == set(Status)
    assert all(Status.ARCHIVED in reached(status) for status in Status)


def test_the_archive_is_the_end_and_nothing_leads_back_to_the_beginning() -> None:
    assert lifecycle.open_moves(Status.ARCHIVED) == (lifecycle.CORRECT,)
    assert all(lifecycle.open_moves(status) for status in Status if status != Status.ARCHIVED)
    assert not any(move.after == Status.OPEN for move in MOVES)


def test_every_move_has_a_name_of_its_own() -> None:
    assert len({move.name for move in MOVES}) == len(MOVES)
    assert {name for name, value in vars(lifecycle).items() if isinstance(value, Move)} == {
        move.name.upper() for move in MOVES
    }


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
@pytest.mark.parametrize("status", list(Status))
def test_a_move_starts_where_the_table_says_and_nowhere_else(move: Move, status: Status) -> None:
    if status in move.before:
        assert advance(status, move) == move.after
        assert move in lifecycle.open_moves(status)
    else:
        with pytest.raises(IllegalMove) as refused:
            advance(status, move)
        assert refused.value.facts == {"move": move.name, "status": status}
        assert move not in lifecycle.open_moves(status)


def test_whether_silent_citizens_are_called_is_the_rule_sets_decision() -> None:
    assert after_closing(call_unrated=True) == Status.DUE
    assert after_closing(call_unrated=False) == Status.CLOSED


@steady
@given(walks)
def test_no_walk_loses_an_order(walk: list[tuple[str, Satisfaction | None]]) -> None:
    """Wherever a walk ends, the order has one status, and a way on until it is archived."""
    model = walked(walk)
    assert model.status in Status
    for _ in range(10):
        if model.status == Status.ARCHIVED:
            break
        model.make(lifecycle.open_moves(model.status)[-1])
    assert model.status == Status.ARCHIVED


@steady
@given(walks)
def test_the_counted_rating_is_always_that_of_the_last_rated_round(
    walk: list[tuple[str, Satisfaction | None]],
) -> None:
    model, given_so_far = Model(), None
    for step, mood in walk:
        try:
            model.take(step, mood)
        except IllegalMove:
            continue
        given_so_far = mood or given_so_far
        assert model.counted == given_so_far


@steady
@given(walks)
def test_a_score_never_rises_by_silence(walk: list[tuple[str, Satisfaction | None]]) -> None:
    """Neither a call that nobody answers, nor a return, a redo or the archive, changes what counts."""
    model = Model()
    for step, mood in walk:
        before = model.counted
        try:
            model.take(step, mood)
        except IllegalMove:
            continue
        if mood is None:
            assert model.counted == before


@steady
@given(walks)
def test_the_round_that_fails_last_is_escalated_and_none_before_it(
    walk: list[tuple[str, Satisfaction | None]],
) -> None:
    model = Model()
    for step, mood in walk:
        number, called = len(model.rounds), Status.DUE
        try:
            model.take(step, mood)
        except IllegalMove:
            continue
        if step == "answer" and mood == Satisfaction.DISSATISFIED:
            assert model.status == (Status.ESCALATED if number >= MAX_ROUNDS else Status.DISSATISFIED)
        if model.status == Status.ESCALATED:
            assert number >= MAX_ROUNDS
            assert called in model.moves[-1].before


def test_the_third_failed_round_escalates() -> None:
    model = Model()
    model.take("close", None)
    for _ in range(2):
        for step, mood in (("answer", Satisfaction.DISSATISFIED), ("return", None), ("redo", None)):
            model.take(step, mood)
    assert not model.escalated
    model.take("answer", Satisfaction.DISSATISFIED)
    assert (model.status, len(model.rounds), model.escalated) == (Status.ESCALATED, 3, True)


@pytest.mark.parametrize("standing", [None, *Satisfaction])
@pytest.mark.parametrize("number", [1, MAX_ROUNDS])
def test_time_leads_where_the_last_unanswered_attempt_would_have_led(
    standing: Satisfaction | None, number: int
) -> None:
    place = {"round_number": number, "max_rounds": MAX_ROUNDS}
    missed, lapsed = after_silence(standing, **place), lifecycle.after_lapse(standing, **place)
    assert lapsed.after == missed.after
    assert missed.before <= lapsed.before


@pytest.mark.parametrize(
    ("module", "function", "moves"),
    [
        ("callbacks", "record_callback", ["RETRY", "PLEASE", "DISPLEASE", "ESCALATE", "MISS", "STAND"]),
        ("callbacks", "correct_callback", ["CORRECT"]),
        ("reviews", "return_for_rework", ["RETURN"]),
        ("reviews", "archive", ["ARCHIVE"]),
        ("rework", "submit_rework", ["REDO"]),
        ("callback_lapse", "lapse_expired", ["LAPSE", "LAPSE_STAND", "LAPSE_ESCALATED"]),
    ],
)
def test_a_move_needs_the_permission_that_its_use_case_opens_with(module: str, function: str, moves: list[str]) -> None:
    tree = ast.parse((SERVICES / f"{module}.py").read_text(encoding="utf-8"))
    found = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
    doors = [
        ast.unparse(item.context_expr.args[0])
        for node in ast.walk(found)
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.context_expr, ast.Call)
    ]
    assert len(doors) == 1
    opened = Permission[doors[0].removeprefix("Permission.")]
    assert {getattr(lifecycle, name).needs for name in moves} == {opened}


def test_every_move_of_people_belongs_to_one_of_these_use_cases() -> None:
    by_people = {move.name for move in MOVES if move.needs != Permission.ORDER_IMPORT}
    assert by_people == {
        "retry",
        "please",
        "displease",
        "escalate",
        "miss",
        "stand",
        "stand_escalated",
        "return",
        "redo",
        "archive",
        "lapse",
        "lapse_stand",
        "lapse_escalated",
        "correct",
    }


def test_what_takes_an_order_from_a_department_or_ends_it_against_a_citizen_needs_a_reason() -> None:
    assert {move.name for move in MOVES if move.reason} == {"displease", "escalate", "return", "archive"}
