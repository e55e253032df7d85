"""The command line: help for every command, one line and exit code 2 for what is asked wrongly, reports as JSON."""

import json

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from db.vocabulary import Satisfaction
from portal.__main__ import COMMANDS, main
from tests import builders

Said = pytest.CaptureFixture[str]


@pytest.fixture
def _installed(login_url: str, owner_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_DATABASE_URL", login_url)
    monkeypatch.setenv("PORTAL_OWNER_URL", owner_url)


def _report(capsys: Said, *arguments: str) -> object:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: Said) -> None:
    assert main([command, "--help"]) == 0
    assert f"python -m portal {command}" in capsys.readouterr().out


def test_without_a_command_the_commands_are_listed(capsys: Said) -> None:
    assert main([]) == 2
    listed = capsys.readouterr()
    assert all(command in listed.out + listed.err for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["serve", "--port", "0"],
        ["serve", "--port", "http"],
        ["init", "--nonsense"],
        ["people", "add", "--issuer", "https://sso.test"],
        ["people", "disable", "somebody", "--reason", "x"],
        ["people", "disable", "1"],
        ["score", "--from", "2026-13"],
    ],
)
def test_what_is_asked_wrongly_is_answered_in_one_line(arguments: list[str], capsys: Said) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["nonsense"], "错误：没有 nonsense，可用 --help 查看用法"),
        (["init", "--nonsense"], "错误：没有 --nonsense，可用 --help 查看用法"),
        (["serve", "--port", "0"], "错误：--port 有误：0 不是 1 到 65535 的整数"),
        (["demo", "--seed", "x"], "错误：--seed 有误：x 不是整数"),
        (["demo", "--until", "x"], "错误：--until 有误：x 不是 YYYY-MM-DD 格式的日期"),
        (["import"], "错误：缺少 FILE..."),
        (["import", "--profile", "huixiang", "/nowhere.csv"], "错误：FILE... 有误：/nowhere.csv 不存在，或无法读取"),
        (["score", "--from", "2026-13"], "错误：--from 有误：2026-13 不是 YYYY-MM 格式的月份"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_chinese(
    arguments: list[str], answer: str, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"{answer}\n"


@pytest.mark.parametrize("language", ["zh_CN.UTF-8", "en_GB.UTF-8"])
def test_it_speaks_the_language_of_the_terminal(language: str, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("LC_ALL", language)
    main(["nonsense"])
    assert capsys.readouterr().err.startswith("Error: " if language.startswith("en") else "错误：")


def test_a_database_that_cannot_be_reached_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("PORTAL_DATABASE_URL", "postgresql://portal_login@127.0.0.1:1/huixiang")
    assert main(["people", "list"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.usefixtures("_installed")
def test_setting_up_twice_changes_nothing(capsys: Said) -> None:
    assert _report(capsys, "init") == {"rows": {}, "kind": None}


@pytest.mark.usefixtures("_installed")
def test_a_database_is_declared_production_once_and_for_all(capsys: Said) -> None:
    assert _report(capsys, "init", "--production") == {"rows": {}, "kind": "production"}


@pytest.mark.usefixtures("_installed")
def test_the_first_administrator_is_made_on_the_command_line(capsys: Said) -> None:
    who = ["--issuer", "https://sso.test", "--subject", "u1", "--name", "测试·甲"]
    added = {
        "id": 1,
        "name": "测试·甲",
        "issuer": "https://sso.test",
        "subject": "u1",
        "active": True,
        "acts_as": "admin",
        "roles": [{"role": "admin", "department": None}],
    }
    assert _report(capsys, "people", "add", *who, "--role", "admin") == [added]
    with_unit = added | {
        "acts_as": "unit",
        "roles": [{"role": "admin", "department": None}, {"role": "unit", "department": "440103"}],
    }
    assert _report(capsys, "people", "grant", "1", "--role", "unit", "--department", "440103") == [with_unit]
    assert _report(capsys, "people", "revoke", "1", "--role", "unit", "--department", "440103") == [added]
    disabled = [added | {"active": False}]
    assert _report(capsys, "people", "disable", "1", "--reason", "离职") == disabled
    assert _report(capsys, "people", "list") == _report(capsys, "people", "list", "--words", "u1") == disabled
    assert _report(capsys, "people", "enable", "1") == [added]


@pytest.mark.usefixtures("_installed")
def test_a_department_that_does_not_exist_is_named(capsys: Said) -> None:
    who = ["--issuer", "https://sso.test", "--subject", "u1", "--name", "测试·甲"]
    assert main(["people", "add", *who, "--role", "unit", "--department", "nowhere"]) == 2
    assert "没有这个承办单位" in capsys.readouterr().err


@pytest.mark.usefixtures("_installed")
def test_people_that_are_not_known_and_roles_that_are_not_held_are_refused(capsys: Said) -> None:
    who = ["--issuer", "https://sso.test", "--subject", "u1", "--name", "测试·甲"]
    assert main(["people", "add", *who, "--role", "agent"]) == 0
    capsys.readouterr()
    assert main(["people", "add", *who, "--role", "agent"]) == 2
    assert main(["people", "grant", "2", "--role", "agent"]) == 2
    assert main(["people", "revoke", "1", "--role", "viewer"]) == 2
    assert main(["people", "grant", "1", "--role", "agent"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 4


@pytest.mark.usefixtures("_installed")
def test_scores_are_reported_and_recounted(owner_url: str, capsys: Said) -> None:
    assert _report(capsys, "score") == {"lines": []}
    engine = create_engine(owner_url)
    with Session(engine) as session:
        unit = builders.department(session, "市水务局", code="T-WATER")
        for rated in (Satisfaction.SATISFIED, Satisfaction.SATISFIED, Satisfaction.DISSATISFIED, None):
            builders.archived_order(session, unit, rated)
    report = _report(capsys, "score", "--from", "2026-05", "--to", "2026-05", "--group", "departments")
    assert isinstance(report, dict)
    [line] = report["lines"]
    assert (line["department"], line["counts"]["closed"], line["counts"]["silent"]) == ("T-WATER", 4, 1)
    assert line["rates"]["satisfaction"] == {
        "numerator": 2,
        "denominator": 3,
        "excluded": 0,
        "percent": "66.67",
        "interval": ["20.77", "93.85"],
        "too_few": True,
    }
    assert line["rates"]["coverage"]["percent"] is None
    assert main(["score"]) == 0
    assert "市水务局  办结 4" in capsys.readouterr().out
    assert main(["score", "--group", "nowhere"]) == 2
    callbacks = {"cells": 0, "calls": 0, "cases": 0, "differences": []}
    agreed = {"cells": 1, "closed": 4, "differences": [], "callbacks": callbacks}
    assert _report(capsys, "score", "--verify") == agreed

    with engine.begin() as connection:
        connection.exec_driver_sql("update daily_counts set satisfied = 9")
    capsys.readouterr()
    assert main(["score", "--verify"]) == 1
    assert "T-WATER complaint satisfied：留存 9，核算 2" in capsys.readouterr().out
    engine.dispose()


@pytest.mark.usefixtures("_installed")
def test_a_counter_of_calls_that_was_changed_is_named(owner_url: str, capsys: Said) -> None:
    engine = create_engine(owner_url)
    with Session(engine) as session:
        builders.due_order(session, builders.department(session))
    assert main(["score", "--verify"]) == 0
    assert "核算回访计数 1 格（通话 0 通、件 1 件），全部一致" in capsys.readouterr().out
    with engine.begin() as connection:
        connection.exec_driver_sql("update outcome_counts set cases = 3")
    assert main(["score", "--verify"]) == 1
    assert "UH 0 cases：留存 3，核算 1" in capsys.readouterr().out
    engine.dispose()
