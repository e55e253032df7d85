"""A chain shows every edit, removal, insertion, swap and truncation, and where it happened."""

import doctest
import hashlib
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.rules import chain as rules
from services.rules.chain import Chain, Fault, Head, says

Link = list[Any]

LENGTH = 40
TIMES = 200


def test_a_chain_that_nobody_touched_is_whole() -> None:
    assert _checked(_links()) is None


def _edit(links: list[Link], at: int, chance: random.Random) -> int:
    body = links[at][4]
    where = chance.randrange(len(body))
    links[at][4] = body[:where] + chr(ord(body[where]) ^ 1) + body[where + 1 :]
    return at + 1


def _remove(links: list[Link], at: int, chance: random.Random) -> int:
    del links[at]
    if chance.random() < 0.5:  # the one who removes it may close the numbers up again
        for link in links[at:]:
            link[1] -= 1
    return at + 1


def _insert(links: list[Link], at: int, chance: random.Random) -> int:
    made = _link(99, at + 2, links[at][3], "forged")
    for link in links[at + 1 :]:
        link[1] += 1
    links.insert(at + 1, made)
    return at + 3


def _swap(links: list[Link], at: int, chance: random.Random) -> int:
    links[at], links[at + 1] = links[at + 1], links[at]
    links[at][1], links[at + 1][1] = links[at + 1][1], links[at][1]
    return at + 1


def _truncate(links: list[Link], at: int, chance: random.Random) -> int:
    del links[at:]
    return at + 1


@pytest.mark.parametrize("tamper", [_edit, _remove, _insert, _swap, _truncate], ids=lambda one: one.__name__[1:])
def test_every_kind_of_tampering_is_found_and_located(tamper: Callable[..., int]) -> None:
    chance = random.Random(12345)
    for _ in range(TIMES):
        links = _links()
        head = links[-1][1], links[-1][3]
        place = tamper(links, chance.randrange(LENGTH - 1), chance)
        found = _checked(links, head=head)
        assert found is not None
        assert found.seq == place


@pytest.mark.parametrize("column", range(10))
def test_a_column_that_does_not_say_what_the_body_says_is_found(column: int) -> None:
    links = _links()
    stated = list(links[7][5])
    changed = {0: datetime(2020, 1, 1, tzinfo=UTC)}.get(column, "x" if isinstance(stated[column], str) else 7_777)
    stated[column] = changed
    links[7][5] = stated
    found = _checked(links)
    assert found is not None
    assert (found.seq, found.fault) == (8, Fault.MISSTATED)


def test_a_forged_chain_is_held_by_a_head_that_was_noted() -> None:
    noted = [Head(3, 20, _links()[19][3].hex())]
    forged = _links("forged")
    assert _checked(forged) is None
    found = _checked(forged, noted=noted)
    assert found is not None
    assert (found.seq, found.fault) == (20, Fault.NOT_AS_NOTED)
    assert _checked(_links(), noted=noted) is None


def test_a_shortened_chain_with_its_head_is_held_by_a_head_that_was_noted() -> None:
    noted = [Head(3, LENGTH, _links()[-1][3].hex()), Head(4, 99, "of another shard")]
    found = _checked(_links()[:30], noted=noted)
    assert found is not None
    assert (found.seq, found.fault) == (31, Fault.CUT_SHORT)


@given(st.text(max_size=30), st.text(max_size=60), st.one_of(st.none(), st.integers(0, 2**53 - 1)))
def test_columns_agree_with_the_body_whatever_stands_in_it(name: str, fact: str, order: int | None) -> None:
    stated, body = _event(name, fact, order)
    assert says(body, stated)
    assert not says(body, [*stated[:2], name + "x", *stated[3:]])
    assert not says(body, [*stated[:8], (order or 0) + 1, stated[9]])


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"actor": 1, "object": 2}', "not json"])
def test_a_body_that_is_none_agrees_with_nothing(body: str) -> None:
    assert not says(body, _event("a", "b", None)[0])


def test_the_example_of_the_module_is_true() -> None:
    outcome = doctest.testmod(rules)
    assert outcome.attempted
    assert not outcome.failed


def _event(name: str, fact: str, order: int | None, second: int = 0) -> tuple[list[Any], str]:
    at = datetime(2026, 5, 6, 1, 30, tzinfo=UTC) + timedelta(seconds=second)
    stated = [at, 5, name, "agent", None, "callback.recorded", "orders", 17, order, 4]
    body = {
        "at": at.isoformat(),
        "actor": {"id": 5, "name": name, "role": "agent", "department": None},
        "action": "callback.recorded",
        "object": {"type": "orders", "id": 17},
        "order": order,
        "department": 4,
        "before": {"status": fact},
        "after": {"at": fact, "role": fact},
        "reason": fact,
        "request": None,
    }
    return stated, rfc8785.dumps(body).decode()


def _link(number: int, seq: int, previous: bytes, fact: str) -> Link:
    stated, body = _event("测试·甲", fact, 3, seq)
    return [number, seq, previous, hashlib.sha256(previous + body.encode()).digest(), body, stated]


def _links(fact: str = "as it was") -> list[Link]:
    links: list[Link] = []
    for seq in range(1, LENGTH + 1):
        links.append(_link(1000 + seq, seq, links[-1][3] if links else b"", fact))
    return links


def _checked(links: list[Link], *, head: tuple[int, bytes] | None = None, noted: list[Head] | None = None) -> Any:
    chain = Chain(3, noted or [])
    chain.head_seq, chain.head_hash = head or (links[-1][1], links[-1][3])
    for link in links:
        chain.follow(*link)
    chain.end()
    return chain.broken
