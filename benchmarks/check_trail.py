"""Check a trail of half a million events link by link, and print what it took.

    python benchmarks/check_trail.py --events 500000 --within 5

The database is an embedded server of this run's own. The events are chained by COPY with the triggers off and in the
very form in which the portal writes them; then one of them is edited, and the check must name it. Ends with status 1
where the trail is not whole, the edit is not found, or a check takes longer than was allowed.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
import rfc8785

from db import migrate
from db.embedded import OWNER, running
from db.engine import connect
from services import setup, trail
from services.access import SYSTEM, Access
from services.environment import Environment

COLUMNS = (
    "shard, seq, at, actor_id, actor_name, actor_role, actor_department_id, action, object_type, object_id, order_id,"
    " department_id, body, previous, hash"
)
SHARDS = 8


def main() -> int:
    """Make the trail and check it; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--within", type=float, default=5.0, metavar="SECONDS")
    given = parser.parse_args()
    with installed() as (access, owner):
        write(owner, given.events)
        worked = time.process_time()
        seconds, whole = timed(access)
        worked = time.process_time() - worked
        state = "whole" if whole.whole else "broken"
        say(f"{whole.events:,} events checked in {seconds:.2f} s, {worked:.2f} s of them in this process: {state}")
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("alter table events disable trigger never_edit")
            connection.execute("update events set body = body || ' ' where shard = 5 and seq = 1000")
        _, edited = timed(access)
        found = [(one.shard, one.seq) for one in edited.breaks]
        say(f"after an edit of link 1000 of shard 5 the check names {found}")
    return 0 if whole.whole and found == [(5, 1000)] and seconds < given.within else 1


def timed(access: Access) -> tuple[float, trail.ChainReport]:
    """Check the trail, and say how long that took."""
    start = time.perf_counter()
    report = trail.check_chain(access)
    return time.perf_counter() - start, report


def write(owner: str, events: int) -> None:
    """Append so many events to the chains, as the trigger would."""
    with psycopg.connect(owner, autocommit=True) as connection, connection.transaction():
        connection.execute("alter table events disable trigger chain")
        heads = {row[0]: (row[1], row[2]) for row in connection.execute("select shard, seq, hash from event_heads")}
        with connection.cursor().copy(f"copy events ({COLUMNS}) from stdin") as copy:
            for number in range(events):
                shard = number % SHARDS
                seq, previous = heads[shard]
                at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
                body = written(number, at)
                digest = hashlib.sha256(previous + body.encode()).digest()
                said = ("callback.recorded", "orders", number, number, None)
                copy.write_row((shard, seq + 1, at, None, "system", "system", None, *said, body, previous, digest))
                heads[shard] = (seq + 1, digest)
        for shard, head in heads.items():
            connection.execute("update event_heads set seq = %s, hash = %s where shard = %s", (*head, shard))
        connection.execute("alter table events enable always trigger chain")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("vacuum analyze events")


def written(number: int, at: datetime) -> str:
    """Return the body of an event as a callback writes it."""
    counted = {"attempts": 1, "reached": True, "satisfaction": "satisfied", "solved": "solved", "status": "archived"}
    body = {
        "at": at.isoformat(),
        "actor": {"id": None, "name": "system", "role": "system", "department": None},
        "action": "callback.recorded",
        "object": {"type": "orders", "id": number},
        "order": number,
        "department": None,
        "before": {"attempts": 0, "reached": False, "satisfaction": None, "solved": None, "status": "due"},
        "after": counted | {"disposition": "1.1", "move": "please", "reasons": "", "rules": "guangzhou/1"},
        "reason": None,
        "request": f"{number:032x}",
    }
    return rfc8785.dumps(body).decode()


@contextmanager
def installed() -> Iterator[tuple[Access, str]]:
    """Give a door to a fresh database with the reference rows, and the address of its owner."""
    with TemporaryDirectory(prefix="huixiang-benchmark-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder), durable=False) as server:
            owner = server.url(OWNER, "postgres")
            migrate.upgrade(owner)
            engine = connect(server.url("portal_login", "postgres"))
            access = Access(Environment(engine, Path(folder)), SYSTEM)
            setup.load_reference(access)
            yield access, str(owner).replace("postgresql+psycopg", "postgresql")
            engine.dispose()


def say(sentence: str) -> None:
    """Print at once, so that a long run can be followed."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
