"""One order as it is read while somebody works on it: what was asked, what was answered, what has been said since.

Whatever people wrote is shown as text, never as Markdown.
"""

from datetime import datetime
from urllib.parse import quote

import streamlit as st

from db.vocabulary import Satisfaction, Status
from portal.words import NOTHING, joined, label, moment, name, plain, say, short_moment, titled
from services.casework import OrderFacts
from services.desk_story import Consulted, Phoned
from services.history import Call, Chapter, Rated, Reading

STATUS_COLOURS = {
    Status.DISSATISFIED: "red",
    Status.ESCALATED: "red",
    Status.RETURNED: "orange",
    Status.DUE: "blue",
    Status.ARCHIVED: "green",
}
SATISFACTION_ICONS = {
    Satisfaction.SATISFIED: ":material/sentiment_satisfied:",
    Satisfaction.NEUTRAL: ":material/sentiment_neutral:",
    Satisfaction.DISSATISFIED: ":material/sentiment_dissatisfied:",
}


def text_of(written: str | None) -> str:
    """Return what a person wrote as Markdown that shows it letter by letter, line by line."""
    return plain(written).replace("\n", "  \n") if written else NOTHING


def fact(label_key: str, value: str) -> None:
    """Draw one labelled fact; the value is Markdown already."""
    st.markdown(f":small[:gray[{say(label_key)}]]  \n{value}")


def draw_heading(order: OrderFacts) -> None:
    """Draw which order this is: number, state, round, title, and what it is about."""
    colour = STATUS_COLOURS.get(order.status, "gray")
    badges = [f":{colour}-badge[{label(order.status)}]", f":gray-badge[{say('case.round', number=order.round)}]"]
    if order.confidential:
        badges.append(f":orange-badge[:material/lock: {say('case.confidential')}]")
    st.markdown(f"**{plain(order.number)}** {' '.join(badges)}")
    about = [name(order.order_type), name(order.category), name(order.place)]
    kinds = " · ".join(plain(part) for part in about if part != NOTHING)
    st.markdown(f"**{text_of(order.title)}** :small[:gray[{kinds}]]")


def draw_matter(order: OrderFacts) -> None:
    """Draw what the citizen asked for, who handled it, and what was answered."""
    where = f"  \n:small[:material/location_on: {text_of(order.address)}]" if order.address else ""
    fact("case.request", text_of(order.text) + where)
    department = plain(name(order.department))
    closed = order.current.closed_at
    in_hand = say("case.in_hand", department=department)
    fact("case.department", say("case.handled", department=department, closed=moment(closed)) if closed else in_hand)
    draw_reply(order)


def draw_reply(order: OrderFacts) -> None:
    """Draw what is to be redone and what was answered; while a round waits for its answer, that of the one before."""
    current = order.current
    if current.sent_back is not None:
        reason = plain(name(current.sent_back.reason))
        fact("case.instruction", f":orange[{reason}] · {text_of(current.sent_back.instruction)}")
    answered = next((one for one in reversed(order.chapters) if one.closed_at), None)
    if answered is None:
        return
    claim = f"  \n:small[:material/call: {contact_claim(answered)}]"
    fact("case.reply" if answered is current else "case.reply_before", text_of(answered.reply) + claim)
    if answered.evidence_note:
        fact("case.evidence", text_of(answered.evidence_note))


def contact_claim(chapter: Chapter) -> str:
    """Return the department's own claim as a sentence."""
    if chapter.unit_contacted is None:
        return say("case.claims_nothing")
    if not chapter.unit_contacted:
        return say("case.claims_no_contact")
    if chapter.unit_contacted_at is None:
        return say("case.claims_contact")
    return say("case.claims_contact_at", at=short_moment(chapter.unit_contacted_at))


def reading_told(reading: Reading) -> str:
    """Return what a supervisor read in the citizen's words, as Markdown."""
    read = joined([plain(name(reason)) for reason in reading.reasons])
    told = say("case.reading_agrees") if reading.agrees else say("case.reading_differs", reasons=read)
    return f":small[:material/fact_check: {told}]"


def corrected_badge(at: datetime) -> str:
    """Return the mark of a call that was corrected afterwards, and is kept without counting."""
    return f":gray-badge[:material/edit: {say('case.corrected', at=short_moment(at))}]"


def phoned_line(phoned: Phoned) -> str:
    """Return what the telephone system tells of a call: its length, and the recording as a link of its own."""
    parts = []
    if phoned.number > 1:
        parts.append(say("case.number_dialled", number=phoned.number))
    if phoned.seconds is not None:
        parts.append(say("case.call_length", length=f"{phoned.seconds // 60}:{phoned.seconds % 60:02d}"))
    if phoned.recording is not None and phoned.recording.startswith("https://"):
        parts.append(f"[{say('case.recording')}]({quote(phoned.recording, safe='/:?&=%#@+,;~-._')})")
    return f":small[:material/phone_in_talk: {' · '.join(parts)}]" if parts else ""


def consulted_line(one: Consulted) -> str:
    """Return a question that was put to the supervisors with its answer, or that it still waits for one."""
    asked = titled(say("case.asked", name=plain(one.asked_by)), text_of(one.question))
    if one.answer is None:
        return f"{asked} :orange-badge[{say('case.not_answered')}]"
    return f"{asked}  \n{titled(say('case.answered', name=plain(one.answered_by or '')), text_of(one.answer))}"


def draw_story(order: OrderFacts) -> None:
    """Draw the ratings and the calls so far, newest first."""
    consulted = [one for chapter in order.chapters for one in chapter.consulted]
    if not order.ratings and not order.calls and not consulted:
        st.caption(say("case.no_story"))
        return
    told = [(rating.rated_at, _rating(rating)) for rating in order.ratings]
    told += [(call.recorded_at, _call(call)) for call in order.calls]
    told += [(one.asked_at, _consulted(one)) for one in consulted]
    told.sort(key=lambda one: one[0], reverse=True)
    st.markdown(f":small[:gray[{say('case.story')}]]")
    for _, sentence in told:
        st.markdown(sentence)


# ---------------------------------------------------------------------------------------------------------------------


def _rating(rating: Rated) -> str:
    icon = SATISFACTION_ICONS[rating.satisfaction]
    colour = "red" if rating.satisfaction == Satisfaction.DISSATISFIED else "gray"
    said = f":{colour}[{icon} {plain(name(rating.grade))}]"
    where = f"{label(rating.source)} · {say('case.round', number=rating.round)}"
    return f":small[{short_moment(rating.rated_at)} · {where}] {said}"


def _consulted(one: Consulted) -> str:
    return f":small[{short_moment(one.asked_at)} · :material/support_agent:] {consulted_line(one)}"


def _call(call: Call) -> str:
    parts = [f":small[{short_moment(call.recorded_at)} · :material/call: {plain(name(call.disposition))}]"]
    if call.agent:
        parts.append(f":small[:gray[{plain(call.agent)}]]")
    if call.corrected_at is not None:
        parts.append(corrected_badge(call.corrected_at))
    if call.reasons:
        parts.append(f":red[{joined([plain(name(reason)) for reason in call.reasons])}]")
    for written in (call.words, call.note):
        if written:
            parts.append(say("case.quote", words=text_of(written)))
    if call.reading is not None:
        parts.append(reading_told(call.reading))
    parts += [phoned_line(one) for one in call.phoned]
    return " ".join(parts)
