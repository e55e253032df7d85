"""The command line: help for every command, one line and exit code 2 for what is asked wrongly, reports as JSON."""

import json

import pytest

from portal.__main__ import COMMANDS, main

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
        ["people", "disable", "somebody"],
    ],
)
def test_what_is_asked_wrongly_is_answered_in_one_line(arguments: list[str], capsys: Said) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize("language", ["zh_CN.UTF-8", "en_GB.UTF-8"])
def test_it_speaks_the_language_of_the_terminal(language: str, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("LC_ALL", language)
    main(["nonsense"])
    assert capsys.readouterr().err.startswith("Error: " if language.startswith("en") else "错误:")


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
    assert _report(capsys, "people", "list") == disabled


@pytest.mark.usefixtures("_installed")
def test_a_department_that_does_not_exist_is_named(capsys: Said) -> None:
    who = ["--issuer", "https://sso.test", "--subject", "u1", "--name", "测试·甲"]
    assert main(["people", "add", *who, "--role", "unit", "--department", "nowhere"]) == 2
    assert "没有这个承办单位" in capsys.readouterr().err
