"""Reasons are suggested from the citizen's words: by cues that can be named, the same for the same words."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Invalid
from services.rules.suggestions import MOST, parse, shipped, suggest

KNOWN = {
    entry["code"]
    for entry in tomllib.loads(files("db").joinpath("reference/code_lists.toml").read_text("utf-8"))["reasons"]
}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("办事处的人一直没有联系我,短信就说办结了", "R01"),
        ("他们没打过电话给我", "R01"),
        ("回复说已经清理了,我去看还是老样子", "R02"),
        ("垃圾只清了表面,问题依然存在,没有解决", "R03"),
        ("回复答非所问", "R04"),
        ("物业和街道踢皮球", "R05"),
        ("过两天又反弹了,治标不治本", "R06"),
        ("等了两个多月才有消息,太慢了", "R07"),
        ("工作人员态度恶劣", "R08"),
        ("他们留的电话是空号", "R09"),
        ("说政策不允许,我不能接受", "R10"),
        ("说这个超出了职责范围", "R11"),
        ("这张单派错单位了", "R12"),
        ("热线话务员态度不好", "R13"),
    ],
)
def test_a_telling_phrase_names_its_reason(words: str, code: str) -> None:
    found = suggest(words, shipped())
    assert code in [one.code for one in found]
    assert all(one.because in words for one in found)


@pytest.mark.parametrize("words", ["处理得很快,谢谢。", "已经解决了,比较满意。", "没有其他意见。", "", "。", "abc"])
def test_words_without_a_cue_suggest_nothing(words: str) -> None:
    assert suggest(words, shipped()) == ()


def test_a_sentence_of_the_demonstration_is_seldom_missed() -> None:
    """The demonstration's sentences were written before the cues, reason by reason; nine in ten must be found."""
    told = tomllib.loads(files("services.demo").joinpath("prose.toml").read_text("utf-8"))["words"]
    pairs = [(code, words) for code, listed in told.items() if code in shipped().of for words in listed]
    found = [code in [one.code for one in suggest(words, shipped())] for code, words in pairs]
    assert len(pairs) >= 40
    assert sum(found) >= 0.9 * len(pairs)


def test_only_reasons_of_the_code_list_are_suggested_and_the_one_that_needs_its_own_words_never() -> None:
    assert set(shipped().of) <= KNOWN
    assert "R99" not in shipped().of


@given(
    st.lists(st.sampled_from(["没有人联系我", "态度很差", "是空号", "治标不治本", "派错单位了", "谢谢", "拖了两个月"]))
)
def test_at_most_three_are_suggested_the_strongest_first_and_only_those_that_are_asked_for(parts: list[str]) -> None:
    words = ",".join(parts)
    found = suggest(words, shipped())
    assert len(found) <= MOST
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert suggest(words, shipped()) == found
    assert {one.code for one in suggest(words, shipped(), among={"R08"})} <= {"R08"}


@given(st.text(max_size=300))
def test_any_text_can_be_read(words: str) -> None:
    suggest(words, shipped())


def test_every_problem_of_a_document_is_named_by_its_path() -> None:
    document = {"format": 2, "R01": {"strong": ["("], "weak": "x"}, "R02": {"other": []}}
    with pytest.raises(Invalid) as refused:
        parse(document)
    assert refused.value.problems == {
        "format": "unknown_format",
        "R01.strong.0": "not_a_pattern",
        "R01.weak": "not_a_list",
        "R02": "not_a_section",
    }
