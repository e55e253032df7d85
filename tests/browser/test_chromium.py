"""A Chromium is found where there is one, and where none can be had the run fails and says so."""

from pathlib import Path

import pytest

from tests.browser import chromium


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on whose path only `bin` lies, with nobody at home and no way to install anything."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    monkeypatch.setattr(chromium, "_install", lambda: None)
    return tmp_path


def program(path: Path, exit_code: int = 0) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    path.chmod(0o755)
    return str(path)


def test_the_one_on_the_path_comes_first(bare_machine: Path) -> None:
    program(bare_machine / ".cache/ms-playwright/chromium-1200/chrome-linux64/chrome")
    wanted = program(bare_machine / "bin/google-chrome")
    assert chromium.find() == wanted


def test_a_script_that_only_says_where_to_get_one_does_not_count(bare_machine: Path) -> None:
    program(bare_machine / "bin/chromium-browser", exit_code=1)
    assert chromium.find() is None


def test_the_newest_that_playwright_downloaded_is_taken(bare_machine: Path) -> None:
    program(bare_machine / ".cache/ms-playwright/chromium-1199/chrome-linux/chrome")
    wanted = program(bare_machine / ".cache/ms-playwright/chromium-1200/chrome-linux/chrome")
    assert chromium.find() == wanted


def test_without_any_the_run_fails_and_says_so(bare_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert chromium.main() == 1
    assert "not skipped" in capsys.readouterr().err
