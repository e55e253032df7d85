"""`python -m portal people`: who can sign in; the first administrator is made here."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from db.vocabulary import Role
from portal.words import label, name, say
from services import people
from services.access import Access
from services.environment import Settings
from services.errors import NotFound
from services.installation import as_system, opened
from services.people import PersonLine

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
@_reporting
def list_everybody(as_json: bool) -> None:
    """Say who is known, and in which role."""
    with _door() as access:
        _report(people.list_people(access), as_json)


@command.command("add", help=say("command.people.add"))
@click.option("--issuer", required=True, help=say("command.people.issuer"))
@click.option("--subject", required=True, help=say("command.people.subject"))
@click.option("--name", "called", required=True, help=say("command.people.name"))
@_in_a_role
@_reporting
def add(issuer: str, subject: str, called: str, role: str, department: str | None, as_json: bool) -> None:
    """Make somebody known who signs in with the provider."""
    with _door() as access:
        added = people.add_person(
            access, issuer=issuer, subject=subject, name=called, role=Role(role), department_code=department
        )
        _report([added], as_json)


@command.command("role", help=say("command.people.change"))
@click.argument("person", type=int)
@_in_a_role
@_reporting
def change(person: int, role: str, department: str | None, as_json: bool) -> None:
    """Give somebody another role."""
    with _door() as access:
        seen = _known(access, person).version
        changed = people.change_role(access, person_id=person, seen=seen, role=Role(role), department_code=department)
        _report([changed], as_json)


@command.command("disable", help=say("command.people.disable"))
@click.argument("person", type=int)
@_reporting
def disable(person: int, as_json: bool) -> None:
    """Keep somebody out."""
    with _door() as access:
        seen = _known(access, person).version
        _report([people.set_active(access, person_id=person, seen=seen, active=False)], as_json)


@command.command("enable", help=say("command.people.enable"))
@click.argument("person", type=int)
@_reporting
def enable(person: int, as_json: bool) -> None:
    """Let somebody in again."""
    with _door() as access:
        seen = _known(access, person).version
        _report([people.set_active(access, person_id=person, seen=seen, active=True)], as_json)


# ---------------------------------------------------------------------------------------------------------------------


@contextmanager
def _door() -> Iterator[Access]:
    with opened(Settings.read()) as environment:
        yield as_system(environment)


def _known(access: Access, person: int) -> PersonLine:
    found = next((line for line in people.list_people(access) if line.id == person), None)
    if found is None:
        raise NotFound()
    return found


def _report(lines: tuple[PersonLine, ...] | list[PersonLine], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_plain(line) for line in lines], ensure_ascii=False))
        return
    for line in lines:
        role = label(line.role) if line.role else say("people.no_role")
        state = say("people.active" if line.active else "people.disabled")
        click.echo("  ".join((str(line.id), line.name, role, name(line.department), state)))


def _plain(line: PersonLine) -> dict[str, object]:
    return {
        "id": line.id,
        "name": line.name,
        "issuer": line.issuer,
        "subject": line.subject,
        "active": line.active,
        "role": line.role,
        "department": line.department.code if line.department else None,
    }
