"""An appointment that the citizen asks for during the call: the call ends with it, and the case waits for its time."""

from datetime import date, datetime, time, timedelta

import streamlit as st

from portal import callback_draft, keys, page
from portal.callback_form import Form
from portal.callback_sending import draw_hands, leave_window_when_done, send
from portal.keys import keyed
from portal.page import Page
from portal.words import say
from services import appointments
from services.bookings import Booking
from services.callback_prospects import Prospects
from services.rules.deadlines import CITY, local_day
from services.rules.questions import NOTE
from services.rules.survey import LONGEST_NOTE

NOT_NOW = "2.35"
"""The disposition of a call that its citizen asks to be made at another time."""
STEP = timedelta(minutes=15)


def open_window(here: Page, form: Form, found: Prospects) -> None:
    """Open the window in which an appointment is agreed."""
    title = say("callback_record.appointment_title")
    st.dialog(title, width="medium", icon=":material/event:")(_draw)(here, form, found)


def times_of(day: date, found: Prospects, now: datetime) -> list[time]:
    """Return the times of a day at which a citizen may be called, those that are still to come."""
    times: list[time] = []
    for part in found.day_parts:
        at, ends = datetime.combine(day, part.begins, CITY), datetime.combine(day, part.ends, CITY)
        while at < ends:
            if at > now:
                times.append(at.time())
            at += STEP
    return times


# ---------------------------------------------------------------------------------------------------------------------


def _draw(here: Page, form: Form, found: Prospects) -> None:
    leave_window_when_done()
    now, today = form.case.looked_at, local_day(form.case.looked_at)
    last = max(found.last_day or today + timedelta(days=14), today)
    day_column, time_column, agent_column = st.columns([4, 3, 5])
    with day_column:
        day = st.date_input(
            keyed(say("field.appointment_day"), keys.DAY),
            value=None,
            min_value=today,
            max_value=last,
            key=form.key("appointment_day"),
            format="YYYY-MM-DD",
        )
    with time_column:
        st.selectbox(
            keyed(say("field.appointment_time"), keys.TIME),
            times_of(day, found, now) if isinstance(day, date) else [],
            index=None,
            key=form.key("appointment_time"),
            format_func=lambda at: f"{at:%H:%M}",
            placeholder=say("callback_record.choose"),
        )
    agents = {one.id: one.name for one in here.ask(appointments.appointment_week, first=today).agents}
    with agent_column:
        st.selectbox(
            keyed(say("field.appointment_agent"), keys.AGENT),
            list(agents),
            index=None,
            key=form.key("appointment_agent"),
            format_func=lambda number: agents.get(number, ""),
            placeholder=say("appointments.anybody"),
        )
    st.text_input(keyed(say("field.note"), keys.WORDS), key=form.key(NOTE), max_chars=LONGEST_NOTE)
    callback_draft.keep(here, form)
    st.button(
        keyed(say("callback_record.book"), keys.COMPLETE),
        key=form.key("end_appointment"),
        type="primary",
        icon=":material/event_available:",
        on_click=_send,
        args=(here, form),
    )
    draw_hands(form, window=True)
    keys.leave_run()


def _send(here: Page, form: Form) -> None:
    day, at = st.session_state.get(form.key("appointment_day")), st.session_state.get(form.key("appointment_time"))
    if not isinstance(day, date) or not isinstance(at, time):
        page.notice("callback_record.appointment_incomplete", "warning")
        return
    agent = st.session_state.get(form.key("appointment_agent"))
    booking = Booking(datetime.combine(day, at, CITY), agent, form.written(NOTE) or None)
    send(here, form, NOT_NOW, appointment=booking)
