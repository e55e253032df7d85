"""The filter of an order list in the address of its screen: a link reopens exactly the list that somebody looked at.

The address holds codes and stored words, never names of one language, so that a link works for whoever it is sent to.
The address is the truth: the widgets are set from it at every run, and write to it when somebody changes them. What the
address says that nobody knows is left out.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import streamlit as st

from db.vocabulary import Outcome, Status
from portal.words import day, label, language, month, name, plain, say
from services.order_filter import Count, Lateness, OrderFilter
from services.orders import Branch, Choices, Cursor
from services.views import Named

W = TypeVar("W", bound=StrEnum)

SCREEN = "order_list"

_AFTER = "after"
_LAST = "_order_list_last"
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_MOST = 2**63
_MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")
_HIDDEN = ("place", "category", "order_type", "outcome", "closed_from", "closed_to", "unassigned")
"""What is chosen behind "more"; how many of these narrow the list stands on its button."""

_DRILLED = ("measure", "counted", "month", "called_by_me_today", "reason", "reasoned_from", "reasoned_to")
"""What only a link sets: the orders behind a figure."""

_NOTHING = OrderFilter()


def address(where: OrderFilter) -> dict[str, str]:
    """Return the words of the address that open the list of this filter."""
    return {
        _key(field.name): _written(value)
        for field in fields(OrderFilter)
        if (value := getattr(where, field.name)) != getattr(_NOTHING, field.name)
    }


def read(choices: Choices) -> OrderFilter:
    """Return the filter that stands in the address, as far as it is known."""
    departments = _codes(choices.departments)
    return OrderFilter(
        words=_said("words")[:200],
        status=tuple(dict.fromkeys(_members(Status, _said("status").split(",")))),
        department=_one_of(departments, "department"),
        place=_one_of(_codes(choices.places), "place"),
        category=_one_of(_codes(choices.categories), "category"),
        order_type=_one_of({one.code for one in choices.order_types}, "order_type"),
        accepted_from=_date("accepted_from"),
        accepted_to=_date("accepted_to"),
        closed_from=_date("closed_from"),
        closed_to=_date("closed_to"),
        lateness=next(_members(Lateness, [_said("lateness")]), None),
        outcome=next(_members(Outcome, [_said("outcome")]), None),
        unassigned=_said("unassigned") == "1",
        called_by_me_today=_said("called_by_me_today") == "1",
        measure=next(_members(Count, [_said("measure")]), None),
        counted=_one_of(departments, "counted"),
        counted_below=_said("counted_below") == "1",
        month=_said("month") if _MONTH.fullmatch(_said("month")) else None,
        reason=_one_of(_codes(choices.reasons), "reason"),
        reasoned_from=_date("reasoned_from"),
        reasoned_to=_date("reasoned_to"),
    )


def remember() -> None:
    """Keep the address of the list, for the way back from an order."""
    st.session_state[_LAST] = {key: value for key, value in st.query_params.items() if key.startswith(f"{SCREEN}_")}


def last_address() -> dict[str, str]:
    """Return the address of the list that was looked at last."""
    return dict(st.session_state.get(_LAST, {}))


def draw(where: OrderFilter, choices: Choices) -> None:
    """Draw the row of widgets; each shows what the address says."""
    row = st.columns([1.7, 1.7, 1.7, 1.25, 1.6, 1.6, 1.1], vertical_alignment="bottom", gap="xsmall")
    words, status, department, lateness, start, end, more = row
    with words:
        _words(where.words)
    with status:
        _several("status", where.status, list(Status))
    with department:
        _branch("department", where.department, choices.departments)
    with lateness:
        _one("lateness", where.lateness, list(Lateness), label)
    with start:
        _day("accepted_from", where.accepted_from)
    with end:
        _day("accepted_to", where.accepted_to)
    with more:
        _more(where, choices)
    _drilled(where, choices)


def after() -> Cursor | None:
    """Return where the page begins, as the address says it."""
    at, _, number = _said(_AFTER).partition("~")
    try:
        cursor = Cursor(datetime.fromisoformat(at), int(number))
    except ValueError:
        return None
    known = cursor.accepted_at.tzinfo is not None and _is_of_our_times(cursor.accepted_at)
    return cursor if 0 < cursor.id < _MOST and known else None


def go_to(cursor: Cursor | None) -> None:
    """Let the address say where the page begins; with the newest order without a cursor."""
    if cursor is None:
        st.query_params.pop(_key(_AFTER), None)
    else:
        st.query_params[_key(_AFTER)] = f"{cursor.accepted_at.isoformat()}~{cursor.id}"


def clear(*only: str) -> None:
    """Take these fields out of the address, or everything that narrows the list."""
    names = only or [field.name for field in fields(OrderFilter)]
    for field in (*names, _AFTER):
        st.query_params.pop(_key(field), None)


# The address ----------------------------------------------------------------------------------------------------------


def _key(field: str) -> str:
    return f"{SCREEN}_{field}"


def _widget(field: str) -> str:
    """Return the key of a field's widget: one a language, for a browser goes on showing the name that it was given."""
    return f"{_key(field)}_{language()}"


def _said(field: str) -> str:
    return str(st.query_params.get(_key(field), ""))


def _written(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(str(one) for one in value)
    if isinstance(value, bool):
        return "1" if value else ""
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _changed(field: str) -> None:
    """Write to the address what a widget was changed to, and begin with the newest order again."""
    written = _written(st.session_state.get(_widget(field)))
    if written:
        st.query_params[_key(field)] = written
    else:
        st.query_params.pop(_key(field), None)
    go_to(None)


def _members(kind: type[W], words: Sequence[str]) -> Iterator[W]:
    known = {member.value: member for member in kind}
    return (known[word] for word in words if word in known)


def _codes(branches: Sequence[Branch]) -> set[str]:
    return {branch.named.code for branch in branches}


def _one_of(known: set[str], field: str) -> str | None:
    return _said(field) if _said(field) in known else None


def _date(field: str) -> date | None:
    try:
        written = date.fromisoformat(_said(field))
    except ValueError:
        return None
    return written if _is_of_our_times(written) else None


def _is_of_our_times(day: date) -> bool:
    """Say whether a day is one that orders can have: at both ends of the calendar no zone and no sum is left."""
    return _FIRST_YEAR <= day.year <= _LAST_YEAR


# The widgets ----------------------------------------------------------------------------------------------------------


def _seed(field: str, value: object) -> str:
    """Let a widget show what the address says, however it came to say so."""
    key = _widget(field)
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    return key


def _words(value: str) -> None:
    key = _seed("words", value)
    hint = say("filter.words_hint")
    st.text_input(say("filter.words"), key=key, placeholder=hint, max_chars=200, on_change=_changed, args=("words",))


def _several(field: str, value: Sequence[W], options: Sequence[W]) -> None:
    st.multiselect(
        say(f"filter.{field}"),
        options,
        format_func=label,
        key=_seed(field, list(value)),
        placeholder=say("filter.any"),
        on_change=_changed,
        args=(field,),
    )


def _one(field: str, value: str | None, options: Sequence[str], named: Callable[..., str]) -> None:
    st.selectbox(
        say(f"filter.{field}"),
        options,
        index=None,
        format_func=named,
        key=_seed(field, value),
        placeholder=say("filter.any"),
        on_change=_changed,
        args=(field,),
    )


def _branch(field: str, value: str | None, branches: Sequence[Branch]) -> None:
    named = {branch.named.code: _indented(branch) for branch in branches}
    _one(field, value, list(named), lambda code: named[code])


def _indented(branch: Branch) -> str:
    told = name(branch.named)
    return "\u3000" * branch.depth + (say("filter.retired", name=told) if branch.retired else told)


def _day(field: str, value: date | None) -> None:
    key = _seed(field, value)
    st.date_input(say(f"filter.{field}"), value=None, key=key, format="YYYY-MM-DD", on_change=_changed, args=(field,))


def _more(where: OrderFilter, choices: Choices) -> None:
    chosen = sum(getattr(where, field) != getattr(_NOTHING, field) for field in _HIDDEN)
    told = say("filter.more_chosen", n=chosen) if chosen else say("filter.more")
    icon = None if chosen else ":material/tune:"
    with st.popover(told, icon=icon, width="stretch", key=_key("more")):
        left, right = st.columns(2, gap="small")
        types = {one.code: name(one) for one in choices.order_types}
        with left:
            _branch("place", where.place, choices.places)
            _branch("category", where.category, choices.categories)
            _day("closed_from", where.closed_from)
        with right:
            _one("order_type", where.order_type, list(types), lambda code: types[code])
            _one("outcome", where.outcome, list(Outcome), label)
            _day("closed_to", where.closed_to)
        key = _seed("unassigned", where.unassigned)
        st.toggle(say("filter.unassigned"), key=key, on_change=_changed, args=("unassigned",))
        st.button(say("filter.clear"), key=_key("clear"), icon=":material/filter_alt_off:", on_click=clear)


def _drilled(where: OrderFilter, choices: Choices) -> None:
    """Say which figure's orders are shown, where a link asked for that, and offer to show the others too."""
    parts = [_TOLD[field](where, choices) for field in _DRILLED if getattr(where, field)]
    if not parts:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=_key("drilled")):
        badges = " ".join(f":gray-badge[{part}]" for part in parts)
        st.markdown(f"{say('filter.drilled')} {badges}", width="content")
        st.button(
            say("filter.drilled_clear"),
            key=_key("drilled_clear"),
            type="tertiary",
            icon=":material/close:",
            on_click=clear,
            args=(*_DRILLED, "counted_below"),
        )


def _counted_name(where: OrderFilter, choices: Choices) -> str:
    named: Mapping[str, Named] = {branch.named.code: branch.named for branch in choices.departments}
    told = plain(name(named.get(where.counted or "")))
    return say("filter.counted_below", name=told) if where.counted_below else told


def _reason_name(where: OrderFilter, choices: Choices) -> str:
    named = {branch.named.code: branch.named for branch in choices.reasons}
    return plain(name(named.get(where.reason or "")))


_TOLD: Mapping[str, Callable[[OrderFilter, Choices], str]] = MappingProxyType(
    {
        "measure": lambda where, _: label(where.measure) if where.measure else "",
        "counted": _counted_name,
        "month": lambda where, _: month(date.fromisoformat(f"{where.month}-01")),
        "reason": _reason_name,
        "reasoned_from": lambda where, _: say("filter.reasoned_from", day=day(where.reasoned_from)),
        "reasoned_to": lambda where, _: say("filter.reasoned_to", day=day(where.reasoned_to)),
        "called_by_me_today": lambda *_: say("filter.called_by_me_today"),
    }
)
