"""The chain of the trail: each link holds the hash of the one before it, so that no edit goes unnoticed.

A shard of the trail is one chain. A link holds where its number follows, its `previous` is the hash before it, its hash
is SHA-256 of `previous` and its body, and the columns that people search by say what the body says. The last link must
meet the head of its shard. Whoever can edit the heads as well as the events can shorten or forge a chain so that it is
whole in itself; heads noted earlier, outside the database, hold it even then.

>>> import hashlib
>>> first = hashlib.sha256(b"one").digest()
>>> chain = Chain(0, [])
>>> chain.follow(7, 1, b"", first, "two", ())
>>> chain.broken
Break(shard=0, seq=1, event_id=7, fault=<Fault.EDITED: 'edited'>)
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

Stated = Sequence[Any]
"""What the columns of an event say: time, actor, name, role, the actor's department, action, kind and number of the
object, order, department."""


class Fault(StrEnum):
    """What can be wrong with one link of the chain."""

    MISSING = "missing"
    DOUBLED = "doubled"
    UNLINKED = "unlinked"
    EDITED = "edited"
    MISSTATED = "misstated"
    CUT_SHORT = "cut_short"
    BEYOND_HEAD = "beyond_head"
    NOT_AS_NOTED = "not_as_noted"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of one chain at a moment. Noted outside the database, it holds the trail against everybody."""

    shard: int
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first link of a shard that does not hold: the place in the chain, and the event found there."""

    shard: int
    seq: int
    event_id: int | None
    fault: Fault


class Chain:
    """Follows one shard link by link and keeps the first break."""

    def __init__(self, shard: int, noted: Iterable[Head] = ()) -> None:
        self.shard = shard
        self.noted = {head.seq: head.hash for head in noted if head.shard == shard}
        self.head_seq, self.head_hash = 0, b""
        self.links = 0
        self.seq = 0
        self.hash = b""
        self.broken: Break | None = None

    @property
    def head(self) -> Head:
        """The head that the database keeps for this shard."""
        return Head(self.shard, self.head_seq, self.head_hash.hex())

    def follow(self, number: int, seq: int, previous: bytes, digest: bytes, body: str, stated: Stated) -> None:
        """Check one link against the one before it; `number` is the event's."""
        self.links += 1
        if self.broken is None:
            fault = self._fault(seq, previous, digest, body, stated)
            if fault is Fault.MISSING:
                self.broken = Break(self.shard, self.seq + 1, None, fault)
            elif fault is not None:
                self.broken = Break(self.shard, seq, number, fault)
        self.seq, self.hash = seq, digest

    def end(self) -> None:
        """Compare the last link with the head, and with the heads that were noted outside."""
        if self.broken is not None:
            return
        if self.seq < self.head_seq or any(seq > self.seq for seq in self.noted):
            self.broken = Break(self.shard, self.seq + 1, None, Fault.CUT_SHORT)
        elif (self.seq, self.hash) != (self.head_seq, self.head_hash):
            self.broken = Break(self.shard, min(self.seq, self.head_seq + 1), None, Fault.BEYOND_HEAD)

    def _fault(self, seq: int, previous: bytes, digest: bytes, body: str, stated: Stated) -> Fault | None:
        if seq != self.seq + 1:
            return Fault.MISSING if seq > self.seq else Fault.DOUBLED
        if previous != self.hash:
            return Fault.UNLINKED
        if digest != hashlib.sha256(previous + body.encode()).digest():
            return Fault.EDITED
        if not says(body, stated):
            return Fault.MISSTATED
        if seq in self.noted and self.noted[seq] != digest.hex():
            return Fault.NOT_AS_NOTED
        return None


def says(body: str, stated: Stated) -> bool:
    """Say whether the columns, which are what people search by, agree with the hashed body.

    The canonical form has one spelling, so the columns can be looked for in it as text: half a million events leave no
    time to parse each. Quotation marks inside facts are escaped there and facts are flat, so a fact cannot imitate
    these pieces. What is spelt otherwise is parsed.
    """
    at, actor, name, role, home, action, kind, number, order, department = stated
    spelt = _spelt(name)
    return (
        body.startswith(f'{{"action":"{action}","actor":{{"department":{_digits(home)},"id":{_digits(actor)},{spelt}')
        and f',"role":"{role}"}},"after":{{' in body
        and f',"at":"{at.isoformat()}","before":{{' in body
        and f',"department":{_digits(department)},"object":{{"id":{number},"type":"{kind}"}},"order":{_digits(order)},'
        in body
    ) or _says_parsed(body, stated)


@lru_cache(maxsize=4096)
def _spelt(name: str) -> str:
    return f'"name":{json.dumps(name, ensure_ascii=False)}'


def _digits(number: int | None) -> str:
    return "null" if number is None else str(number)


def _says_parsed(body: str, stated: Stated) -> bool:
    try:
        said = json.loads(body)
        actor, subject = said["actor"], said["object"]
        meant = [datetime.fromisoformat(said["at"]), actor["id"], actor["name"], actor["role"], actor["department"]]
        meant += [said["action"], subject["type"], subject["id"], said["order"], said["department"]]
    except (ValueError, KeyError, TypeError):
        return False
    return meant == list(stated)
