"""Profiles: the shipped ones load, and every mistake in another is named with its key."""

from pathlib import Path

import pytest

from db.vocabulary import ImportKind
from services.intake.cleaning import same_name
from services.intake.problems import FileRefused, Refusal
from services.intake.profile_file import load_profile, shipped_profiles

GOOD = """
[profile]
name = "x"
source = "x"
[orders.fields]
number = "no"
accepted_at = "at"
"""


def test_the_shipped_profiles_load_by_name() -> None:
    assert shipped_profiles() == ("boston_311", "huixiang", "nyc_csat", "open311_json", "tainan_1999")
    for name in shipped_profiles():
        assert load_profile(name).name == name


def test_tainans_spellings_lead_to_its_37_districts() -> None:
    lookup = load_profile("tainan_1999").of(ImportKind.ORDERS).lookups["place"]
    assert len(lookup.known) == 37
    assert set(lookup.aliases.values()) <= lookup.known
    assert lookup.aliases[same_name(":新市區")] == "新市區"


def test_a_profile_from_outside_is_given_by_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert load_profile(str(path)).source == "x"


def test_an_unknown_profile_names_the_shipped_ones() -> None:
    with pytest.raises(FileRefused) as refused:
        load_profile("nope")
    assert refused.value.why == Refusal.PROFILE_MISSING
    assert "huixiang" in str(refused.value.facts["shipped"])


@pytest.mark.parametrize(
    ("change", "key", "why"),
    [
        ("source =|sauce =", "profile.sauce", "unknown_key"),
        ('source = "x"|', "profile.source", "missing"),
        (f'source = "x"|source = "{"x" * 41}"', "profile.source", "too_long"),
        ("accepted_at =|accepted =", "orders.fields.accepted", "unknown_key"),
        ('accepted_at = "at"|', "orders.fields.accepted_at", "missing"),
        ('number = "no"|number = 3', "orders.fields.number", "not_a_header"),
        ('number = "no"|number = { levels = ["a"] }', "orders.fields.number", "no_levels_here"),
        ('number = "no"|number = { third = ["a"] }', "orders.fields.number", "not_a_column"),
        ("[orders.fields]|[cells]\ntime_zone = 'Mars/Olympus'\n[orders.fields]", "cells.time_zone", "not_a_zone"),
        ("[orders.fields]|[cells]\ndates = ['american']\n[orders.fields]", "cells.dates", "unknown_word"),
        ("[orders.fields]|[reading]\nheader = 'no'\n[orders.fields]", "reading.header", "wrong_type"),
        ("[orders.fields]|[reading]\nheader = false\n[orders.fields]", "reading.columns", "needed_without_header"),
        ("[orders.fields]|[reading]\nencodings = ['latin-1']\n[orders.fields]", "reading.encodings", "unknown_word"),
        (
            "[orders.fields]|[orders.lookup.department]\nunknown = 'map'\n[orders.fields]",
            "orders.lookup.department.to",
            "needed_with_map",
        ),
        (
            "[orders.fields]|[orders.values.confidential]\nJ = 'ja'\n[orders.fields]",
            "orders.values.confidential",
            "not_a_choice",
        ),
        ("[orders.fields]|[orders.closing]\nclosed = ['x']\n[orders.fields]", "orders.closing.column", "missing"),
        ("[profile]|[[profile]]", "profile", "not_a_table"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_cause(tmp_path: Path, change: str, key: str, why: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(*change.split("|", 1)))
    with pytest.raises(FileRefused) as refused:
        load_profile(str(path))
    assert refused.value.why == Refusal.PROFILE_MALFORMED
    assert refused.value.facts["file"] == "mine.toml"
    assert (refused.value.facts["key"], refused.value.facts["why"]) == (key, why)


def test_what_is_no_toml_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("number: 1")
    with pytest.raises(FileRefused) as refused:
        load_profile(str(path))
    assert refused.value.facts["why"] == "not_toml"


ANSWERS = """
[profile]
name = "x"
source = "x"
[ratings.fields]
rated_at = "at"
grade = "grade"
[ratings.constants]
channel = "web"
[ratings.answers]
wait = { column = "wait", scale = "agreement" }
nps = { column = "nps", from = 0, to = 10 }
[ratings.order.fields]
accepted_at = "start"
closed_at = "start"
[ratings.order.constants]
order_type = "consult"
"""


def test_answers_without_an_order_need_no_number_and_read_every_column_they_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ANSWERS)
    sheet = load_profile(str(path)).of(ImportKind.RATINGS)
    assert {str(name) for column in sheet.columns for name in column.names} == {"at", "grade", "wait", "nps", "start"}
    assert sheet.order is not None
    assert (sheet.answers["wait"].scale, sheet.answers["nps"].limits) == ("agreement", (0, 10))
    with pytest.raises(FileRefused) as refused:
        load_profile(str(path)).of(ImportKind.ORDERS)
    assert refused.value.why == Refusal.PROFILE_WITHOUT_KIND


@pytest.mark.parametrize(
    ("change", "key", "why"),
    [
        ('closed_at = "start"|', "ratings.order.fields.closed_at", "missing"),
        ("[ratings.order.fields]|[ratings.order.answers]", "ratings.order.answers", "unknown_key"),
        ('grade = "grade"|', "ratings.fields.grade", "missing"),
        (", to = 10|", "ratings.answers.nps.to", "missing"),
        ("from = 0|from = 'none'", "ratings.answers.nps.from", "wrong_type"),
        ("from = 0|least = 0", "ratings.answers.nps.least", "unknown_key"),
        ('nps = { column = "nps",|nps = {', "ratings.answers.nps.column", "not_a_header"),
        ('wait = { column = "wait"|Wait-Time = { column = "wait"', "ratings.answers.Wait-Time", "unknown_key"),
        ("[ratings.order.constants]|[ratings.order.order]", "ratings.order.order", "unknown_key"),
    ],
)
def test_a_mistake_in_a_survey_is_named_with_its_key(tmp_path: Path, change: str, key: str, why: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(ANSWERS.replace(*change.split("|", 1)))
    with pytest.raises(FileRefused) as refused:
        load_profile(str(path))
    assert (refused.value.facts["key"], refused.value.facts["why"]) == (key, why)
