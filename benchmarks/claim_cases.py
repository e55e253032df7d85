"""Hand out cases to a crowd of agents over two server processes, and see what a claim costs in a long queue.

    python benchmarks/claim_cases.py --cases 20000 --queue 1000000 --against 10000 --ratio 1.5

First two hundred agents in two processes take, call about and record every case through the real use cases, a call
lasting some seconds, while some of them vanish with a case in their hands. Every case must be recorded once and by one
agent, and each that was left by the next one who asked after the lease. Then claims are made in turn in a long and in a
short queue, interleaved in one run, and their 99th percentiles compared. The database is an embedded server of this
run's own. Ends with status 1 where a case was lost or shared, or where the long queue is slower by more than the ratio.
"""

import argparse
import random
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from sqlalchemy import event

from db import migrate
from db.embedded import OWNER, running
from db.engine import connect
from db.vocabulary import Role
from services import callback_queue, callbacks, setup
from services.access import SYSTEM, Access, Actor
from services.callback_case import Case
from services.environment import Environment, retrying
from services.errors import PortalError
from services.rules.deadlines import CITY
from services.rules.survey import Visit

NINE = datetime(2026, 6, 15, 9, 0, tzinfo=CITY)
"""A Monday when the calling hours begin: the clock of a run starts here and goes as fast as the one on the wall."""
LEASE = timedelta(minutes=1)
LONGEST_CALL = 30.0
PROCESSES, CONNECTIONS = 2, 20
ANSWERS = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "satisfied"}
VISITS = (
    (0.80, Visit("1.1", ANSWERS)),
    (0.92, Visit("1.1", ANSWERS | {"solved": "unsolved", "result": "dissatisfied"}, ("R02",), "积水仍在,没人来看过。")),
    (1.00, Visit("3.13")),
)

PEOPLE = """
    insert into people (issuer, subject, name, active, language, version)
    select 'bench', 'agent-' || n, '坐席' || n, true, 'zh_CN', 1 from generate_series(1, %(n)s) n returning id
"""
SKILLS = """
    insert into person_skills (person_id, skill_id, active)
    select p.id, s.id, true from people p join skills s on s.code in ('yue', 'refusal_conversion')
    where p.issuer = 'bench' and p.id %% 5 = 0
"""
POLICY = """
    insert into callback_policies (code, version, effective_from, document, fingerprint, assumption)
    select code, version + 1, date '2026-01-01',
        jsonb_set(document, '{lease_minutes,value}', '1') || '{"version": 2, "effective_from": "2026-01-01"}',
        'bench', true
    from callback_policies order by version desc limit 1
"""
ORDERS = """
    insert into orders (source, number, department_id, counted_department_id, order_type_id, title, text, confidential,
        accepted_at, closed_at, closed_on, status, round, satisfaction, rated, attempts, called, reached, reworked,
        escalated, excluded, round_closed_at, language, created_at, version)
    select 'bench', 'B' || n, d.id, d.id, t.id, '道路积水', '下雨后积水严重。', false,
        closed - interval '7 days', closed, (closed at time zone 'Asia/Shanghai')::date, 'due',
        1, case when n %% 50 = 0 then 'dissatisfied' end, n %% 50 = 0, 0, false, false, false,
        false, false, closed, case when n %% 20 = 7 then 'yue' when n %% 20 = 13 then %(rare)s end, closed, 1
    from (select n, timestamptz '2026-06-10 09:00+08' + (n %% 5) * interval '1 day' + n %% 36000 * interval '1 second'
              as closed
          from generate_series(1, %(n)s) n) as made,
        (select id from departments order by id limit 1) d, (select id from order_types order by id limit 1) t
"""
ROUNDS = """
    insert into rounds (order_id, number, department_id, opened_at, closed_at, reply)
    select id, 1, department_id, accepted_at, closed_at, '已派人到场处理。' from orders
"""
CONTACTS = """
    insert into contacts (order_id, department_id, name, phone)
    select id, department_id, '市民', '139' || lpad(id::text, 8, '0') from orders
"""


ARCHIVE = """
    update orders set status = 'archived', outcome = case when rated then 'dissatisfied' else 'unasked' end
    where id = %s
"""
LEFT = """
    select exists (select from orders o where not exists (select from attempts a where a.order_id = o.id))
"""


def main() -> int:
    """Let the crowd work, compare the queues, and give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--die", type=float, default=0.01, help="share of claims after which the agent vanishes")
    parser.add_argument("--call", type=float, default=6.0, metavar="SECONDS", help="how long a call takes on average")
    parser.add_argument("--queue", type=int, default=1_000_000)
    parser.add_argument("--against", type=int, default=10_000)
    parser.add_argument("--claims", type=int, default=2_000)
    parser.add_argument("--ratio", type=float, default=1.5)
    given = parser.parse_args()
    sound = crowd(given.cases, given.agents, given.die, given.call) if given.cases else True
    quick = compare(given.queue, given.against, given.claims, given.ratio) if given.queue else True
    return 0 if sound and quick else 1


# A crowd --------------------------------------------------------------------------------------------------------------


@dataclass
class Diary:
    """What the agents of one process did: claims with their moment and whether the agent vanished, and latencies."""

    claims: list[tuple[int, int, datetime, bool]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    statements: list[float] = field(default_factory=list)
    refused: int = 0


def crowd(cases: int, agents: int, die: float, call: float) -> bool:
    """Let the agents work until every case is recorded, and check what they did."""
    with server() as (folder, login, owner):
        with psycopg.connect(owner, autocommit=True) as connection:
            people = staff(connection, agents + max(50, int(cases * die * 3)))
            connection.execute(POLICY)
            fill(connection, cases)
        context = get_context("spawn")
        diaries: Queue[Diary] = context.Queue()
        began = time.time()
        workers = [
            context.Process(
                target=work,
                args=(
                    login,
                    owner,
                    folder,
                    people[number::PROCESSES],
                    agents // PROCESSES,
                    (die, call),
                    began,
                    diaries,
                ),
            )
            for number in range(PROCESSES)
        ]
        for one in workers:
            one.start()
        told = [diaries.get() for _ in workers]
        for one in workers:
            one.join()
        took = time.time() - began
        with psycopg.connect(owner) as connection:
            made = connection.execute("select order_id, agent_id from attempts").fetchall()
            orders = connection.execute("select count(*) from orders").fetchone()
        return checked(told, made, int(orders[0]) if orders else 0, took, agents)


def work(
    login: str,
    owner: str,
    folder: Path,
    people: list[int],
    agents: int,
    habits: tuple[float, float],
    began: float,
    diaries: "Queue[Diary]",
) -> None:
    """Be one server process: so many agents at work at once, the others waiting to come in for those who vanish."""
    die, call = habits
    diary, over, lock, spare = Diary(), threading.Event(), threading.Lock(), list(people)
    engine = connect(login, pool_size=CONNECTIONS, max_overflow=0)
    environment = Environment(engine, folder, clock=lambda: NINE + timedelta(seconds=time.time() - began))
    time_claims(engine, diary.statements)

    def watch() -> None:
        with psycopg.connect(owner, autocommit=True) as connection:
            while not over.wait(1):
                left = connection.execute(LEFT).fetchone()
                if left is not None and not left[0]:
                    over.set()

    def agent(seed: int) -> None:
        dice, me = random.Random(seed), arrive(environment, spare, lock)
        while not over.is_set():
            start = time.perf_counter()
            case = retrying(partial(callback_queue.next_case, me), tries=100)
            took = time.perf_counter() - start
            if case is None:
                over.wait(0.5)
                continue
            vanishes = dice.random() < die
            with lock:
                diary.latencies.append(took)
                diary.claims.append((case.order.id, me.actor.id or 0, case.hold.since if case.hold else NINE, vanishes))
            if vanishes:
                me = arrive(environment, spare, lock)
            else:
                time.sleep(min(dice.expovariate(1 / call), LONGEST_CALL) if call else 0)
                record(me, case, dice.random())

    def record(me: Access, case: Case, chance: float) -> None:
        form = {"order_id": case.order.id, "seen": case.order.version, "request_id": environment.new_id()}
        visit = next(visit for share, visit in VISITS if chance < share)
        try:
            retrying(partial(callbacks.record_callback, me, visit=visit, **form), tries=100)
        except PortalError as refusal:
            say(f"refused: {refusal!r} {refusal.facts}")
            with lock:
                diary.refused += 1

    threads = [threading.Thread(target=agent, args=(began * 1000 + people[0] * 1000 + n,)) for n in range(agents)]
    watcher = threading.Thread(target=watch)
    for one in (watcher, *threads):
        one.start()
    for one in (watcher, *threads):
        one.join()
    diaries.put(diary)


def arrive(environment: Environment, spare: list[int], lock: threading.Lock) -> Access:
    """Somebody who has not worked yet comes in."""
    with lock:
        number = spare.pop()
    return Access(environment, Actor(number, f"坐席{number}", Role.AGENT))


def checked(told: list[Diary], made: list[tuple[int, ...]], orders: int, took: float, agents: int) -> bool:
    """Say what came of it: nothing shared, nothing lost, everything left handed on."""
    claims: dict[int, list[tuple[datetime, int, bool]]] = defaultdict(list)
    for diary in told:
        for order, who, at, vanished in diary.claims:
            claims[order].append((at, who, vanished))
    recorders: dict[int, list[int]] = defaultdict(list)
    for order, who in made:
        recorders[order].append(who)
    # Each claim but the last was left by one who vanished, the next came after the lease, and the last one records.
    shared = early = left = 0
    for order, taken in claims.items():
        taken.sort()
        left += sum(vanished for *_, vanished in taken)
        shared += any(not vanished for *_, vanished in taken[:-1]) or recorders[order] != [taken[-1][1]]
        early += any(after[0] - before[0] <= LEASE for before, after in pairwise(taken))
    lost = orders - len(recorders)
    every = [one for diary in told for one in diary.latencies]
    statements = [one for diary in told for one in diary.statements]
    refused = sum(diary.refused for diary in told)
    say(f"{agents} agents in {len(told)} processes recorded {len(made):,} of {orders:,} cases in {took:.0f} s")
    say(f"{len(every):,} claims, {len(every) / took:.1f} a second: {percentiles(every)}")
    say(f"the statement alone: {percentiles(statements)}")
    say(f"shared {shared}, lost {lost}, refused {refused}")
    say(f"left by agents who vanished {left}, handed on before the lease was over {early}")
    return not (shared or lost or early or refused) and len(made) == orders


# A long queue and a short one -----------------------------------------------------------------------------------------


def compare(long: int, short: int, claims: int, ratio: float) -> bool:
    """Claim in turn in a long and in a short queue, and compare the slowest hundredth."""
    with server() as (folder, login, owner), server() as (_, other_login, other_owner):
        sides = {long: side(folder, login, owner, long), short: side(folder, other_login, other_owner, short)}
        for measured in (False, True):
            for number in range(claims if measured else claims // 10):
                for one in sides.values():
                    one.claim(number, measured=measured)
        whole = percentile(sides[long].latencies, 99) / percentile(sides[short].latencies, 99)
        alone = percentile(sides[long].statements, 99) / percentile(sides[short].statements, 99)
        for length, one in sides.items():
            say(
                f"{length:,} waiting: a claim {percentiles(one.latencies)}; the statement {percentiles(one.statements)}"
            )
        say(f"p99 of {long:,} to p99 of {short:,}: {whole:.2f}, of the statement alone {alone:.2f}")
        return whole <= ratio and alone <= ratio


@dataclass
class Side:
    """One of the two queues."""

    agents: list[Access]
    finish: Callable[[int], None]
    statements: list[float]
    latencies: list[float] = field(default_factory=list)

    def claim(self, number: int, *, measured: bool) -> None:
        """Let one agent take the next case, and end it."""
        start = time.perf_counter()
        case = callback_queue.next_case(self.agents[number % len(self.agents)])
        took = time.perf_counter() - start
        if case is None:
            raise RuntimeError("the queue is empty")
        self.finish(case.order.id)
        if measured:
            self.latencies.append(took)
        else:
            self.statements.clear()


def side(folder: Path, login: str, owner: str, cases: int) -> Side:
    """Fill a queue, and let agents come."""
    connection = psycopg.connect(owner, autocommit=True)
    people = staff(connection, 200)
    fill(connection, cases, rare="hak")
    connection.execute("vacuum analyze")
    engine = connect(login, pool_size=1, max_overflow=0)
    environment = Environment(engine, folder, clock=lambda: NINE + timedelta(hours=1))
    statements: list[float] = []
    time_claims(engine, statements)

    def finish(order: int) -> None:
        connection.execute(
            "update orders set status = 'archived', outcome = 'unasked' where id = %s and not rated", (order,)
        )
        connection.execute(
            "update orders set status = 'archived', outcome = 'dissatisfied' where id = %s and rated", (order,)
        )

    agents = [Access(environment, Actor(number, f"坐席{number}", Role.AGENT)) for number in people]
    return Side(agents, finish, statements)


# ----------------------------------------------------------------------------------------------------------------------


def staff(connection: psycopg.Connection, number: int) -> list[int]:
    """Add agents, a fifth of them with a language and patience for those who declined; return their numbers."""
    found = [row[0] for row in connection.execute(PEOPLE, {"n": number}).fetchall()]
    connection.execute(SKILLS, {})
    return found


def fill(connection: psycopg.Connection, cases: int, *, rare: str | None = None) -> None:
    """Put so many orders into the queue, set-based: the trigger opens their cases, some urgent, some in a dialect.

    `rare` is a language that nobody speaks: such cases stay, and every claim has to get past them.
    """
    connection.execute(ORDERS, {"n": cases, "rare": rare})
    connection.execute(ROUNDS)
    connection.execute(CONTACTS)
    connection.execute("analyze")


def time_claims(engine: object, into: list[float]) -> None:
    """Note how long each statement that claims takes."""

    def before(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "SKIP LOCKED" in statement:
            begun.at = time.perf_counter()

    def after(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "SKIP LOCKED" in statement:
            into.append(time.perf_counter() - begun.at)

    begun = threading.local()
    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)


@contextmanager
def server() -> Iterator[tuple[Path, str, str]]:
    """Start a server with the reference rows; give its folder, and its addresses for the portal and for its owner."""
    with TemporaryDirectory(prefix="huixiang-benchmark-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with running(folder, durable=False) as started:
            owner = started.url(OWNER, "postgres")
            migrate.upgrade(owner)
            login = started.url("portal_login", "postgres")
            engine = connect(login)
            setup.load_reference(Access(Environment(engine, folder), SYSTEM))
            engine.dispose()
            yield folder, str(login), str(owner).replace("postgresql+psycopg", "postgresql")


def percentile(values: list[float], wanted: int) -> float:
    """Return a percentile in seconds."""
    return statistics.quantiles(values, n=100)[wanted - 1]


def percentiles(values: list[float]) -> str:
    """Say how long most and how long almost all took."""
    return f"p50 {percentile(values, 50) * 1000:.1f} ms, p99 {percentile(values, 99) * 1000:.1f} ms"


def say(sentence: str) -> None:
    """Print at once, so that a long run can be followed."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
