"""One order as it is read: its state in a line, its deadline as a sentence, its rounds as chapters of a timeline.

Whatever people wrote is shown letter by letter, never as Markdown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from db.vocabulary import Contacted, Event, RatingSource, Satisfaction, Solved, Status
from portal.case_view import (
    SATISFACTION_ICONS,
    STATUS_COLOURS,
    consulted_line,
    contact_claim,
    corrected_badge,
    fact,
    phoned_line,
    text_of,
)
from portal.deadline_sentence import deadline_sentence
from portal.words import NOTHING, joined, label, moment, name, plain, say, short_moment, titled
from services.desk_story import Consulted
from services.orders import Answered, Call, Chapter, Happening, OrderStory, Rated
from services.views import Named

_TOLD = (
    Event.ORDER_ASSIGNED,
    Event.CONTACT_REVEALED,
    Event.ORDER_ARCHIVED,
    Event.OPT_OUT_RECORDED,
    Event.OPT_OUT_ENDED,
)
"""What the trail adds to a timeline; everything else stands there with its own facts already."""

_EVENT_ICONS = {
    Event.ORDER_ASSIGNED: ":material/assignment_ind:",
    Event.CONTACT_REVEALED: ":material/visibility:",
    Event.ORDER_ARCHIVED: ":material/inventory_2:",
    Event.OPT_OUT_RECORDED: ":material/phone_disabled:",
    Event.OPT_OUT_ENDED: ":material/phone_enabled:",
}
_WORDS_OF_ANSWERS = {"contacted": Contacted, "solved": Solved}
_SHORT = frozenset({"contacted", "solved", "result", "attitude"})
"""The questions that every list here knows; others are told in the words in which they were asked."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing on the timeline; `lines` are Markdown that is harmless already."""

    at: datetime
    icon: str
    told: str
    lines: tuple[str, ...] = field(default=())


def draw_header(story: OrderStory) -> None:
    """Draw the number, the state and what the order is about, in three lines."""
    colour = STATUS_COLOURS.get(story.status, "gray")
    badges = [f":{colour}-badge[{label(story.status)}]", f":gray-badge[{say('case.round', number=story.round)}]"]
    if story.late:
        badges.append(f":red-badge[:material/schedule: {say('order_detail.late')}]")
    if story.escalated and story.status != Status.ESCALATED:
        badges.append(f":red-badge[:material/priority_high: {say('order_detail.escalated')}]")
    if story.confidential:
        badges.append(f":orange-badge[:material/lock: {say('case.confidential')}]")
    if story.excluded:
        badges.append(f":gray-badge[:material/block: {say('order_detail.excluded')}]")
    st.markdown(f"#### {plain(story.number)} &nbsp; {' '.join(badges)}")
    st.markdown(f"**{text_of(story.title)}**")
    about = [name(story.order_type), _path(story.category), _path(story.place) or story.place_text, name(story.channel)]
    st.caption(" · ".join(plain(part) for part in about if part and part != NOTHING))


def draw_facts(story: OrderStory) -> None:
    """Draw what is known of the order, in even columns."""
    contact = " ".join(part for part in (story.requester, story.phone) if part)
    facts = (
        ("order_detail.department", name(story.department) if story.department else say("orders.unassigned")),
        ("order_detail.accepted", moment(story.accepted_at)),
        ("order_detail.closed", moment(story.closed_at)),
        ("order_detail.result", _result(story)),
        ("order_detail.requester", contact or NOTHING),
        ("order_detail.address", story.address or story.place_text or NOTHING),
    )
    for column, (key, value) in zip(st.columns(3) * 2, facts, strict=True):
        with column:
            fact(key, plain(value))
    fact("case.request", text_of(story.text))


def draw_timeline(story: OrderStory) -> None:
    """Draw the rounds, the last one first, and in each of them what happened, newest first."""
    for chapter in reversed(story.chapters):
        with st.container(border=True, key=f"order_detail_round_{chapter.number}"):
            _draw_chapter_head(chapter)
            for entry in sorted(_entries(story, chapter), key=lambda one: one.at, reverse=True):
                _draw_entry(entry)


def deadline_of(chapter: Chapter) -> str:
    """Return the deadline of a round as a sentence, as far as it can be explained."""
    if chapter.due_at is None:
        return say("order_detail.no_deadline")
    if chapter.deadline is None:
        return say("order_detail.deadline_given", due=moment(chapter.due_at))
    return deadline_sentence(chapter.deadline)


# ----------------------------------------------------------------------------------------------------------------------


def _path(parts: Sequence[Named]) -> str:
    return " / ".join(name(part) for part in parts)


def _result(story: OrderStory) -> str:
    if story.satisfaction is not None:
        return joined([label(story.satisfaction), *([label(story.solved)] if story.solved else [])])
    return label(story.outcome) if story.outcome is not None else NOTHING


def _draw_chapter_head(chapter: Chapter) -> None:
    late = f" :red-badge[:material/schedule: {say('order_detail.late')}]" if chapter.late else ""
    department = f" · {plain(name(chapter.department))}" if chapter.department else ""
    st.markdown(f"**{say('case.round', number=chapter.number)}**{department}{late}")
    st.caption(f":material/event: {plain(deadline_of(chapter))}")


def _entries(story: OrderStory, chapter: Chapter) -> Iterator[Entry]:
    if chapter.sent_back is not None:
        back = chapter.sent_back
        by = f" :small[:gray[{plain(back.by)}]]" if back.by else ""
        instruction = titled(say("case.instruction"), text_of(back.instruction))
        told = f"**{label(Event.ORDER_RETURNED)}** · {plain(name(back.reason))}{by}"
        yield Entry(back.returned_at, ":orange[:material/replay:]", told, (instruction,))
    elif chapter.number == 1:
        yield Entry(chapter.opened_at, ":gray[:material/call_received:]", f"**{say('order_detail.accepted')}**")
    if chapter.closed_at is not None:
        yield _closing(chapter)
    for rated in chapter.ratings:
        if rated.source == RatingSource.SELF:
            yield Entry(rated.rated_at, _icon(rated.satisfaction), f"**{label(rated.source)}** · {_grade(rated)}")
    from_calls = [rated for rated in chapter.ratings if rated.source == RatingSource.CALLBACK]
    for call in chapter.calls:
        rating = next((one for one in from_calls if one.call_id == call.id), None)
        yield _call(call, rating)
    yield from (_consulted(one) for one in chapter.consulted)
    yield from (_event(one) for one in story.happenings if one.action in _TOLD and _within(story, chapter, one.at))


def _within(story: OrderStory, chapter: Chapter, at: datetime) -> bool:
    """Say whether something happened while a round was the last one."""
    following = next((one for one in story.chapters if one.number == chapter.number + 1), None)
    begun = chapter.number == 1 or at >= chapter.opened_at
    return begun and (following is None or at < following.opened_at)


def _closing(chapter: Chapter) -> Entry:
    assert chapter.closed_at is not None  # the caller asked
    told = say("order_detail.closed") if chapter.number == 1 else label(Event.REWORK_SUBMITTED)
    lines = [text_of(chapter.reply), f":small[:material/call: {contact_claim(chapter)}]"]
    if chapter.evidence_note:
        lines.append(f":small[:gray[{say('case.evidence')}]] {text_of(chapter.evidence_note)}")
    return Entry(chapter.closed_at, ":gray[:material/task_alt:]", f"**{told}**", tuple(lines))


def _call(call: Call, rating: Rated | None) -> Entry:
    by = f" :small[:gray[{plain(call.agent)}]]" if call.agent else ""
    told = f"**{say('order_detail.call')}** · {plain(name(call.disposition))}{by}"
    lines: list[str] = []
    if call.corrected_at is not None:
        lines.append(corrected_badge(call.corrected_at))
    if rating is not None:
        lines.append(titled(label(rating.source), _grade(rating)))
    if call.answers:
        lines.append(f":small[{' · '.join(_answer(one) for one in call.answers)}]")
    if call.reasons:
        lines.append(titled(say("field.reasons"), joined([plain(name(reason)) for reason in call.reasons])))
    lines += [say("case.quote", words=text_of(written)) for written in (call.words,) if written]
    lines += [titled(say("field.note"), text_of(written)) for written in (call.note,) if written]
    lines += [f":red-badge[:material/report: {label(finding)}]" for finding in call.findings]
    lines += [told_by_phone for one in call.phoned if (told_by_phone := phoned_line(one))]
    icon = _icon(rating.satisfaction) if rating else f":gray[:material/{'call' if call.contacted else 'phone_missed'}:]"
    return Entry(call.recorded_at, icon, told, tuple(lines))


def _consulted(one: Consulted) -> Entry:
    return Entry(
        one.asked_at, ":gray[:material/support_agent:]", f"**{label(Event.CASE_REFERRED)}**", (consulted_line(one),)
    )


def _answer(answered: Answered) -> str:
    kind = _WORDS_OF_ANSWERS.get(answered.question)
    if answered.question in _SHORT:
        asked = say(f"field.{answered.question}")
    else:
        asked = plain(name(answered.ask).rstrip("？?")) if answered.ask else plain(answered.question)
    if answered.said:
        told = joined([name(one) for one in answered.said])
    else:
        told = label(kind(answered.value)) if kind is not None else answered.value
    return f":gray[{asked}] {plain(told)}"


def _grade(rated: Rated) -> str:
    told = plain(name(rated.grade))
    coloured = f":red[{told}]" if rated.satisfaction == Satisfaction.DISSATISFIED else told
    return f"{coloured} :gray-badge[:material/check: {say('order_detail.counts')}]" if rated.counts else coloured


def _icon(satisfaction: Satisfaction) -> str:
    colour = "red" if satisfaction == Satisfaction.DISSATISFIED else "gray"
    return f":{colour}[{SATISFACTION_ICONS[satisfaction]}]"


def _event(one: Happening) -> Entry:
    who = " ".join(part for part in (one.actor, label(one.role)) if part)
    told = f"**{label(one.action)}** :small[:gray[{plain(who)}]]"
    department = f" · {plain(name(one.department))}" if one.action == Event.ORDER_ASSIGNED and one.department else ""
    lines = (text_of(one.reason),) if one.reason else ()
    return Entry(one.at, f":gray[{_EVENT_ICONS[one.action]}]", told + department, lines)


def _draw_entry(entry: Entry) -> None:
    when, what = st.columns([1, 6.2], gap="small")
    when.markdown(f":small[:gray[{short_moment(entry.at)}]]")
    what.markdown("  \n".join((f"{entry.icon} {entry.told}", *entry.lines)))
