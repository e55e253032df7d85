"""A unit's user who tries every screen and every word of an address with what belongs to others sees nothing of it.

What is drawn must be, byte for byte, what was drawn before the others had a single order: text, tables, charts, hidden
state. In between somebody of the staff has opened the same addresses, so that every answer that may be kept is kept.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Node

from db.orders import Order
from db.people import Person
from db.reference import Department
from db.vocabulary import Event, Role, Satisfaction, Status
from portal import cache
from portal.screens import HOME, PAGES, SCREENS
from services.access import Access
from services.order_filter import OrderFilter
from services.rules.permissions import permissions_of
from tests import builders
from tests.pages.conftest import UI
from tests.services.conftest import Clock

SECRET = "外泄"
"""Stands in whatever others wrote and in every number of theirs, and nowhere else."""
NAME_OF_OTHERS = "别处单位"
OWN, OTHER = "OWN", "OTHER"

Address = tuple[str, Mapping[str, str]]

PORTAL = Path(cache.__file__).parent


def addresses(foreign: int) -> Iterator[Address]:
    """Every screen, and every word that an address may hold, with values of others."""
    for screen in SCREENS:
        yield screen.name, {}
    for screen in ("order_detail", "callback_record", "dissatisfied_review", "rework_board"):
        yield screen, {"order": str(foreign)}
        yield screen, {"after": str(foreign), "order": str(foreign + 1)}
    yield "exchange", {"import": "1"}
    for parameters in (
        {"words": f"{SECRET}1"},
        {"words": SECRET},
        {"words": "积水"},
        {"department": OTHER},
        {"counted": OTHER, "month": "2026-05", "measure": "closed"},
        {"counted": OTHER, "counted_below": "1", "measure": "dissatisfied"},
        {"counted": OWN, "counted_below": "1", "month": "2026-05", "measure": "rated"},
        {"status": "due,returned,dissatisfied", "lateness": "late"},
        {"lateness": "rework_late", "outcome": "dissatisfied"},
        {"unassigned": "1", "called_by_me_today": "1"},
        {"accepted_from": "2026-05-01", "accepted_to": "2026-06-30", "closed_from": "2026-05-01"},
        {"closed_to": "2026-06-30", "place": "440111", "category": "01", "order_type": "complaint"},
        {"after": f"2026-06-14T00:00:00+00:00~{foreign}"},
    ):
        yield "order_list", {f"order_list_{name}": value for name, value in parameters.items()}
    yield "rework_board", {"rework_board_late": "true"}
    for parameters in (
        {"unit": OTHER},
        {"unit": OTHER, "from": "2026-05", "to": "2026-05", "counts": "1"},
        {"unit": OWN, "below": "1", "type": "complaint"},
        {"group": "departments", "counts": "1", "below": "1"},
    ):
        yield "scores", {f"scores_{name}": value for name, value in parameters.items()}
    for parameters in (
        {"unit": OTHER, "by": "unit", "family": "contact", "period": "days_90"},
        {"by": "agent", "compared": "dissatisfied"},
        {"by": "day_part", "period": "chosen", "from": "2026-05-01", "to": "2026-06-30"},
    ):
        yield "callback_figures", {f"figures_{name}": value for name, value in parameters.items()}
    yield "reasons", {"reasons_unit": OTHER, "reasons_from": "2026-05-01", "reasons_to": "2026-06-30"}
    yield "order_list", {"order_list_reason": "R03", "order_list_reasoned_from": "2026-05-01"}
    yield "order_list", {"order_list_reason": "RB", "order_list_reasoned_to": "2026-06-30"}
    yield "callback_help", {"callback_help_state": "answered"}
    yield "callback_queue", {"callback_queue_part": "held"}
    yield "code_lists", {"code_lists_which": "dispositions", "code_lists_retired": "1"}
    yield "trail", {"trail_number": f"{SECRET}1", "trail_who": SECRET}
    yield "people", {"people_words": SECRET}


def test_every_word_of_an_address_is_tried() -> None:
    """A screen that reads another word from its address fails here until it is tried with what belongs to others."""
    source = "".join(one.read_text("utf-8") for folder in (PAGES, PORTAL) for one in sorted(folder.glob("*.py")))
    known = set(re.findall(r'address\.(?:choose|switch|write|day)\(\s*"(\w+)"', source))
    known |= set(re.findall(r'key="(\w+)"[^)]*bind="query-params"', source))
    known |= {f"order_list_{one.name}" for one in fields(OrderFilter)} | {
        "order_list_after",
        "order",
        "after",
        "import",
    }
    tried = {name for _, parameters in addresses(1) for name in parameters}
    for_the_staff = {name for name in known if name.startswith(("trail_", "people_"))}
    assert known - for_the_staff == {name for name in tried if not name.startswith(("trail_", "people_"))}
    assert {screen for screen, _ in addresses(1)} == {screen.name for screen in SCREENS}


class Visitor:
    """Somebody with a session of their own, who goes from address to address."""

    def __init__(self, whom: Person, clock: Clock) -> None:
        self.at = AppTest.from_file(str(UI), default_timeout=60)
        self.at.user = {"is_logged_in": True, "iat": clock.now.timestamp(), "iss": whom.issuer, "sub": whom.subject}
        self.at.run()

    def open(self, address: Address) -> AppTest:
        """Open an address as if it had been typed, on a screen that is open to the visitor or not."""
        screen, parameters = address
        self.at.query_params.clear()
        for name, value in parameters.items():
            self.at.query_params[name] = value
        path = "" if screen == HOME.name else screen
        pages = self.at._registered_pages.items()
        self.at._page_hash = next(key for key, page in pages if page.get("url_pathname") == path)
        return self.at.run()

    def tour(self, route: Sequence[Address]) -> dict[str, list[str]]:
        """Open every address; return what was drawn at each."""
        drawn: dict[str, list[str]] = {}
        for address in route:
            at = self.open(address)
            assert not at.exception, (address, at.exception[0].value)
            drawn[f"{address}"] = [*_drawn(at._tree), *_held(at)]
        return drawn


def _drawn(node: Node) -> list[str]:
    """Return every element below a node: all that the browser is sent about it."""
    proto = getattr(node, "proto", None)
    told = ["\n".join(_told(proto))] if isinstance(proto, Message) else []
    for child in getattr(node, "children", {}).values():
        told += _drawn(child)
    return told


def _told(message: Message) -> Iterator[str]:
    """Yield the fields of a message; a table is told by its cells, for the bytes between them are left as they were."""
    for field, value in message.ListFields():
        for one in value if field.is_repeated else [value]:
            if isinstance(one, Message):
                yield from (f"{field.name}.{told}" for told in _told(one))
            elif isinstance(one, bytes):
                yield f"{field.name} {convert_arrow_bytes_to_pandas_df(one).to_csv()}"
            else:
                yield f"{field.name} {_without_ids(str(one))}"


def _held(at: AppTest) -> list[str]:
    """Return what the session keeps, without what it was asked."""
    state = at.session_state.to_dict()
    return sorted(_without_ids(repr(value)) for key, value in state.items() if not _is_a_question(str(key)))


def _is_a_question(key: str) -> bool:
    """Say whether a key of the session keeps what stood in an address."""
    return key.lstrip("_").removeprefix("address_").startswith(("order_list", "scores_", "keyset"))


def _without_ids(written: str) -> str:
    """Take out the random ids of forms and of coloured tables, and what is made of them."""
    return re.sub(r"[0-9a-f]{32,}|\bT_[0-9a-f]{5}|^[0-9a-f]{5}$", "#", written)


@pytest.fixture
def own(owner: Session) -> Department:
    """A department with orders in every state that its screens show."""
    unit = builders.department(owner, "测试水务局", code=OWN)
    builders.order(owner, unit, due_at=builders.at("2026-06-10"))
    builders.due_order(owner, unit)
    builders.dissatisfied_order(owner, unit)
    builders.returned_order(owner, unit)
    builders.archived_order(owner, unit, Satisfaction.SATISFIED)
    return unit


@pytest.fixture
def unit_user(owner: Session, own: Department) -> Person:
    """Somebody of that department."""
    return builders.person(owner, Role.UNIT, at=own)


@pytest.fixture
def others(owner: Session) -> Callable[[], int]:
    """Give others their orders; the number of the first of them is returned."""
    # The tree of departments is public: it is the same before and after.
    unit = builders.department(owner, NAME_OF_OTHERS, code=OTHER)

    def fill() -> int:
        facts: dict[str, Any] = {
            "title": f"积水{SECRET}",
            "text": f"积水{SECRET}",
            "requester": SECRET,
            "address": SECRET,
        }
        made = [
            builders.returned_order(owner, unit, number=f"{SECRET}1", reply=SECRET, **facts),
            builders.dissatisfied_order(owner, unit, number=f"{SECRET}2", **facts),
            builders.due_order(owner, unit, number=f"{SECRET}3", **facts),
            builders.order(owner, unit, number=f"{SECRET}4", due_at=builders.at("2026-06-09"), **facts),
        ]
        for n in range(5, 12):
            rated = Satisfaction.DISSATISFIED if n % 2 else None
            made.append(builders.archived_order(owner, unit, rated, number=f"{SECRET}{n}", **facts))
        for order in made:
            builders.event(owner, order, Event.ORDER_RETURNED, reason=SECRET)
        return made[0].id

    return fill


@pytest.fixture
def supervisor(owner: Session) -> Person:
    """Somebody who sees the whole city."""
    return builders.person(owner, Role.SUPERVISOR)


def leaks(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> list[str]:
    """Return the addresses at which something else was drawn than before, or a word of others."""
    changed = [address for address, drawn in after.items() if drawn != before[address]]
    said = [address for address, drawn in after.items() if any(SECRET in one for one in drawn if not _echoes(one))]
    return sorted({*changed, *said})


def _echoes(drawn: str) -> bool:
    """Say whether an element only gives back what was typed into the address: the field of the search."""
    return "order_list_words" in drawn


def test_a_unit_sees_nothing_of_others_at_any_address(
    owner: Session,
    clock: Clock,
    unit_user: Person,
    supervisor: Person,
    others: Callable[[], int],
) -> None:
    foreign = _next_number(owner)
    route = list(addresses(foreign))
    before = Visitor(unit_user, clock).tour(route)
    assert others() == foreign
    staff = Visitor(supervisor, clock).tour(route)
    after = Visitor(unit_user, clock).tour(route)
    assert leaks(before, after) == []
    # The staff saw others' orders at the same addresses: there was something to leak, and something kept.
    shown = {address.split("'")[1] for address, drawn in staff.items() if any(f"{SECRET}1" in one for one in drawn)}
    assert shown >= {"order_list", "order_detail", "rework_board", "trail"}
    assert staff != Visitor(unit_user, clock).tour(route[:1])


def test_the_staff_see_everything_after_a_unit_has_asked(
    owner: Session, clock: Clock, unit_user: Person, supervisor: Person, others: Callable[[], int]
) -> None:
    foreign = others()
    route = [*list(addresses(foreign))[:3], ("scores", {}), ("order_list", {})]
    Visitor(unit_user, clock).tour(route)
    drawn = Visitor(supervisor, clock).tour(route)
    assert any(f"{SECRET}1" in one for one in drawn["('order_list', {})"])
    assert any(NAME_OF_OTHERS in one for one in drawn["('scores', {})"])
    assert owner.get(Person, supervisor.id) is not None


def test_answers_kept_without_who_asked_would_be_found(
    owner: Session,
    clock: Clock,
    unit_user: Person,
    supervisor: Person,
    others: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The planted leak: a cache whose key forgets the person hands the staff's answers to a unit."""
    foreign = _next_number(owner)
    route: list[Address] = [("order_list", {}), ("scores", {}), ("home", {})]
    before = Visitor(unit_user, clock).tour(route)
    assert others() == foreign

    def careless(_: Access, query: Callable[..., object], arguments: Mapping[str, object], last_event: int) -> str:
        return f"careless {query.__module__} {query.__qualname__} {arguments} {last_event} {foreign}"

    monkeypatch.setattr(cache, "key", careless)
    Visitor(supervisor, clock).tour(route)
    found = leaks(before, Visitor(unit_user, clock).tour(route))
    assert [address for address in found if "order_list" in address or "scores" in address]


@pytest.mark.parametrize("screen", [one for one in SCREENS if one.permission not in permissions_of(Role.UNIT)])
def test_a_screen_of_others_is_a_closed_door(clock: Clock, unit_user: Person, screen: Any) -> None:
    at = Visitor(unit_user, clock).open((screen.name, {"order": "1"}))
    assert [info.icon for info in at.info] == [":material/lock:"]
    assert not at.dataframe
    assert not [button for button in at.main.button if button.key != "portal_sign_out"]


def test_a_form_that_is_open_when_the_role_is_taken_away_is_refused(
    owner: Session, clock: Clock, own: Department, supervisor: Person
) -> None:
    order = builders.dissatisfied_order(owner, own)
    at = Visitor(supervisor, clock).open(("dissatisfied_review", {"order": str(order.id)}))
    way = next(one for one in at.main.button_group if (one.key or "").startswith("review_way_"))
    at = way.set_value("archive").run()
    next(one for one in at.text_area if (one.key or "").startswith("review_archive_reason_")).set_value("已解释。" * 20)
    send = next(one for one in at.main.button if (one.key or "").startswith("review_send_archive_"))
    grant = builders.grants(owner, supervisor)[0]
    grant.active = False
    owner.commit()
    at = send.click().run()
    assert "没有角色" in "\n".join(str(one.value) for one in [*at.markdown, *at.warning, *at.info, *at.error])
    owner.refresh(order)
    assert order.status == Status.DISSATISFIED


def _next_number(owner: Session) -> int:
    """Return the number that the next order will have."""
    return (owner.scalar(select(func.max(Order.id))) or 0) + 1
