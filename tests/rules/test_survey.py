"""What a callback must hold, and what it amounts to."""

import copy
import doctest
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.vocabulary import Contacted, FindingKind, Satisfaction, Solved
from services.errors import Invalid
from services.rules import questionnaire, ruleset, survey
from services.rules.dispositions import Disposition
from services.rules.survey import Book, Problem, Reason, Visit, judge

FOLDER = Path(survey.__file__).parent
steady = settings(derandomize=True, max_examples=250, deadline=None)
Document = dict[str, Any]

REASONS = {
    one.code: one
    for one in (
        Reason("RB", heading=True),
        Reason("R02", calls_for_rework=True),
        Reason("R08"),
        Reason("R10", attributable=False),
        Reason("R77", retired=True),
        Reason("R99", needs_text=True),
    )
}
DISPOSITIONS = {
    one.code: one
    for one in (
        Disposition("1.1", "I", final=True, contacted=True),
        Disposition("1.2", "P", final=True, contacted=True),
        Disposition("2.36", "O", final=False, contacted=True, note_required=True),
        Disposition("3.11", "UH", final=False),
        Disposition("3.13", "NC", final=False),
        Disposition("3.99", "NC", final=False, retired=True),
    )
}
FULL = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "very_satisfied"}
ANGRY = FULL | {"solved": "unsolved", "result": "dissatisfied"}


def shipped(name: str) -> Document:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


BOOK = Book(
    rules=ruleset.parse(shipped("guangzhou_default.toml")),
    questionnaire=questionnaire.parse(shipped("questionnaires/callback_1.toml")),
    reasons=REASONS,
    dispositions=DISPOSITIONS,
)


def problems_of(visit: Visit, book: Book = BOOK) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        judge(visit, book)
    return refused.value.problems


def test_a_satisfied_citizen_ends_it() -> None:
    verdict = judge(Visit("1.1", FULL, words=" 谢谢 "), BOOK, unit_contacted=True)
    assert verdict.reached
    assert verdict.satisfaction == Satisfaction.SATISFIED
    assert (verdict.contacted, verdict.solved) == (Contacted.YES, Solved.SOLVED)
    assert (verdict.scale, verdict.grade, verdict.words) == ("five", "satisfied", "谢谢")
    assert dict(verdict.answers) == FULL | {"words": "谢谢"}
    assert (verdict.reasons, verdict.finding) == ((), None)
    assert not verdict.calls_for_rework


def test_a_dissatisfied_citizen_is_heard_with_reason_and_words() -> None:
    verdict = judge(Visit("1.1", ANGRY, ("R08", "R02", "R08"), "路灯还是不亮"), BOOK)
    assert verdict.satisfaction == Satisfaction.DISSATISFIED
    assert verdict.reasons == ("R08", "R02")
    assert verdict.calls_for_rework
    assert verdict.attributable
    assert not judge(Visit("1.1", ANGRY, ("R10",), "不接受这个规定"), BOOK).attributable


def test_basically_satisfied_is_satisfied_and_very_dissatisfied_is_not() -> None:
    assert judge(Visit("1.1", FULL | {"result": "basically_satisfied"}), BOOK).satisfaction == "satisfied"
    angry = judge(Visit("1.1", FULL | {"result": "very_dissatisfied"}, ("R08",), "太慢"), BOOK)
    assert angry.satisfaction == Satisfaction.DISSATISFIED


def test_the_manner_alone_makes_nobody_dissatisfied() -> None:
    assert judge(Visit("1.1", FULL | {"attitude": "dissatisfied"}), BOOK).satisfaction == Satisfaction.SATISFIED


@pytest.mark.parametrize(
    ("visit", "problems"),
    [
        (Visit(), {"disposition": "required"}),
        (Visit("9.9"), {"disposition": "unknown"}),
        (Visit("3.99"), {"disposition": "retired"}),
        (Visit("3.11"), {"disposition": "not_a_call"}),
        (Visit("1.1"), dict.fromkeys(FULL, "required")),
        (Visit("1.1", dict.fromkeys(FULL, "")), dict.fromkeys(FULL, "required")),
        (Visit("1.1", FULL | {"solved": None}), {"solved": "required"}),
        (Visit("1.1", FULL | {"solved": "maybe"}), {"solved": "unknown"}),
        (Visit("1.1", FULL | {"result": "understands"}), {"result": "unknown"}),
        (Visit("1.1", FULL | {"weather": "fine"}), {"weather": "unknown"}),
        (Visit("1.1", ANGRY), {"reasons": "required", "words": "required"}),
        (Visit("1.1", ANGRY, ("R02",), "  "), {"words": "required"}),
        (Visit("1.1", ANGRY, (), "不满意"), {"reasons": "required"}),
        (Visit("1.1", ANGRY, ("R02", "R00"), "不满意"), {"reasons": "unknown"}),
        (Visit("1.1", ANGRY, ("R77",), "不满意"), {"reasons": "retired"}),
        (Visit("1.1", ANGRY, ("RB",), "不满意"), {"reasons": "heading"}),
        (Visit("1.1", ANGRY, ("R99",), "一二三四五六七八九"), {"words": "too_short"}),
        (Visit("1.1", ANGRY, ("R02",), "字" * 2001), {"words": "too_long"}),
        (Visit("1.1", FULL, ("R02",)), {"reasons": "not_dissatisfied"}),
        (Visit("1.2", {"solved": "solved"}), {"result": "required"}),
        (Visit("1.2", FULL), {"disposition": "is_complete"}),
        (Visit("1.2", {"result": "dissatisfied"}), {"reasons": "required", "words": "required"}),
        (Visit("2.36"), {"note": "required"}),
        (Visit("2.36", note=" "), {"note": "required"}),
        (Visit("3.13", note="x" * 501), {"note": "too_long"}),
        (
            Visit("3.13", {"result": "satisfied"}, ("R02",), "喂"),
            {"result": "not_reached", "reasons": "not_reached", "words": "not_reached"},
        ),
        (
            Visit("1.1", {"contacted": "never", "result": "dissatisfied"}, ("R00",), "", "x" * 501),
            {
                "contacted": "unknown",
                "solved": "required",
                "attitude": "required",
                "reasons": "unknown",
                "words": "required",
                "note": "too_long",
            },
        ),
    ],
)
def test_every_problem_is_named_by_its_field(visit: Visit, problems: dict[str, str]) -> None:
    assert problems_of(visit) == problems
    assert set(problems.values()) <= {one.value for one in Problem}


def test_ten_characters_are_enough_for_another_reason() -> None:
    assert judge(Visit("1.1", ANGRY, ("R99",), "一二三四五六七八九十"), BOOK).reasons == ("R99",)


def test_a_partial_interview_needs_only_the_result() -> None:
    verdict = judge(Visit("1.2", {"result": "satisfied"}), BOOK)
    assert verdict.reached
    assert (verdict.satisfaction, verdict.solved, verdict.contacted) == (Satisfaction.SATISFIED, None, None)


def test_an_attempt_without_an_answer_amounts_to_no_rating() -> None:
    verdict = judge(Visit("3.13"), BOOK, unit_contacted=True)
    assert not verdict.reached
    assert (verdict.satisfaction, verdict.grade, verdict.finding, dict(verdict.answers)) == (None, None, None, {})
    assert judge(Visit("2.36", note="家里有事"), BOOK).note == "家里有事"


@pytest.mark.parametrize(
    ("claim", "said", "finding"),
    [
        (True, "no", FindingKind.CONTACT_DENIED),
        (True, "unsure", None),
        (True, "yes", None),
        (False, "no", None),
        (None, "no", None),
    ],
)
def test_only_a_denied_claim_is_a_finding_even_when_all_else_is_well(
    claim: bool | None, said: str, finding: FindingKind | None
) -> None:
    assert judge(Visit("1.1", FULL | {"contacted": said}), BOOK, unit_contacted=claim).finding == finding


GRADES = ["very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied"]
SAID = {
    "contacted": st.sampled_from(["yes", "no", "unsure"]),
    "solved": st.sampled_from(["solved", "partly", "unsolved"]),
    "result": st.sampled_from(GRADES),
    "attitude": st.sampled_from(GRADES),
}
careless = st.fixed_dictionaries(
    {}, optional={code: st.one_of(said, st.sampled_from(["", "x", None])) for code, said in SAID.items()}
)
angry = st.builds(
    Visit,
    disposition=st.just("1.1"),
    answers=st.fixed_dictionaries(SAID | {"result": st.sampled_from(GRADES[-2:])}),
    reasons=st.lists(st.sampled_from(["R02", "R08", "R10", "R99"]), max_size=2),
    words=st.sampled_from([None, "太慢了", "说了很多次都没有人来处理"]),
)
pleased = st.builds(Visit, disposition=st.just("1.1"), answers=st.fixed_dictionaries(SAID))
missed = st.builds(Visit, disposition=st.sampled_from(["3.13", "2.36"]), note=st.sampled_from([None, "改天再打"]))
anything = st.builds(
    Visit,
    disposition=st.sampled_from([*DISPOSITIONS, "0", None]),
    answers=st.one_of(st.fixed_dictionaries(SAID), careless),
    reasons=st.lists(st.sampled_from(["R02", "R08", *REASONS, "?"]), max_size=2),
    words=st.sampled_from([None, "", "太慢了", "说了很多次都没有人来处理"]),
    note=st.sampled_from([None, "改天再打"]),
)
visits = st.one_of(angry, pleased, missed, anything)


@steady
@given(visits, st.sampled_from([True, False, None]))
def test_a_verdict_is_never_dissatisfied_without_reason_nor_rated_without_an_answer(
    visit: Visit, claim: bool | None
) -> None:
    try:
        verdict = judge(visit, BOOK, unit_contacted=claim)
    except Invalid:
        return
    assert verdict.reached == (verdict.satisfaction is not None)
    assert (verdict.satisfaction == Satisfaction.DISSATISFIED) == bool(verdict.reasons)
    if verdict.satisfaction == Satisfaction.DISSATISFIED:
        assert verdict.words
    if not verdict.reached:
        assert not verdict.answers
    assert set(verdict.answers) <= {*FULL, "words"}


@steady
@given(visits)
def test_nothing_is_added_to_what_the_agent_wrote_down(visit: Visit) -> None:
    try:
        verdict = judge(visit, BOOK)
    except Invalid:
        return
    said = {code: value for code, value in verdict.answers.items() if code != "words"}
    assert said == {code: value for code, value in visit.answers.items() if value}


def test_the_shipped_questionnaire_asks_the_four_questions() -> None:
    asked = BOOK.questionnaire
    assert [question.code for question in asked.questions] == ["contacted", "solved", "result", "attitude"]
    assert all(question.needed for question in asked.questions)
    assert {question.scale for question in asked.questions} == {None, "five"}
    assert asked.fingerprint == ruleset.fingerprint(shipped("questionnaires/callback_1.toml"))


def test_another_question_may_be_asked_and_left_open() -> None:
    document = shipped("questionnaires/callback_1.toml")
    document["questions"].append({"code": "fit", "choices": ["fits", "beside_the_point"], "needed": False})
    wider = Book(BOOK.rules, questionnaire.parse(document), REASONS, DISPOSITIONS)
    assert judge(Visit("1.1", FULL), wider).reached
    assert judge(Visit("1.1", FULL | {"fit": "fits"}), wider).answers["fit"] == "fits"
    assert problems_of(Visit("1.1", FULL | {"fit": "so_so"}), wider) == {"fit": "unknown"}


def without(code: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["questions"] = [one for one in document["questions"] if one["code"] != code]

    return change


def put(number: int, **facts: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["questions"][number] = {
            key: value for key, value in (document["questions"][number] | facts).items() if value is not ...
        }

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda document: document.update(format=3), {"format": "unknown_format"}),
        (lambda document: document.update(code="Q 1"), {"code": "not_a_code"}),
        (lambda document: document.update(version=True), {"version": "not_a_version"}),
        (lambda document: document.update(effective_from="soon"), {"effective_from": "not_a_date"}),
        (lambda document: document.update(effective_from=None), {"effective_from": "not_a_date"}),
        (lambda document: document.update(colour="red"), {"colour": "unknown"}),
        (lambda document: document["questions"].append("more"), {"questions.4": "not_a_question"}),
        (lambda document: document["questions"].append(document["questions"][0]), {"questions.4": "repeated"}),
        (without("contacted"), {"questions.contacted": "required"}),
        (put(0, choices=["yes", "no"]), {"questions.0": "fixed_choices"}),
        (put(0, needed=...), {"questions.0.needed": "not_yes_or_no"}),
        (put(0, choices=["是"]), {"questions.0": "not_a_code", "questions.contacted": "required"}),
        (put(2, scale=..., choices=["good", "bad"]), {"questions.2": "scale_required"}),
        (put(2, scale=...), {"questions.2": "choices_or_scale"}),
        (put(2, needed=False), {"questions.2.needed": "result_is_needed"}),
        (put(3, code="words"), {"questions.3": "not_a_code", "questions.attitude": "required"}),
    ],
)
def test_a_wrong_questionnaire_is_refused_by_path(
    change: Callable[[Document], object], problem: dict[str, str]
) -> None:
    document = copy.deepcopy(shipped("questionnaires/callback_1.toml"))
    change(document)
    with pytest.raises(Invalid) as refused:
        questionnaire.parse(document)
    assert refused.value.problems == problem


def test_the_examples_in_the_module_are_true() -> None:
    outcome = doctest.testmod(survey)
    assert outcome.attempted > 0
    assert outcome.failed == 0
