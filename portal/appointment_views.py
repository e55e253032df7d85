"""What the screen of appointments draws: the week as days and hours, its list, the next one, and one in a drawer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import pandas as pd
import streamlit as st

from portal import address, columns, drawer, forms, loop_forms, page, runtime, screens
from portal.page import Page
from portal.words import label, moment, plain, say, weekday
from services import appointments
from services.appointments import AgentChoice, AppointmentLine, AppointmentWeek
from services.rules.deadlines import CITY, local_day
from services.rules.permissions import Permission
from services.rules.survey import LONGEST_NOTE

FIRST_HOUR, LAST_HOUR = 9, 19
"""The hours that the calendar always shows; an appointment outside them adds its own."""

_WEEK_KEY = "appointments_week"
_MINE_KEY = "appointments_mine"
_DAYS = 7
_SHOWN_IN_CELL = 2

Cell = tuple[date, int]


def today() -> date:
    """The city's day."""
    return local_day(_now())


def mine() -> bool:
    """Whether only the appointments of whoever looks are wanted."""
    return bool(st.session_state.get(_MINE_KEY))


def choose_week(here: Page) -> date:
    """Draw the way from week to week; return the Monday of the one that is looked at."""
    earliest, latest = today() - timedelta(days=370), today() + timedelta(days=370)
    with st.container(horizontal=True, vertical_alignment="bottom", key="appointments_choice"):
        with st.container(width=170):
            chosen = address.day(_WEEK_KEY, say("appointments.week_of"), earliest=earliest, latest=latest)
        first = _monday(chosen or today())
        for key, icon, days in (("back", "chevron_left", -_DAYS), ("on", "chevron_right", _DAYS)):
            to = min(max(first + timedelta(days=days), earliest), latest)
            told, shape = say(f"appointments.{key}"), f":material/{icon}:"
            st.button(told, key=f"appointments_{key}", icon=shape, on_click=_turn_to, args=(to,))
        st.button(say("appointments.this_week"), key="appointments_now", on_click=_turn_to, args=(None,))
        if here.may(Permission.CALLBACK_RECORD):
            address.switch(_MINE_KEY, say("appointments.mine"))
    return first


def draw_next(week: AppointmentWeek) -> None:
    """Say which appointment is the next that waits, and how long it is until then."""
    line = next((one for one in week.rows if one.ended_as is None), None)
    if line is None:
        st.caption(say("appointments.none_next"))
        return
    minutes = int((line.at - _now()).total_seconds() // 60)
    facts = {"at": moment(line.at), "number": plain(line.number), "who": plain(_who(line.agent))}
    if minutes < 0:
        st.markdown(f":red[:material/alarm: {say('appointments.overdue', left=_span(-minutes), **facts)}]")
    else:
        colour = "orange" if line.due else "gray"
        st.markdown(f":{colour}[:material/alarm: {say('appointments.next', left=_span(minutes), **facts)}]")


def draw_calendar(week: AppointmentWeek) -> Cell | None:
    """Draw the week, a column a day and a row an hour; return the day and hour that are chosen, or None."""
    days = [week.first + timedelta(days=number) for number in range(_DAYS)]
    held: dict[Cell, list[AppointmentLine]] = defaultdict(list)
    for line in week.rows:
        if line.ended_as is None:
            held[_cell(line.at)].append(line)
    found = [hour for _, hour in held]
    hours = range(min([FIRST_HOUR, *found]), max([LAST_HOUR, *found]) + 1)
    table = pd.DataFrame(
        {str(day): [_told(held.get((day, hour), ())) for hour in hours] for day in days},
        index=pd.Index([f"{hour:02d}:00" for hour in hours], name=say("appointments.hour")),
    )
    config = {str(day): st.column_config.TextColumn(_heading(day), width=108) for day in days}
    chosen = st.dataframe(
        table.style.apply(_paint, held=held, days=days, hours=hours, axis=None),
        key=f"appointments_calendar_{week.first}",
        width="stretch",
        height=36 + 28 * len(hours),
        row_height=28,
        placeholder="",
        column_config=config,
        on_select="rerun",
        selection_mode="single-cell",
    )
    cells = chosen["selection"].get("cells", [])
    if not cells:
        return None
    row, column = cells[0]
    return (date.fromisoformat(column), hours[row]) if column in config and row < len(hours) else None


def draw_list(week: AppointmentWeek, cell: Cell | None) -> AppointmentLine | None:
    """Draw the appointments of the week, or of the hour that is chosen; return the one just clicked, or None."""
    lines = [one for one in week.rows if cell is None or _cell(one.at) == cell]
    if not lines:
        st.caption(say("appointments.none"))
        return None
    rows = [
        {
            "at": line.at,
            "number": line.number,
            "title": line.title,
            "agent": _who(line.agent),
            "state": label(line.ended_as) if line.ended_as is not None else _state(line),
            "note": line.note,
            "by": line.booked_by,
        }
        for line in lines
    ]
    config = {
        "at": columns.moment("field.appointment_at", 100),
        "number": columns.text("field.number", 130),
        "title": columns.text("field.title", 170),
        "agent": columns.text("appointments.agent", 110),
        "state": columns.text("appointments.state", 80),
        "note": columns.text("appointments.note", 150),
        "by": columns.text("appointments.booked_by", 100),
    }
    chosen = drawer.pick(f"appointments_list_{week.first}_{cell}_{len(lines)}", rows, config)
    return None if chosen is None else lines[chosen]


def draw_one(here: Page, line: AppointmentLine, agents: Sequence[AgentChoice]) -> None:
    """Draw one appointment in the drawer: where its order is, who calls, and the two ways to change that."""
    page.show_notices()
    form = f"appointment_{line.id}"
    token = forms.token(form)
    st.markdown(f"**{moment(line.at)}** · {plain(_who(line.agent))}")
    st.text(f"{line.number} {line.title}")
    if line.note:
        st.text(line.note)
    st.caption(say("appointments.booked", name=plain(line.booked_by)))
    works = here.may(Permission.CALLBACK_RECORD)
    to = screens.screen("callback_record" if works else "order_detail")
    st.page_link(to.file, label=say("appointments.open"), icon=to.icon, query_params={"order": str(line.order_id)})
    if line.ended_as is not None:
        st.info(label(line.ended_as), icon=":material/info:")
        return
    _draw_give(here, line, agents, token)
    _draw_cancel(here, line, token)


# ---------------------------------------------------------------------------------------------------------------------


def _now() -> datetime:
    return runtime.environment().clock()


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _turn_to(day: date | None) -> None:
    if day is None:
        st.query_params.pop(_WEEK_KEY, None)
    else:
        st.query_params[_WEEK_KEY] = day.isoformat()


def _cell(at: datetime) -> Cell:
    local = at.astimezone(CITY)
    return local.date(), local.hour


def _who(agent: AgentChoice | None) -> str:
    return agent.name if agent is not None else say("appointments.anybody")


def _told(lines: Sequence[AppointmentLine]) -> str:
    """Return what stands in one hour of the calendar: the times, and by whom where there is room to say it."""
    if len(lines) > _SHOWN_IN_CELL:
        return say("appointments.many", at=_clock(lines[0]), n=len(lines))
    if len(lines) == 1:
        return f"{_clock(lines[0])} {_who(lines[0].agent)}"
    return " · ".join(_clock(line) for line in lines)


def _clock(line: AppointmentLine) -> str:
    return line.at.astimezone(CITY).strftime("%H:%M")


def _heading(day: date) -> str:
    mark = "● " if day == today() else ""
    return f"{mark}{day:%m-%d} {weekday(day, short=True)}"


def _paint(
    table: pd.DataFrame, held: Mapping[Cell, Sequence[AppointmentLine]], days: Sequence[date], hours: Sequence[int]
) -> pd.DataFrame:
    """Return the look of each hour: one that is due stands out, then one's own, then any that holds something."""
    looks = pd.DataFrame("", index=table.index, columns=table.columns)
    for (day, hour), lines in held.items():
        look = "background-color: rgba(15, 118, 110, 0.12)"
        if any(line.mine for line in lines):
            look = "background-color: rgba(15, 118, 110, 0.28); font-weight: bold"
        if any(line.due for line in lines):
            look = "background-color: rgba(220, 120, 20, 0.30); font-weight: bold"
        looks.iat[hours.index(hour), days.index(day)] = look
    return looks


def _state(line: AppointmentLine) -> str:
    return say("appointments.due" if line.due else "appointments.open_state")


def _span(minutes: int) -> str:
    """Return a length of time in days, hours and minutes, without the parts that nobody needs."""
    days, rest = divmod(minutes, 24 * 60)
    if days:
        return say("appointments.days_hours", days=days, hours=rest // 60)
    hours, rest = divmod(rest, 60)
    return (
        say("appointments.hours_minutes", hours=hours, minutes=rest) if hours else say("appointments.minutes", n=rest)
    )


def _draw_give(here: Page, line: AppointmentLine, agents: Sequence[AgentChoice], token: str) -> None:
    known = {agent.id: agent.name for agent in agents if line.agent is None or agent.id != line.agent.id}
    options = [*([0] if line.agent is not None else []), *known]
    st.selectbox(
        say("appointments.give_to"),
        options,
        index=None,
        format_func=lambda number: known.get(number, say("appointments.anybody")),
        placeholder=say("appointments.choose_agent"),
        key=f"appointment_agent_{token}",
    )
    key, told = f"appointment_give_{token}", say("appointments.give")
    st.button(told, key=key, type="primary", icon=":material/assignment_ind:", on_click=_give, args=(here, line, token))


def _draw_cancel(here: Page, line: AppointmentLine, token: str) -> None:
    st.divider()
    st.text_input(say("appointments.cancel_reason"), key=f"appointment_why_{token}", max_chars=LONGEST_NOTE)
    st.caption(say("appointments.cancel_help"))
    key, told = f"appointment_cancel_{token}", say("appointments.cancel")
    st.button(told, key=key, icon=":material/event_busy:", on_click=_cancel, args=(here, line, token))


def _give(here: Page, line: AppointmentLine, token: str) -> None:
    chosen = st.session_state.get(f"appointment_agent_{token}")
    if chosen is None:
        page.notice("appointments.choose_first", kind="warning")
        return
    receipt = here.act(
        appointments.give_appointment, appointment_id=line.id, agent_id=chosen or None, request_id=f"{token}-give"
    )
    if receipt is not None:
        forms.renew(f"appointment_{line.id}", token)
        page.notice("appointments.given", number=plain(line.number))


def _cancel(here: Page, line: AppointmentLine, token: str) -> None:
    why = loop_forms.written(f"appointment_why_{token}")
    receipt = here.act(
        appointments.cancel_appointment, appointment_id=line.id, reason=why, request_id=f"{token}-cancel"
    )
    if receipt is not None:
        forms.renew(f"appointment_{line.id}", token)
        page.notice("appointments.cancelled", number=plain(line.number))
