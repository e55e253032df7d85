"""Questionnaires of both formats: what is read, what is refused by path, which questions are asked, what is said."""

import copy
import doctest
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.vocabulary import Satisfaction
from services.errors import Invalid
from services.rules import questionnaire, ruleset, scripts, survey
from services.rules.dispositions import Disposition
from services.rules.questions import Answer, Kind, asked
from services.rules.scripts import Called, filled
from services.rules.survey import Book, Reason, Visit, judge
from tests.documents import WIDE, YES_NO, Document

FOLDER = Path(questionnaire.__file__).parent
RULES = ruleset.parse(tomllib.loads((FOLDER / "guangzhou_default.toml").read_text(encoding="utf-8")))
SHIPPED = {
    path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((FOLDER / "questionnaires").glob("*.toml"))
}
FULL = Disposition("1.1", "I", final=True, contacted=True)
PARTIAL = Disposition("1.2", "P", final=True, contacted=True)


def book(document: Document = WIDE) -> Book:
    return Book(
        RULES,
        questionnaire.parse(document),
        {
            "R02": Reason("R02"),
            "R07": Reason("R07", order_types=frozenset({"complaint"})),
            "R08": Reason("R08", grades=frozenset({"very_dissatisfied"})),
        },
        {one.code: one for one in (FULL, PARTIAL)},
    )


def answered(answers: Mapping[str, Answer], **facts: Any) -> Visit:
    return Visit("1.1", answers, **facts)


def problems(visit: Visit, document: Document = WIDE, **facts: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        judge(visit, book(document), **facts)
    return refused.value.problems


def wrong(document: Document) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        questionnaire.parse(document)
    return refused.value.problems


# What is shipped ------------------------------------------------------------------------------------------------------


def test_the_shipped_questionnaires_are_sound_and_their_scales_are_those_of_the_rules() -> None:
    read = {name: questionnaire.parse(document) for name, document in SHIPPED.items()}
    assert {name: len(one.questions) for name, one in read.items()} == {
        "callback_1": 4,
        "callback_2": 4,
        "callback_three": 4,
        "shanghai": 4,
        "shenzhen": 4,
    }
    assert {name: questionnaire.unknown_to(RULES, one) for name, one in read.items()} == {name: {} for name in read}
    assert [name for name, one in read.items() if one.effective_from is None] == [
        "callback_three",
        "shanghai",
        "shenzhen",
    ]
    assert read["shenzhen"].satisfaction == "effect"
    assert [one.code for one in read["shanghai"].questions] == ["solved", "efficiency", "attitude", "result"]


def test_every_shipped_question_has_its_words_and_its_script_in_both_languages() -> None:
    for name, document in SHIPPED.items():
        one = questionnaire.parse(document)
        if name == "callback_1":
            continue
        texts = [
            one.title,
            one.script,
            *(text for question in one.questions for text in (question.ask, question.script)),
        ]
        assert all(text and text.zh and text.en for text in texts), name


def test_version_two_of_the_four_questions_judges_as_version_one_does() -> None:
    first, second = (questionnaire.parse(SHIPPED[name]) for name in ("callback_1", "callback_2"))
    shape = [(one.code, one.kind, one.codes, one.scale, one.needed) for one in first.questions]
    assert [(one.code, one.kind, one.codes, one.scale, one.needed) for one in second.questions] == shape
    assert first.satisfaction == second.satisfaction


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "contacted": st.sampled_from(["yes", "no", "unsure", "maybe", ""]),
            "solved": st.sampled_from(["solved", "partly", "unsolved", None]),
            "result": st.sampled_from(["very_satisfied", "satisfied", "dissatisfied", "understands"]),
            "attitude": st.sampled_from(["basically_satisfied", "very_dissatisfied", "x"]),
        },
    ),
    st.sampled_from(["1.1", "1.2"]),
    st.sampled_from([(), ("R02",)]),
    st.sampled_from([None, "没有人来"]),
)
def test_both_formats_of_the_four_questions_come_to_the_same_verdict(
    answers: dict[str, Answer], disposition: str, reasons: tuple[str, ...], words: str | None
) -> None:
    visit = Visit(disposition, answers, reasons, words)
    found = []
    for name in ("callback_1", "callback_2"):
        try:
            found.append((judge(visit, book(SHIPPED[name])), {}))
        except Invalid as refused:
            found.append((None, refused.problems))
    assert found[0] == found[1]


# What is refused ------------------------------------------------------------------------------------------------------


def put(number: int, **facts: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["questions"][number] = {
            key: value for key, value in (document["questions"][number] | facts).items() if value is not ...
        }

    return change


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda one: one.update(format=True), {"format": "unknown_format"}),
        (lambda one: one.update(colour="red"), {"colour": "unknown"}),
        (lambda one: one.update(effective_from="soon"), {"effective_from": "not_a_date"}),
        (lambda one: one.pop("title"), {"title": "required"}),
        (lambda one: one.update(title={"en": "X"}), {"title.zh": "required"}),
        (lambda one: one.update(title={"zh": "长" * 81}), {"title.zh": "too_long"}),
        (lambda one: one.update(script={"zh": "{phone}"}), {"script.zh": "unknown_variable"}),
        (lambda one: one.update(script={"zh": "x", "en": "{name"}), {"script.en": "stray_brace"}),
        (lambda one: one.update(satisfaction="visited"), {"satisfaction": "scale_required"}),
        (lambda one: one.update(satisfaction="weather"), {"satisfaction": "unknown_question"}),
        (lambda one: one.pop("satisfaction"), {"satisfaction": "required"}),
        (lambda one: one.update(questions=[]), {"questions": "required", "satisfaction": "unknown_question"}),
        (put(0, needed=False), {"satisfaction": "deciding_is_needed"}),
        (put(0, code="words"), {"questions.0.code": "reserved"}),
        (put(1, kind="colour"), {"questions.1.kind": "unknown_kind"}),
        (put(1, ask=...), {"questions.1.ask": "required"}),
        (put(1, needed=...), {"questions.1.needed": "not_yes_or_no"}),
        (put(1, choices=YES_NO[:1]), {"questions.1.choices": "two_choices"}),
        (put(1, scale="five"), {"questions.1.scale": "no_scale_here"}),
        (put(1, choices=[*YES_NO, YES_NO[0]]), {"questions.1.choices.2": "repeated"}),
        (put(1, choices=[*YES_NO, {"code": "x"}]), {"questions.1.choices.2.name": "required"}),
        (put(4, code="visited"), {"questions.4.code": "repeated"}),
        (put(4, code="solved"), {"questions.4.choices": "fixed_choices"}),
        (put(1, asked_if=[{"question": "came", "equals": ["x"]}]), {"questions.1.asked_if.0": "not_earlier"}),
        (put(1, asked_if=[{"question": "visited", "equals": ["yes"]}]), {"questions.1.asked_if.0": "not_earlier"}),
        (put(1, asked_if=[{"question": "sky", "equals": ["x"]}]), {"questions.1.asked_if.0": "unknown_question"}),
        (put(2, asked_if=[{"question": "visited", "equals": ["x"]}]), {"questions.2.asked_if.0": "unknown_choice"}),
        (
            put(2, asked_if=[{"question": "visited", "graded": ["neutral"]}]),
            {"questions.2.asked_if.0": "scale_required"},
        ),
        (
            put(2, asked_if=[{"question": "effect", "graded": ["good"]}]),
            {"questions.2.asked_if.0": "unknown_satisfaction"},
        ),
        (put(2, asked_if=[{"question": "effect"}]), {"questions.2.asked_if.0": "not_a_condition"}),
        (put(3, asked_if=[{"question": "came", "equals": ["x"]}]), {"questions.3.asked_if.0": "nothing_to_choose"}),
        (put(0, required_if=[{"question": "plate", "equals": ["x"]}]), {"questions.0.required_if.0": "not_earlier"}),
        (put(3, validation={"not_before": "left"}), {"questions.3.validation.not_before": "not_earlier"}),
        (put(3, validation={"not_before": "effect"}), {"questions.3.validation.not_before": "other_kind"}),
        (put(3, validation={"shortest": 3}), {"questions.3.validation.shortest": "not_for_this_kind"}),
        (put(2, validation={"least": "2026-02-30"}), {"questions.2.validation.least": "not_a_date"}),
        (put(5, validation={"least": 5, "most": 4}), {"questions.5.validation.most": "least_above_most"}),
        (put(5, validation={"least": 0.5}), {"questions.5.validation.least": "not_a_number"}),
        (put(6, validation={"pattern": "(a+)+"}), {"questions.6.validation.pattern": "pattern_too_free"}),
        (put(6, validation={"pattern": "[a"}), {"questions.6.validation.pattern": "not_a_pattern"}),
        (put(6, validation={"shortest": 9, "longest": 8}), {"questions.6.validation.longest": "least_above_most"}),
        (put(6, help={"zh": 3}), {"questions.6.help": "not_a_text"}),
        (put(6, colour="red"), {"questions.6.colour": "unknown"}),
    ],
)
def test_a_wrong_document_is_refused_by_path(change: Callable[[Document], object], found: dict[str, str]) -> None:
    document = copy.deepcopy(WIDE)
    change(document)
    told = wrong(document)
    assert {path: told[path] for path in found} == found
    # Removing or renaming a question may leave others that go by it without it; nothing else is said.
    assert set(told.values()) - set(found.values()) <= {"unknown_question", "unknown_choice", "not_earlier"}


def test_the_question_that_decides_is_asked_of_everybody() -> None:
    document = copy.deepcopy(WIDE)
    document["questions"].append(
        {"code": "last", "kind": "grade", "scale": "five", "needed": True, "ask": {"zh": "?"}}
        | {"asked_if": [{"question": "visited", "equals": ["no"]}]}
    )
    assert wrong(document | {"satisfaction": "last"}) == {"satisfaction": "deciding_is_asked"}


def test_a_scale_or_a_grade_that_the_rules_do_not_have_is_named() -> None:
    document = copy.deepcopy(WIDE)
    document["questions"][0]["scale"] = "seven"
    assert questionnaire.unknown_to(RULES, questionnaire.parse(document)) == {"questions.0.scale": "unknown_scale"}
    document["questions"][0]["scale"] = "three"
    document["questions"][2]["required_if"] = [{"question": "effect", "equals": ["understands"]}]
    found = questionnaire.unknown_to(RULES, questionnaire.parse(document))
    assert found == {"questions.2.required_if.0": "unknown_choice"}


# What is asked --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "codes"),
    [
        ({}, "effect trouble plate"),
        ({"effect": "very_satisfied"}, "effect trouble plate"),
        ({"effect": "understands"}, "effect visited trouble plate"),
        ({"effect": "dissatisfied", "visited": "yes"}, "effect visited came left trouble plate"),
        ({"effect": "satisfied", "visited": "yes"}, "effect trouble plate"),
        ({"trouble": ("water", "dust")}, "effect trouble times plate"),
        ({"trouble": "water"}, "effect trouble plate"),
    ],
)
def test_a_branch_opens_by_what_is_answered_and_closes_with_it(answers: dict[str, Answer], codes: str) -> None:
    assert [one.code for one in survey.asked(book(), answers)] == codes.split()


DISSATISFIED = {"effect": "dissatisfied", "visited": "yes", "came": "2026-05-01"}
WHY: dict[str, Any] = {"reasons": ("R02",), "words": "没有修好"}


@pytest.mark.parametrize(
    ("visit", "found"),
    [
        (answered({"effect": "satisfied", "visited": "yes"}), {"visited": "not_asked"}),
        (answered({"effect": "understands"}), {"visited": "required"}),
        (answered({"effect": "understands", "visited": "yes", "came": "1.5.2026"}), {"came": "not_a_date"}),
        (answered(DISSATISFIED | {"came": None}, **WHY), {"came": "required"}),
        (answered(DISSATISFIED | {"came": "2019-12-31"}, **WHY), {"came": "out_of_range"}),
        (answered(DISSATISFIED | {"came": "2026-06-16"}, **WHY), {"came": "in_the_future"}),
        (answered(DISSATISFIED | {"came": "2026-W22-4"}, **WHY), {"came": "not_a_date"}),
        (answered(DISSATISFIED | {"left": "2026-04-30"}, **WHY), {"left": "before_other"}),
        (answered({"effect": "satisfied", "trouble": ("noise", "rain")}), {"trouble": "unknown"}),
        (answered({"effect": "satisfied", "trouble": "noise,dust,water"}), {"trouble": "too_many_chosen"}),
        (answered({"effect": "satisfied", "times": "1"}), {"times": "not_asked"}),
        (answered({"effect": "satisfied", "trouble": ("noise",), "times": "x"}), {"times": "not_a_number"}),
        (answered({"effect": "satisfied", "trouble": ("noise",), "times": "1.25"}), {"times": "not_a_number"}),
        (answered({"effect": "satisfied", "trouble": ("noise",), "times": "0"}), {"times": "out_of_range"}),
        (answered({"effect": "satisfied", "trouble": ("noise",), "times": "100"}), {"times": "out_of_range"}),
        (answered({"effect": "satisfied", "plate": "粤A"}), {"plate": "too_short"}),
        (answered({"effect": "satisfied", "plate": "粤B12345"}), {"plate": "wrong_form"}),
        (answered({"effect": "satisfied", "plate": "粤A1234567"}), {"plate": "too_long"}),
        (answered({"effect": ("satisfied",)}), {"effect": "unknown"}),
        (answered({"effect": "0"}), {"effect": "unknown"}),
        (answered({"effect": "very_dissatisfied"}), {"effect": "unknown"}),
        (answered({"weather": "fine", "effect": "satisfied"}), {"weather": "unknown"}),
        (Visit("1.2", {"trouble": ("noise",)}), {"effect": "required"}),
    ],
)
def test_answers_keep_to_their_questions(visit: Visit, found: dict[str, str]) -> None:
    assert problems(visit, today=date(2026, 6, 15)) == found


def test_raw_answers_are_kept_and_several_are_joined() -> None:
    said = {"effect": "satisfied", "trouble": ["dust", "noise", "dust"], "times": " 1.5 ", "plate": "粤A12345"}
    verdict = judge(answered(said), book())  # type: ignore[arg-type]  # what comes back from a stored draft is a list
    assert dict(verdict.answers) == {
        "effect": "satisfied",
        "trouble": "dust,noise",
        "times": "1.5",
        "plate": "粤A12345",
    }
    assert (verdict.scale, verdict.grade, verdict.satisfaction) == ("four", "satisfied", Satisfaction.SATISFIED)
    assert (verdict.contacted, verdict.solved) == (None, None)


def test_the_middle_grade_is_read_from_the_scale_and_dissatisfied_is_never_taken_for_it() -> None:
    told = {"effect": "understands", "visited": "no"}
    assert judge(answered(told), book()).satisfaction == Satisfaction.NEUTRAL
    assert judge(answered(told | {"effect": "dissatisfied"}, **WHY), book()).satisfaction == Satisfaction.DISSATISFIED


def test_reasons_are_limited_by_order_type_and_grade_and_suggestions_that_were_taken_are_told() -> None:
    told = {"effect": "dissatisfied", "visited": "no"}
    visit = answered(told, reasons=("R02", "R07"), words="太慢", suggested=("R07", "R01"))
    assert judge(visit, book(), order_type="complaint").suggested == ("R07",)
    assert problems(visit, order_type="consult") == {"reasons": "not_for_this"}
    assert problems(answered(told, reasons=("R08",), words="太慢")) == {"reasons": "not_for_this"}


CODES = [one["code"] for one in WIDE["questions"]]
ANY_ANSWER = st.one_of(
    st.none(),
    st.sampled_from(
        ["yes", "no", "dissatisfied", "understands", "satisfied", "noise", "2026-05-01", "3", "粤A12345", "?"]
    ),
    st.lists(st.sampled_from(["noise", "dust", "water"]), max_size=3).map(tuple),
)


@given(
    st.dictionaries(st.sampled_from(CODES), ANY_ANSWER),
    st.sampled_from(["very_satisfied", "satisfied", "understands", "dissatisfied"]),
    st.booleans(),
)
def test_no_answer_to_a_question_that_was_not_asked_is_ever_accepted(
    careless: dict[str, Answer], grade: str, why: bool
) -> None:
    visit = answered({**careless, "effect": grade}, **(WHY if why else {}))
    try:
        verdict = judge(visit, book())
    except Invalid:
        return
    open_now = {one.code for one in survey.asked(book(), verdict.answers)}
    assert {code for code in verdict.answers if code != "words"} <= open_now


@given(st.dictionaries(st.sampled_from(CODES), ANY_ANSWER))
def test_an_answer_to_a_closed_question_opens_nothing(careless: dict[str, Answer]) -> None:
    found = survey.asked(book(), careless)
    kept = {one.code: careless.get(one.code) for one in found}
    assert survey.asked(book(), kept) == found


# What is said ---------------------------------------------------------------------------------------------------------


def test_a_script_is_filled_once_and_names_nobody_in_a_confidential_order() -> None:
    order = Called("GZ-1", "{name}在哪", "市水务局", "王**", confidential=False)
    said = questionnaire.parse(WIDE).script
    assert said is not None
    assert filled(said.zh, order, nameless="诉求人") == "王**您好，市水务局办理的{name}在哪（GZ-1）"
    assert filled(said.zh, replace(order, confidential=True), nameless="诉求人").startswith("诉求人您好")
    assert filled(said.zh, replace(order, name=None), nameless="诉求人").startswith("诉求人您好")


def test_kinds_and_branches_are_read_from_the_document() -> None:
    one = questionnaire.parse(WIDE)
    assert [question.kind for question in one.questions] == [
        *(Kind.GRADE, Kind.SINGLE, Kind.DATE, Kind.DATE, Kind.SEVERAL, Kind.NUMBER, Kind.TEXT)
    ]
    assert asked([], {}) == ()


def test_the_examples_in_the_module_are_true() -> None:
    outcome = doctest.testmod(scripts)
    assert outcome.attempted > 0
    assert outcome.failed == 0
