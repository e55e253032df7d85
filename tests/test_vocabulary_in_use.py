"""No dead words: permissions are asked for and granted, events recorded, moves made by the use case they name."""

from pathlib import Path

from db.vocabulary import Event, Role
from services.rules.lifecycle import MOVES
from services.rules.permissions import ROLE_PERMISSIONS, Permission

ROOT = Path(__file__).resolve().parents[1]

FOR_THE_PROGRAM_ALONE = {Permission.SIGN_IN, Permission.SIGN_IN_VIEW, Permission.SETUP, Permission.SETUP_VIEW} | {
    Permission.CALLBACK_LAPSE,
    Permission.CALL_REPORT,
}
"""What only the system actor may do: let people in, and prepare the database."""


def _source(*folders: str) -> str:
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return "\n".join(path.read_text("utf-8") for path in files if path.name != "permissions.py")


def test_every_permission_is_asked_for_by_a_use_case():
    source = _source("services")
    assert [one for one in Permission if f"(Permission.{one.name})" not in source] == []


def test_every_permission_is_granted_to_somebody_or_is_for_the_program_alone():
    granted = {one for role, held in ROLE_PERMISSIONS.items() if role != Role.SYSTEM for one in held}
    assert set(Permission) - granted == FOR_THE_PROGRAM_ALONE


def test_every_event_is_recorded_somewhere():
    source = _source("services")
    assert [one for one in Event if f"Event.{one.name}" not in source] == []


def test_every_move_needs_a_permission_that_a_use_case_opens_the_door_with():
    source = _source("services")
    assert [move.name for move in MOVES if f".write(Permission.{move.needs.name})" not in source] == []
