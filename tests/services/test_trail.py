"""The trail is searched by who, what, which order and when; and nobody edits it unnoticed."""

import hashlib
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.vocabulary import Event, Role
from services import staff, trail
from services.access import SYSTEM, Access
from services.environment import Environment
from services.errors import NotAllowed
from services.rules.chain import Fault
from services.trail import TrailFilter
from tests import builders
from tests.services.conftest import Clock

EVENTS_A_PERSON = 6
COLUMNS = "seq, at, actor_name, actor_role, action, object_type, object_id, body, previous, hash"


@pytest.fixture
def busy(owner: Session, environment: Environment) -> Access:
    """The door of the program itself, with some dozens of events in several shards."""
    access = Access(environment, SYSTEM)
    for number in range(9):
        made = _added(access, number)
        seen = made.version
        for turn in range(EVENTS_A_PERSON - 1):
            seen = staff.change_person(
                access,
                person_id=made.person_id,
                seen=seen,
                name=f"改名{turn}",
                language="en",
                request_id=f"{number}-{turn}",
            ).version
    return access


@pytest.mark.every_server
def test_an_untouched_trail_is_whole(busy: Access) -> None:
    report = trail.check_chain(busy)
    assert report.whole
    assert report.events == 9 * EVENTS_A_PERSON + 1  # and the event of loading the reference rows
    assert sum(head.seq for head in report.heads) == report.events


EDITS: dict[str, tuple[str, Fault, int]] = {
    "a body": ("update events set body = replace(body, '改名2', '改名x') where {at}", Fault.EDITED, 0),
    "a name people search by": ("update events set actor_name = 'x' where {at}", Fault.MISSTATED, 0),
    "an action": ("update events set action = 'person.added' where {at}", Fault.MISSTATED, 0),
    "a time": ("update events set at = at + interval '1 second' where {at}", Fault.MISSTATED, 0),
    "a department": (
        "update events set department_id = (select id from departments limit 1) where {at}",
        Fault.MISSTATED,
        0,
    ),
    "a hash": ("update events set hash = sha256(hash) where {at}", Fault.EDITED, 0),
    "a link": ("update events set previous = sha256(previous) where {at}", Fault.UNLINKED, 0),
    "a removal": ("delete from events where {at}", Fault.MISSING, 0),
    "a removal with the numbers closed up": (
        "delete from events where {at}; update events set seq = seq - 1 where shard = {shard} and seq > {seq}",
        Fault.UNLINKED,
        0,
    ),
    "an insertion between two": (
        "update events set seq = -seq - 1 where shard = {shard} and seq > {seq};"
        "update events set seq = -seq where shard = {shard} and seq < 0;"
        "insert into events (shard, {columns})"
        " select shard, seq + 1, at, actor_name, actor_role, action, object_type, object_id, body, hash,"
        " sha256(hash || convert_to(body, 'UTF8')) from events where {at}",
        Fault.UNLINKED,
        2,
    ),
    "an insertion at the end": (
        "insert into events (shard, {columns})"
        " select shard, seq + 1, at, actor_name, actor_role, action, object_type, object_id, body, hash,"
        " sha256(hash || convert_to(body, 'UTF8')) from events"
        " where shard = {shard} order by seq desc limit 1",
        Fault.BEYOND_HEAD,
        EVENTS_A_PERSON - 3,
    ),
    "a doubled number": (
        "alter table events drop constraint uq_events_shard_seq;"
        "insert into events (shard, {columns})"
        " select shard, seq, at, actor_name, actor_role, action, object_type, object_id, body, previous, hash"
        " from events where {at}",
        Fault.DOUBLED,
        0,
    ),
    "a swap": (
        "update events set seq = -1 where {at};"
        "update events set seq = {seq} where shard = {shard} and seq = {seq} + 1;"
        "update events set seq = {seq} + 1 where shard = {shard} and seq = -1",
        Fault.UNLINKED,
        0,
    ),
    "a truncation": ("delete from events where shard = {shard} and seq >= {seq}", Fault.CUT_SHORT, 0),
    "everything": ("truncate events", Fault.CUT_SHORT, -3),
}
"""What a superuser does with the triggers off, the fault that is found, and how far behind the place it is located."""

SHORTEN_WITH_HEAD = (
    "delete from events where shard = {shard} and seq >= {seq};"
    "update event_heads as head set (seq, hash) = (select e.seq, e.hash from events e"
    " where e.shard = head.shard order by e.seq desc limit 1) where shard = {shard}"
)


@pytest.mark.parametrize("what", EDITS)
def test_every_kind_of_tampering_is_found_and_located(busy: Access, owner_url: str, what: str) -> None:
    statement, fault, further = EDITS[what]
    shard, seq = _place(busy)
    _tamper(owner_url, statement, shard, seq)

    report = trail.check_chain(busy)

    found = next(one for one in report.breaks if one.shard == shard)
    assert (found.fault, found.seq) == (fault, seq + further)
    assert len(report.breaks) == (1 if what != "everything" else sum(head.seq > 0 for head in report.heads))


def test_a_trail_that_was_shortened_with_its_heads_is_held_by_heads_noted_outside(busy: Access, owner_url: str) -> None:
    noted = trail.check_chain(busy).heads
    shard, seq = _place(busy)
    _tamper(owner_url, SHORTEN_WITH_HEAD, shard, seq)
    assert trail.check_chain(busy).whole
    [found] = trail.check_chain(busy, noted=noted).breaks
    assert (found.shard, found.seq, found.fault) == (shard, seq, Fault.CUT_SHORT)


def test_a_chain_that_was_forged_anew_is_held_by_heads_noted_outside(busy: Access, owner_url: str) -> None:
    noted = trail.check_chain(busy).heads
    shard, seq = _place(busy)
    _tamper(owner_url, EDITS["a body"][0], shard, seq)
    _forge(owner_url, shard)
    assert trail.check_chain(busy).whole
    [found] = trail.check_chain(busy, noted=noted).breaks
    assert (found.shard, found.fault) == (shard, Fault.NOT_AS_NOTED)
    assert found.seq == seq + EVENTS_A_PERSON - 4  # of the links only the head was noted


def test_later_events_do_not_disturb_heads_noted_earlier(busy: Access) -> None:
    noted = trail.check_chain(busy).heads
    _added(busy, 99)
    assert trail.check_chain(busy, noted=noted).whole


@pytest.mark.every_server
@pytest.mark.parametrize("role", ["portal_staff", "portal_department"])
@pytest.mark.parametrize(
    "statement",
    [
        "update events set body = ''",
        "delete from events",
        "truncate events",
        "update event_heads set seq = 0",
        "insert into event_heads values (8, 0, '')",
        "delete from event_heads",
        "alter table events disable trigger all",
        "drop trigger never_edit on events",
        "set session_replication_role = replica",
    ],
)
def test_the_account_of_the_portal_cannot_alter_the_trail(login_url: str, role: str, statement: str) -> None:
    engine = create_engine(login_url)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"set role {role}")
        with pytest.raises(DBAPIError):
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize("statement", ["update events set body = ''", "delete from events", "truncate events"])
def test_not_even_the_owner_alters_the_trail_by_mistake(busy: Access, owner: Session, statement: str) -> None:
    with pytest.raises(DBAPIError, match="the trail cannot be edited"):
        owner.connection().exec_driver_sql(statement)


@pytest.mark.every_server
def test_a_writer_cannot_choose_the_place_or_the_hash_of_an_event(busy: Access, login_url: str) -> None:
    engine = create_engine(login_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("set local role portal_staff")
        connection.exec_driver_sql(
            "insert into events (shard, seq, at, actor_name, actor_role, action, object_type, object_id, body,"
            " previous, hash)"
            " select shard, 99, at, actor_name, actor_role, action, object_type, object_id, body, 'x', 'y'"
            " from events where object_type = 'people' limit 1"
        )
    engine.dispose()
    assert trail.check_chain(busy).whole


def test_the_trail_is_found_by_who_what_which_and_when(owner: Session, environment: Environment, clock: Clock) -> None:
    admin = builders.access(owner, environment, Role.ADMIN)
    order = builders.archived_order(owner, builders.department(owner))
    builders.event(owner, order, Event.ORDER_ARCHIVED)
    _added(admin, 1)
    clock.now = builders.at("2026-06-16")
    made = _added(admin, 2)

    def found(**wanted: object) -> list[Event]:
        return [line.action for line in trail.search(admin, where=TrailFilter(**wanted)).lines]

    assert found(who=admin.actor.name) == [Event.PERSON_ADDED] * 2
    assert found(who="nobody") == []
    assert found(action=Event.ORDER_ARCHIVED) == [Event.ORDER_ARCHIVED]
    assert found(number=order.number) == [Event.ORDER_ARCHIVED]
    assert found(first=date(2026, 6, 16), action=Event.PERSON_ADDED) == [Event.PERSON_ADDED]
    assert found(last=date(2026, 6, 15), action=Event.PERSON_ADDED) == [Event.PERSON_ADDED]
    assert found(object_type="people", object_id=made.person_id) == [Event.PERSON_ADDED]


def test_a_line_says_what_it_is_about_and_what_changed(owner: Session, environment: Environment) -> None:
    admin = builders.access(owner, environment, Role.ADMIN)
    made = _added(admin, 1)
    staff.disable_person(admin, person_id=made.person_id, seen=1, reason="离职", request_id="r")
    line = trail.search(admin, where=TrailFilter(action=Event.PERSON_DISABLED)).lines[0]
    assert (line.subject, line.before, line.after) == ("新人1", (("active", True),), (("active", False),))
    assert (line.reason, line.request_id, line.role, line.actor) == ("离职", "r", Role.ADMIN, admin.actor.name)


def test_pages_of_the_trail_meet_without_gap_or_overlap(busy: Access) -> None:
    seen: list[int] = []
    after = None
    while True:
        page = trail.search(busy, where=TrailFilter(), after=after, size=7)
        seen += [line.id for line in page.lines]
        if page.next is None:
            break
        after = page.next
    assert len(seen) == len(set(seen)) == 9 * EVENTS_A_PERSON + 1
    assert seen == [line.id for line in trail.search(busy, where=TrailFilter(), size=500).lines]


@pytest.mark.parametrize("role", [Role.AGENT, Role.UNIT, Role.VIEWER])
def test_the_trail_is_not_for_everybody(owner: Session, environment: Environment, role: Role) -> None:
    access = builders.access(owner, environment, role, at=builders.department(owner) if role == Role.UNIT else None)
    calls: tuple[Callable[[], object], ...] = (
        lambda: trail.search(access, where=TrailFilter()),
        lambda: trail.check_chain(access),
    )
    for call in calls:
        with pytest.raises(NotAllowed):
            call()


def _added(access: Access, number: int) -> staff.PersonReceipt:
    return staff.add_person(
        access,
        issuer=builders.ISSUER,
        subject=f"new-{number}",
        name=f"新人{number}",
        language="zh_CN",
        role=None,
        department=None,
        request_id=f"add-{number}",
    )


def _place(busy: Access) -> tuple[int, int]:
    """Return a link in the middle of the longest chain: the fourth event of a person, who is called 改名2 in it."""
    lines = trail.search(busy, where=TrailFilter(object_type="people"), size=500).lines
    chosen = next(line for line in lines if dict(line.after).get("name") == "改名2" and line.shard == 3)
    return chosen.shard, chosen.seq


def _tamper(owner_url: str, statements: str, shard: int, seq: int) -> None:
    """Do what a superuser can, with every trigger off."""
    place = {"at": f"shard = {shard} and seq = {seq}", "shard": shard, "seq": seq, "columns": COLUMNS}
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table events disable trigger all")
        for statement in statements.split(";"):
            connection.exec_driver_sql(statement.format(**place))
    engine.dispose()


def _forge(owner_url: str, shard: int) -> None:
    """Compute a shard's chain anew over whatever the bodies say now, and its head too."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        digest = b""
        chain = "select id, body from events where shard = %s order by seq"
        for number, body in connection.exec_driver_sql(chain, (shard,)).all():
            previous, digest = digest, hashlib.sha256(digest + body.encode()).digest()
            link = "update events set previous = %s, hash = %s where id = %s"
            connection.exec_driver_sql(link, (previous, digest, number))
        connection.exec_driver_sql("update event_heads set hash = %s where shard = %s", (digest, shard))
    engine.dispose()
