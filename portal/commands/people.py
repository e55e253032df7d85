"""`python -m portal people`: who can sign in; the first administrator is made here."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from db.vocabulary import Role
from portal.words import label, name, say
from services import staff
from services.access import Access
from services.environment import Settings, random_id
from services.errors import Conflict
from services.installation import as_system, opened
from services.staff import Grant, PeopleFilter, PersonLine

_Function = TypeVar("_Function", bound=Callable[..., None])

_ROLES = [role.value for role in Role if role != Role.SYSTEM]


@click.group(help=say("command.people.help"))
def command() -> None:
    """Everything about people; the subcommands do the work."""


def _reporting(function: _Function) -> _Function:
    return click.option("--json", "as_json", is_flag=True, help=say("command.json"))(function)


def _in_a_role(function: _Function) -> _Function:
    department = click.option("--department", metavar="CODE", help=say("command.people.department"))(function)
    return click.option("--role", type=click.Choice(_ROLES), required=True, help=say("command.people.role"))(department)


@command.command("list", help=say("command.people.list"))
@click.option("--words", default="", help=say("command.people.words"))
@_reporting
def list_everybody(words: str, as_json: bool) -> None:
    """Say who is known, and in which roles."""
    with _door() as access:
        found: list[PersonLine] = []
        after: int | None = 0
        while after is not None:
            page = staff.list_people(access, where=PeopleFilter(words), after=after)
            found += page.lines
            after = page.next
        _report(found, as_json)


@command.command("add", help=say("command.people.add"))
@click.option("--issuer", required=True, help=say("command.people.issuer"))
@click.option("--subject", required=True, help=say("command.people.subject"))
@click.option("--name", "called", required=True, help=say("command.people.name"))
@_in_a_role
@_reporting
def add(issuer: str, subject: str, called: str, role: str, department: str | None, as_json: bool) -> None:
    """Make somebody known who signs in with the provider."""
    with _door() as access:
        added = staff.add_person(
            access,
            issuer=issuer,
            subject=subject,
            name=called,
            language="zh_CN",
            role=Role(role),
            department=department,
            request_id=random_id(),
        )
        _report_one(access, added.person_id, as_json)


@command.command("grant", help=say("command.people.grant"))
@click.argument("person", type=int)
@_in_a_role
@_reporting
def grant(person: int, role: str, department: str | None, as_json: bool) -> None:
    """Give somebody a role beside those held."""
    with _door() as access:
        seen = staff.get_person(access, person_id=person).version
        staff.grant_role(
            access, person_id=person, seen=seen, role=Role(role), department=department, request_id=random_id()
        )
        _report_one(access, person, as_json)


@command.command("revoke", help=say("command.people.revoke"))
@click.argument("person", type=int)
@_in_a_role
@_reporting
def revoke(person: int, role: str, department: str | None, as_json: bool) -> None:
    """Take a role from somebody."""
    with _door() as access:
        line = staff.get_person(access, person_id=person)
        held = next((one for one in line.grants if (one.role, _code(one)) == (Role(role), department)), None)
        if held is None:
            raise Conflict("error.role_not_held")
        staff.revoke_role(access, person_id=person, seen=line.version, grant_id=held.id, request_id=random_id())
        _report_one(access, person, as_json)


@command.command("disable", help=say("command.people.disable"))
@click.argument("person", type=int)
@click.option("--reason", required=True, help=say("command.people.reason"))
@_reporting
def disable(person: int, reason: str, as_json: bool) -> None:
    """Keep somebody out."""
    with _door() as access:
        seen = staff.get_person(access, person_id=person).version
        staff.disable_person(access, person_id=person, seen=seen, reason=reason, request_id=random_id())
        _report_one(access, person, as_json)


@command.command("enable", help=say("command.people.enable"))
@click.argument("person", type=int)
@_reporting
def enable(person: int, as_json: bool) -> None:
    """Let somebody in again."""
    with _door() as access:
        seen = staff.get_person(access, person_id=person).version
        staff.enable_person(access, person_id=person, seen=seen, request_id=random_id())
        _report_one(access, person, as_json)


# ---------------------------------------------------------------------------------------------------------------------


@contextmanager
def _door() -> Iterator[Access]:
    with opened(Settings.read()) as environment:
        yield as_system(environment)


def _code(held: Grant) -> str | None:
    return held.department.code if held.department else None


def _report_one(access: Access, person: int, as_json: bool) -> None:
    _report([staff.get_person(access, person_id=person)], as_json)


def _report(lines: list[PersonLine], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_plain(line) for line in lines], ensure_ascii=False))
        return
    for line in lines:
        roles = ", ".join(_worded(held) for held in line.grants) or say("people.no_role")
        state = say("people.active" if line.active else "people.disabled")
        click.echo("  ".join((str(line.id), line.name, roles, state)))


def _worded(held: Grant) -> str:
    return label(held.role) if held.department is None else f"{label(held.role)} ({name(held.department)})"


def _plain(line: PersonLine) -> dict[str, object]:
    return {
        "id": line.id,
        "name": line.name,
        "issuer": line.issuer,
        "subject": line.subject,
        "active": line.active,
        "acts_as": line.acts_as,
        "roles": [{"role": held.role, "department": _code(held)} for held in line.grants],
    }
