"""`python -m portal import`: reports, trials, corrections, and one clear line where something is wrong."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.orders import Order
from portal.__main__ import main

SLICE = Path(__file__).parents[1] / "intake" / "data" / "boston_311_slice.csv"
HEAD = "工单编号,受理时间,诉求类型,承办单位,诉求内容\n"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, login_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("PORTAL_DATABASE_URL", login_url)
    monkeypatch.setenv("PORTAL_DATA", str(tmp_path / "data"))


def stored(owner: Session) -> int:
    """How many orders there are."""
    return owner.scalar(select(func.count()).select_from(Order)) or 0


def test_a_trial_reports_and_writes_nothing_and_the_import_reports_the_same(
    owner: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", str(SLICE), "--profile", "boston_311", "--dry-run", "--json"]) == 0
    tried = json.loads(capsys.readouterr().out)
    assert stored(owner) == 0
    assert main(["import", str(SLICE), "--profile", "boston_311", "--json"]) == 0
    assert capsys.readouterr().out == json.dumps(tried, ensure_ascii=False) + "\n"
    assert list(tried) == ["rows", "inserted", "updated", "unchanged", "rejected", "warnings", "problems"]
    assert list(tried["problems"][0]) == ["row", "field", "code", "value"]
    assert stored(owner) == 288


def test_rejected_rows_can_be_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, again = tmp_path / "x.csv", tmp_path / "again.csv"
    sheet.write_text(f"{HEAD}1,2024-01-02,投诉,天河区,甲\n2,2024-13-02,投诉,天河区,乙\n", "utf-8")
    assert main(["import", str(sheet), "--profile", "huixiang", "--rejected", str(again)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "1" in told[0]
    assert "2024-13-02" in told[1]
    assert again.read_text("utf-8-sig").splitlines()[1].startswith("2,2024-13-02")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nowhere.csv", "--profile", "huixiang"], "nowhere.csv"),
        ([str(SLICE)], "--profile"),
        ([str(SLICE), "--profile", "boston_311", "--kind", "people"], "people"),
        ([str(SLICE), "--profile", "boston_311", "--limit", "0"], "--limit"),
    ],
)
def test_bad_input_is_answered_in_one_line_and_with_code_2(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", *arguments]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert named in said


@pytest.mark.parametrize("arguments", [["--profile", "huixiang"], ["--profile", "nope"]])
def test_a_file_or_profile_that_is_refused_writes_nothing(
    arguments: list[str], owner: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    for trial in ([], ["--dry-run"]):
        assert main(["import", str(SLICE), *arguments, *trial]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert stored(owner) == 0
