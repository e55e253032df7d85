"""What the screen of the trail draws: its filters, the list, one event opened, and the check of the chain."""

import json
from collections.abc import Sequence
from datetime import date

import pandas as pd
import streamlit as st

from db.vocabulary import Event, Role
from portal import address, drawer, fact_words, keyset, words
from portal.page import Page
from portal.words import label, plain, say, says
from services import trail
from services.rules.chain import Break, Head
from services.trail import ChainReport, Position, TrailFilter, TrailLine

EARLIEST = date(2000, 1, 1)
LATEST = date(2099, 12, 31)

_KEY = "trail"
_REPORT = "_trail_report"
_LARGEST_NOTE = 20_000


def filters() -> TrailFilter:
    """Draw the filters and return what they mean."""
    actions = ["", *(event.value for event in Event)]
    with st.container(horizontal=True, vertical_alignment="bottom", key="trail_filters"):
        with st.container(width=150):
            who = address.write("trail_who", say("trail.who"), placeholder=say("trail.who_hint"))
        with st.container(width=150):
            action = address.choose(
                "trail_action",
                say("trail.action"),
                actions,
                names=lambda word: label(Event(word)) if word else say("trail.all"),
            )
        with st.container(width=190):
            number = address.write("trail_number", say("trail.number"), placeholder=say("trail.number_hint"))
        with st.container(width=132):
            first = address.day("trail_from", say("trail.from"), earliest=EARLIEST, latest=LATEST)
        with st.container(width=132):
            last = address.day("trail_to", say("trail.to"), earliest=EARLIEST, latest=LATEST)
    return TrailFilter(who=who, action=Event(action) if action else None, number=number, first=first, last=last)


def position(where: TrailFilter) -> Position | None:
    """Return where the page that is looked at begins; another filter begins with the newest event."""
    return keyset.start(_KEY, where, None)


def events(found: trail.TrailPage) -> TrailLine | None:
    """Draw the list; return the event whose row was clicked, or None."""
    columns = {
        name: st.column_config.TextColumn(say(f"trail.column.{name}"), width=width) for name, width in _COLUMNS.items()
    }
    chosen = drawer.pick(f"trail_events_{keyset.page_number(_KEY)}", [_row(line) for line in found.lines], columns)
    keyset.draw(_KEY, found.next, len(found.lines))
    return None if chosen is None else found.lines[chosen]


def event(here: Page, line: TrailLine) -> None:
    """Draw one event: who, what, before and after, and its place in the chain."""
    st.markdown(f"**{label(line.action)}** · {plain(words.moment(line.at))}")
    who = plain(actor_words(line)) if line.role == Role.SYSTEM else f"{plain(line.actor)} · {label(line.role)}"
    if line.actor_department is not None:
        who += f" · {plain(words.name(line.actor_department))}"
    st.markdown(say("trail.by", who=who))
    st.markdown(say("trail.about", what=plain(subject_words(line))))
    codes = _code_names(line)
    changed = fact_words.changes(line.before, line.after, codes)
    if changed:
        names = ("fact", "before", "after")
        frame = pd.DataFrame(changed, columns=[say(f"trail.column.{name}") for name in names])
        st.dataframe(frame, hide_index=True, width="stretch")
    if line.reason:
        st.markdown(f"**{say('trail.column.reason')}**")
        st.text(fact_words.coded(line.reason, codes))
    if line.order_id is not None and st.button(say("trail.open_order"), icon=":material/description:", type="primary"):
        here.go("order_detail", order=line.order_id)
    with st.expander(say("trail.place"), icon=":material/link:"):
        st.text(say("trail.place_words", shard=line.shard, seq=words.number(line.seq)))
        st.code(line.hash, language=None, wrap_lines=True)
        if line.request_id:
            st.text(say("trail.request", request=line.request_id))


def subject_words(line: TrailLine) -> str:
    """Return what an event is about: the number of an order, the name of a person or unit, else the kind of thing."""
    kind = say(f"trail.object.{line.object_type}") if says(f"trail.object.{line.object_type}") else line.object_type
    return f"{kind} {line.subject}" if line.subject else f"{kind} {line.object_id}"


def actor_words(line: TrailLine) -> str:
    """Return who acted: a person's name, or that it was the program itself."""
    return label(line.role) if line.role == Role.SYSTEM else line.actor


def check(here: Page) -> None:
    """Offer to check the whole chain, against heads noted earlier too, and show what was found."""
    with st.expander(say("trail.check_title"), icon=":material/verified_user:"):
        st.caption(say("trail.check_purpose"))
        noted = st.file_uploader(say("trail.noted"), type="json", key="trail_noted")
        if st.button(say("trail.check"), icon=":material/rule:", key="trail_check"):
            try:
                heads = _noted(noted.getvalue()) if noted is not None else ()
            except ValueError:
                st.error(say("trail.noted_wrong"), icon=":material/error:")
                return
            with st.spinner(say("trail.checking")):
                st.session_state[_REPORT] = here.ask(trail.check_chain, fresh=True, noted=heads)
        report = st.session_state.get(_REPORT)
        if isinstance(report, ChainReport):
            _report(report)


# ---------------------------------------------------------------------------------------------------------------------

_COLUMNS = {"at": 128, "actor": 118, "role": 86, "action": 118, "subject": 172, "changes": 230}


def _code_names(line: TrailLine) -> dict[str, str]:
    return {named.code: words.name(named) for named in line.codes}


def _row(line: TrailLine) -> dict[str, str | None]:
    codes = _code_names(line)
    said = [line.reason and fact_words.coded(line.reason, codes), fact_words.in_a_line(line.before, line.after, codes)]
    return {
        "at": words.moment(line.at),
        "actor": actor_words(line),
        "role": label(line.role),
        "action": label(line.action),
        "subject": subject_words(line),
        "changes": " · ".join(filter(None, said)) or None,
    }


def _noted(content: bytes) -> Sequence[Head]:
    """Read heads as the download wrote them; raises ValueError for anything else."""
    if len(content) > _LARGEST_NOTE:
        raise ValueError("too large")
    try:
        rows = json.loads(content)["heads"]
        heads = [Head(int(row["shard"]), int(row["seq"]), str(row["hash"])) for row in rows]
    except (KeyError, TypeError) as wrong:
        raise ValueError("no heads") from wrong
    return tuple(heads)


def _report(report: ChainReport) -> None:
    facts = {"n": report.events, "at": words.moment(report.checked_at)}
    if report.whole:
        st.success(say("trail.whole", **facts), icon=":material/verified:")
    else:
        lines = [f"- {_break_words(broken)}" for broken in report.breaks]
        st.error("\n".join([say("trail.broken", **facts), *lines]), icon=":material/gpp_bad:")
    frame = pd.DataFrame(
        {
            say("trail.column.shard"): [head.shard for head in report.heads],
            say("trail.column.seq"): [head.seq for head in report.heads],
            say("trail.column.hash"): [head.hash for head in report.heads],
        }
    )
    st.dataframe(frame, hide_index=True, width="stretch")
    st.download_button(
        say("trail.note_heads"),
        _heads_file(report),
        file_name=f"huixiang-heads-{report.checked_at:%Y%m%d-%H%M%S}.json",
        mime="application/json",
        icon=":material/download:",
        help=say("trail.note_heads_help"),
        on_click="ignore",
    )


def _break_words(broken: Break) -> str:
    found = say("trail.event_number", number=broken.event_id) if broken.event_id is not None else ""
    fault = say(f"fault.{broken.fault.value}")
    return say("trail.break", shard=broken.shard, seq=words.number(broken.seq), fault=fault) + found


def _heads_file(report: ChainReport) -> str:
    heads = [{"shard": head.shard, "seq": head.seq, "hash": head.hash} for head in report.heads]
    return json.dumps({"checked_at": report.checked_at.isoformat(), "events": report.events, "heads": heads}, indent=1)
