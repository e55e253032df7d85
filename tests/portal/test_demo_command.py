"""`python -m portal demo`: fills an empty database, says what it did, and refuses in one line."""

import json

import pytest

from portal.__main__ import main


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, login_url: str, owner_url: str) -> None:
    """The settings name this test's database, in English, with the reference rows."""
    monkeypatch.setenv("PORTAL_DATABASE_URL", login_url)
    monkeypatch.setenv("PORTAL_OWNER_URL", owner_url)
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert main(["init"]) == 0


@pytest.mark.usefixtures("settings")
def test_an_empty_database_is_filled_once(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["demo", "--orders", "40", "--until", "2026-06-14"]
    capsys.readouterr()
    assert main([*wanted, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["orders"], report["first"], report["last"]) == (40, "2025-06-15", "2026-06-14")
    assert {"agent-1", "supervisor-1", "unit-water", "assessor-1", "admin-1", "viewer-1"} <= set(report["sign_ins"])
    assert main([*wanted, "--if-empty"]) == 0
    assert "nothing was changed" in capsys.readouterr().out
    assert main(wanted) == 2
    assert capsys.readouterr().err == "Error: The database holds 40 orders already; the demo goes into an empty one.\n"


@pytest.mark.usefixtures("settings")
def test_what_cannot_be_made_up_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["demo", "--until", "2027-03-01"]) == 2
    assert main(["demo", "--orders", "none"]) == 2
    assert [line[:6] for line in capsys.readouterr().err.splitlines()] == ["Error:", "Error:"]


@pytest.mark.usefixtures("settings")
def test_a_demonstration_never_becomes_production(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--orders", "1", "--until", "2026-06-14"]) == 0
    capsys.readouterr()
    assert main(["init", "--production"]) == 2
    assert "can never become production" in capsys.readouterr().err
