"""The thread that carries imports out: in turn, one at a time, and whatever goes wrong with one of them."""

import io
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.orders import Order
from db.records import Import
from db.vocabulary import ImportKind, JobState, Role, Status
from portal.import_runner import ImportRunner
from services import exchange
from services.access import Access
from services.environment import Environment
from services.installation import as_system
from services.intake import run
from services.intake.views import Incoming
from tests import builders
from tests.services.conftest import Clock

HEAD = "工单编号,受理时间,诉求类型,承办单位"


@pytest.fixture
def access(environment: Environment, owner: Session) -> Access:
    """Somebody who starts imports on the screen."""
    return builders.access(owner, environment, Role.ADMIN)


@pytest.fixture
def runner(environment: Environment) -> ImportRunner:
    """The runner of this process, which comes in by the program's own door."""
    return ImportRunner(lambda: as_system(environment))


@pytest.fixture(autouse=True)
def _every_row_is_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BATCH", 1)


def queued(access: Access, first: int = 1) -> int:
    """Queue an import of three orders, numbered from `first`."""
    rows = [f"A{first + more},2026-05-06 09:30:00,投诉,天河区" for more in range(3)]
    files = [Incoming("a.csv", io.BytesIO("\n".join([HEAD, *rows]).encode()))]
    started = exchange.start_import(
        access, files=files, profile="huixiang", kind=ImportKind.ORDERS, request_id=access.environment.new_id()
    )
    return started.import_id


def state(access: Access, number: int) -> JobState:
    """How far an import is."""
    return exchange.import_status(access, import_id=number).state


def orders(owner: Session) -> int:
    """How many orders there are."""
    owner.expire_all()
    return owner.scalar(select(func.count()).select_from(Order)) or 0


def test_what_waits_is_carried_out_in_the_order_of_starting(
    access: Access, runner: ImportRunner, owner: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queued(access), queued(access, 11)
    taken: list[int] = []
    carry_out = exchange.run_import
    monkeypatch.setattr(
        exchange, "run_import", lambda by, *, import_id: taken.append(import_id) or carry_out(by, import_id=import_id)
    )
    assert runner.run_waiting() == 2
    assert taken == [first, second]
    assert orders(owner) == 6
    assert runner.run_waiting() == 0


def test_an_import_that_breaks_is_failed_and_the_next_look_takes_the_next(
    access: Access, runner: ImportRunner, owner: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queued(access), queued(access, 11)
    with monkeypatch.context() as broken:
        broken.setattr(run, "read_rows", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            runner.run_waiting()
    assert (state(access, first), state(access, second)) == (JobState.FAILED, JobState.QUEUED)
    assert runner.run_waiting() == 1
    assert orders(owner) == 3


def test_what_another_process_carries_out_is_waited_for(access: Access, runner: ImportRunner) -> None:
    elsewhere = exchange.run_import(access, import_id=queued(access))
    next(elsewhere)
    mine = queued(access, 11)
    assert runner.run_waiting() == 0
    assert list(elsewhere)
    assert runner.run_waiting() == 1
    assert state(access, mine) == JobState.DONE


def test_what_a_killed_process_left_is_carried_out_at_the_next_look(
    access: Access, runner: ImportRunner, owner: Session
) -> None:
    number = queued(access)
    owner.get_one(Import, number).state = JobState.RUNNING
    owner.commit()
    assert runner.run_waiting() == 1
    assert (state(access, number), orders(owner)) == (JobState.DONE, 3)


def test_what_a_process_on_another_machine_carries_out_is_left_to_it(
    access: Access, runner: ImportRunner, owner: Session
) -> None:
    number = queued(access)
    row = owner.get_one(Import, number)
    row.state, row.stored_as = JobState.RUNNING, "not-here"
    owner.commit()
    assert runner.run_waiting() == 0
    assert state(access, number) == JobState.RUNNING


def test_what_the_command_line_has_just_started_is_left_to_it(
    access: Access, runner: ImportRunner, owner: Session, clock: Clock
) -> None:
    number = queued(access)
    owner.get_one(Import, number).started_by = None
    owner.commit()
    assert runner.run_waiting() == 0
    clock.now += timedelta(minutes=2)
    assert runner.run_waiting() == 1


def test_a_process_that_hangs_does_not_hold_up_the_others(access: Access, runner: ImportRunner, clock: Clock) -> None:
    hanging = queued(access)
    walk = exchange.run_import(access, import_id=hanging)
    next(walk)
    mine = queued(access, 11)
    clock.now += exchange.ABANDONED + timedelta(seconds=1)
    assert runner.run_waiting() == 1
    assert (state(access, hanging), state(access, mine)) == (JobState.RUNNING, JobState.DONE)
    walk.close()


def test_what_is_put_down_at_the_end_of_the_process_waits_again_with_its_files(
    access: Access, runner: ImportRunner, owner: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = queued(access)
    note = exchange.note_progress

    def ended_meanwhile(by: Access, import_id: int, done: int) -> None:
        note(by, import_id, done)
        runner.stop()

    with monkeypatch.context() as ending:
        ending.setattr(exchange, "note_progress", ended_meanwhile)
        runner.run_waiting()
    status = exchange.import_status(access, import_id=number)
    assert (status.state, status.progress, orders(owner)) == (JobState.QUEUED, 0, 0)
    assert ImportRunner(lambda: as_system(access.environment)).run_waiting() == 1
    assert orders(owner) == 3


def test_it_is_known_from_when_on_an_import_cannot_be_cancelled(
    access: Access, runner: ImportRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = queued(access)
    told: list[bool] = []
    note, store = exchange.note_progress, exchange.store_import
    monkeypatch.setattr(exchange, "note_progress", lambda *facts: told.append(runner.merging(number)) or note(*facts))
    monkeypatch.setattr(exchange, "store_import", lambda *facts: told.append(runner.merging(number)) or store(*facts))
    runner.run_waiting()
    assert told == [False, False, False, False, True]
    assert not runner.merging(number)


def test_the_thread_starts_when_it_is_woken_survives_an_error_and_ends_when_it_is_told(
    access: Access, runner: ImportRunner, owner: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Semaphore(0)
    failures = [RuntimeError("the database is away")]
    look = exchange.waiting_imports

    def counted(by: Access) -> tuple[int, ...]:
        if failures:
            looked.release()
            raise failures.pop()
        found = look(by)
        if not found:
            looked.release()
        return found

    monkeypatch.setattr(exchange, "waiting_imports", counted)
    queued(access)
    runner.wake()
    assert looked.acquire(timeout=30)
    runner.wake()
    assert looked.acquire(timeout=30)
    runner.stop()
    assert orders(owner) == 3
    assert not any(thread.name == "imports" and thread.is_alive() for thread in threading.enumerate())


def test_cases_whose_time_is_over_are_ended_until_none_is_left_or_an_import_waits(
    runner: ImportRunner, owner: Session
) -> None:
    past = builders.at("2026-05-20")
    made = [builders.due_order(owner, accepted_at=past - timedelta(days=7), closed_at=past) for _ in range(60)]
    builders.due_order(owner, accepted_at=builders.at("2026-06-01"), closed_at=builders.at("2026-06-12"))
    assert runner.lapse() == len(made)
    assert runner.lapse() == 0
    assert owner.scalar(select(func.count()).where(Order.status == Status.DUE)) == 1
