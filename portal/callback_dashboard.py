"""The desk without a case: progress against the queue, the week, what calls came to today, and what is mine to do.

Everything an agent sees of others is a sum; nobody is compared with anybody here.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import pandas as pd
import streamlit as st

from portal import charts, loop_forms, outcome_tables, words
from portal.page import Page
from portal.words import plain, say
from services import callback_figures, callback_waiting
from services.callback_figures import DayCounts, MyDay
from services.callback_waiting import Counted, Strip, Waiting
from services.outcome_figures import Part

EVERY = "20s"
"""How often what is mine is looked at again while nobody touches the screen."""

SHOWN = 4
"""Appointments, and cases in hand, that are named one by one."""

MIX = ("complete", "partial", "refused", "noncontact", "other", "unknown")
PLACES = 1
MINUTE = 60


def draw_dashboard(here: Page) -> None:
    """Draw the day of whoever is at the desk; an appointment and a case in hand open by one click."""
    day = here.ask(callback_figures.my_day)
    strip = here.ask(callback_waiting.strip, fresh=True)
    with st.container(key="callback_dashboard", gap="xsmall"):
        _progress(day, strip)
        left, middle, right = st.columns([9, 9, 8], gap="medium")
        with left:
            _mix(day.mine)
        with middle:
            _week(day)
        with right:
            _classes(strip)
            _mine(here)


def countdown(at: datetime, now: datetime) -> str:
    """Return how long it is until a moment, or since, in whole minutes; in hours where it is more than two of them."""
    minutes = int((at - now).total_seconds() // MINUTE)
    if minutes < 0:
        return say("desk_figures.overdue", n=-minutes)
    if minutes >= 2 * MINUTE:
        return say("desk_figures.in_hours", n=minutes // MINUTE)
    return say("desk_figures.in_minutes", n=minutes)


# ---------------------------------------------------------------------------------------------------------------------


def _progress(day: MyDay, strip: Strip) -> None:
    """Draw my day in four figures, and how far everybody is with what can be called about now."""
    mine, columns = day.mine, st.columns(4)
    answered = mine.complete + mine.partial
    with columns[0], st.container(gap=None):
        st.metric(say("desk_figures.calls"), words.number(mine.calls), help=say("desk_figures.calls_help"))
        st.caption(say("desk_figures.answered", n=answered))
    with columns[1], st.container(gap=None):
        st.metric(say("desk_figures.settled"), words.number(mine.settled), help=say("desk_figures.settled_help"))
        st.caption(say("desk_figures.everybody", n=day.everybody.settled))
    with columns[2], st.container(gap=None):
        st.metric(say("desk_figures.on_time"), _share(day.my_week), help=say("desk_figures.on_time_help"))
        facts = {"mine": outcome_tables.of_what(day.my_week), "all": _share(day.everybodys_week)}
        st.caption(say("desk_figures.on_time_of", **facts))
    with columns[3], st.container(gap=None):
        st.metric(say("figures.hands"), _seconds(mine), help=say("figures.hands_help"))
        st.caption(say("figures.hands_of", n=mine.timed, calls=words.number(mine.calls)))
    done, waiting = day.everybody.settled, strip.ready.n
    told = say("desk_figures.progress", n=done, waiting=_counted(strip.ready))
    st.progress(done / (done + waiting) if done + waiting else 0.0, text=told)


def _mix(mine: DayCounts) -> None:
    """Draw what my calls of today came to, as bars from nought."""
    if not mine.calls:
        st.markdown(f"**{say('desk_figures.mix')}**")
        st.caption(say("desk_figures.no_calls"))
        return
    rows = [
        {
            "what": say(f"desk_figures.mix.{name}"),
            "n": getattr(mine, name),
            "label": f"{words.number(getattr(mine, name))} · {words.share(getattr(mine, name), mine.calls, PLACES)}",
            "meant": name == "complete",
            "said": say("desk_figures.of_calls", n=getattr(mine, name), calls=words.number(mine.calls)),
        }
        for name in MIX
    ]
    table = pd.DataFrame(
        {
            say("desk_figures.mix"): [row["what"] for row in rows],
            say("desk_figures.column.calls"): [row["n"] for row in rows],
        }
    )
    graded = {name: words.number(getattr(mine, name)) for name in ("satisfied", "neutral", "dissatisfied")}
    charts.ranking(rows, finding=say("desk_figures.finding_mix", **graded), table=table)


def _week(day: MyDay) -> None:
    """Draw the share of cases that were ended on time, mine and everybody's, over seven days."""
    if not day.everybodys_week.denominator:
        st.markdown(f"**{say('desk_figures.week')}**")
        st.caption(say("desk_figures.no_week"))
        return
    rows = [
        {
            "month": f"{one.day:%m-%d}",
            "percent": _percent(one.mine),
            "low": None if one.mine.interval is None else float(one.mine.interval.low),
            "high": None if one.mine.interval is None else float(one.mine.interval.high),
            "few": one.mine.too_few,
            "label": "",
            "all": _percent(one.everybody),
            "whole_label": "",
            "said": say(
                "desk_figures.week_said",
                mine=f"{_share(one.mine)} ({outcome_tables.of_what(one.mine)})",
                all=f"{_share(one.everybody)} ({outcome_tables.of_what(one.everybody)})",
            ),
        }
        for one in day.week
    ]
    # The line of everybody bears its name where it ends, which before the first call of a day is not today.
    next(row for row in reversed(rows) if row["all"] is not None)["whole_label"] = say("desk_figures.column.everybody")
    table = pd.DataFrame(
        {
            say("desk_figures.column.day"): [row["month"] for row in rows],
            say("desk_figures.column.mine"): [row["percent"] for row in rows],
            f"{say('desk_figures.column.mine')} n/d": [outcome_tables.of_what(one.mine) for one in day.week],
            say("desk_figures.column.everybody"): [row["all"] for row in rows],
            f"{say('desk_figures.column.everybody')} n/d": [outcome_tables.of_what(one.everybody) for one in day.week],
        }
    )
    facts = {"mine": _share(day.my_week), "all": _share(day.everybodys_week)}
    charts.trend(rows, finding=say("desk_figures.finding_week", **facts), table=table, height=186)


def _classes(strip: Strip) -> None:
    """Say how many cases of which class could be handed to me now."""
    st.markdown(f"**{say('desk_figures.classes', waiting=_counted(strip.ready))}**")
    if strip.classes:
        told = [f"{say(f'desk_figures.class.{one.value}')} {_counted(n)}" for one, n in strip.classes]
        st.markdown(" ".join(f":gray-badge[{one}]" for one in told))


@st.fragment(run_every=EVERY)
def _mine(here: Page) -> None:
    """Draw my appointments with the time that is left, and the cases in my hands with how long they stay mine."""
    mine = here.ask(callback_waiting.my_cases, fresh=True)
    now = here.access.environment.clock()
    with st.container(gap=None):
        st.markdown(f"**{say('desk_figures.appointments', n=len(mine.appointments))}**")
        if not mine.appointments:
            st.caption(say("desk_figures.no_appointments"))
        for row in mine.appointments[:SHOWN]:
            if row.appointment_at is not None:
                told = f"{_clock(row.appointment_at, now)} · {countdown(row.appointment_at, now)}"
                due = row.appointment_at <= now
                _case(row, f":red[:material/alarm: {told}]" if due else told, "appointment")
        _more(mine.appointments)
        st.markdown(f"**{say('desk_figures.held', n=len(mine.held))}**")
        if not mine.held:
            st.caption(say("desk_figures.nothing_held"))
        for row in mine.held[:SHOWN]:
            until = row.held_until
            left = say("desk_figures.lapses", left=countdown(until, now)) if until else say("desk_figures.lapsed")
            _case(row, left, "held")
        _more(mine.held)


def _clock(at: datetime, now: datetime) -> str:
    """Return a moment by the clock alone where it is today's, else with its day."""
    told = words.short_moment(at)
    return told[6:] if told[:6] == words.short_moment(now)[:6] else told


def _case(row: Waiting, told: str, kind: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        if st.button(
            plain(row.number),
            key=f"desk_{kind}_{row.order_id}",
            type="tertiary",
            help=plain(row.title),
        ):
            # Within a fragment the address alone would draw nothing but the fragment again.
            loop_forms.choose(row.order_id)
            st.rerun()
        st.markdown(f":small[{told}]", width="content")


def _more(rows: Sequence[Waiting]) -> None:
    if len(rows) > SHOWN:
        st.caption(say("desk_figures.more", n=len(rows) - SHOWN))


def _share(part: Part) -> str:
    return words.share(part.numerator, part.denominator, PLACES)


def _percent(part: Part) -> float | None:
    return None if part.percent is None else float(part.percent)


def _counted(found: Counted) -> str:
    return f"{words.number(found.n)}+" if found.more else words.number(found.n)


def _seconds(mine: DayCounts) -> str:
    if not mine.timed:
        return words.NOTHING
    return say("figures.seconds", seconds=words.number(Decimal(mine.hands_ms) / mine.timed / 1000, 1))
