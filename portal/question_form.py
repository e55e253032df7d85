"""The fields in which one question of a draft is written, and the document that stands in them.

A document is what a draft keeps, so a question is drawn from one and collected into one. What cannot be read as it was
meant, such as a number with letters in it, is kept as it was typed and named as a problem.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from db.vocabulary import Satisfaction
from portal import questionnaire_words
from portal.words import label, name, say
from services.questionnaires import Opened, Scale
from services.rules import question_format
from services.rules.questions import CHOSEN, Kind

Entry = dict[str, Any]
SPARE_CHOICES, MOST_CONDITIONS = 2, 3
GRADED = "graded:"
"""How an option of a condition is marked that means what a grade counts as, and not one grade."""


def draw(entry: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]], opened: Opened, token: str) -> None:
    """Draw the fields of one question; those of its kind follow the kind that is chosen."""
    kind = _draw_name(entry, opened, token)
    texts(entry, "ask", token, say("form_part.ask"), question_format.LONGEST_ASK)
    if kind in (Kind.SINGLE, Kind.SEVERAL):
        _draw_choices(entry, token)
    _draw_limits(entry, earlier, kind, token)
    _draw_conditions(entry, earlier, opened.scales, "asked_if", token)
    with st.expander(say("questionnaires.more")):
        texts(entry, "script", token, say("form_part.script"), question_format.LONGEST_SCRIPT, lines=True)
        st.caption(say("questionnaires.variables"))
        texts(entry, "help", token, say("form_part.help"), question_format.LONGEST_HELP)
        _draw_conditions(entry, earlier, opened.scales, "required_if", token)


def collected(entry: Mapping[str, Any], token: str) -> Entry:
    """Return the question as it stands in the fields, or as it was where they are not drawn."""
    state = st.session_state
    if _key(token, "code") not in state:
        return dict(entry)
    kind = str(state.get(_key(token, "kind")) or "")
    found: Entry = {
        "code": str(state[_key(token, "code")]).strip(),
        "kind": kind,
        "needed": bool(state.get(_key(token, "needed"))),
        "ask": text_in("ask", token) or {"zh": "", "en": ""},
    }
    if kind == Kind.GRADE:
        found["scale"] = str(state.get(_key(token, "scale")) or "")
    if kind in (Kind.SINGLE, Kind.SEVERAL):
        found["choices"] = _choices_in(token)
    limits = _limits_in(kind, token)
    conditions = {part: _conditions_in(part, token) for part in ("asked_if", "required_if")}
    optional = {"validation": limits, **conditions, "script": text_in("script", token), "help": text_in("help", token)}
    return found | {part: value for part, value in optional.items() if value}


def texts(entry: Mapping[str, Any], part: str, token: str, title: str, longest: int, *, lines: bool = False) -> None:
    """Draw the two fields of words in both languages, side by side."""
    written = entry.get(part)
    facts: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    for column, language in zip(st.columns(2), ("zh", "en"), strict=True):
        told, key = say(f"form_part.in_{language}", part=title), _key(token, f"{part}_{language}")
        value = str(facts.get(language) or "")
        if lines:
            column.text_area(told, value, height=68, key=key, max_chars=longest)
        else:
            column.text_input(told, value, key=key, max_chars=longest)


def text_in(part: str, token: str) -> dict[str, str]:
    """Return the words that stand in the two fields, or nothing where both are empty."""
    words = {one: str(st.session_state.get(_key(token, f"{part}_{one}")) or "").strip() for one in ("zh", "en")}
    return words if any(words.values()) else {}


# ---------------------------------------------------------------------------------------------------------------------


def _key(token: str, field: str) -> str:
    return f"question_{field}_{token}"


def _draw_name(entry: Mapping[str, Any], opened: Opened, token: str) -> str:
    """Draw the code, the kind and the scale; return the kind that is chosen."""
    code, kind, scale, needed = st.columns([4, 3, 3, 3], vertical_alignment="bottom")
    code.text_input(
        say("form_part.code"),
        str(entry.get("code") or ""),
        key=_key(token, "code"),
        max_chars=40,
        help=say("questionnaires.code_help"),
    )
    kinds = [one.value for one in Kind]
    chosen = kind.selectbox(
        say("form_part.kind"),
        kinds,
        kinds.index(str(entry.get("kind"))) if entry.get("kind") in kinds else 0,
        key=_key(token, "kind"),
        format_func=lambda one: say(f"question_kind.{one}"),
    )
    if chosen == Kind.GRADE:
        scales = {one.named.code: one for one in opened.scales}
        known = list(dict.fromkeys([*scales, *([str(entry["scale"])] if entry.get("scale") else [])]))
        scale.selectbox(
            say("form_part.scale"),
            known,
            known.index(str(entry.get("scale"))) if entry.get("scale") in known else 0,
            key=_key(token, "scale"),
            format_func=lambda one: name(scales[one].named) if one in scales else one,
        )
    needed.toggle(
        say("form_part.needed"),
        bool(entry.get("needed")),
        key=_key(token, "needed"),
        help=say("questionnaires.needed_help"),
    )
    return str(chosen)


def _draw_choices(entry: Mapping[str, Any], token: str) -> None:
    """Draw a row for every answer that can be chosen, and some more; an emptied row is left out."""
    listed = [one if isinstance(one, Mapping) else {} for one in entry.get("choices") or ()]
    st.caption(say("questionnaires.choices_help"))
    for number in range(len(listed) + SPARE_CHOICES):
        one: Mapping[str, Any] = listed[number] if number < len(listed) else {}
        named = one.get("name")
        names: Mapping[str, Any] = named if isinstance(named, Mapping) else {}
        facts = {"code": one.get("code"), "zh": names.get("zh"), "en": names.get("en")}
        titles = {
            "code": say("form_part.code"),
            "zh": say("form_part.in_zh", part=say("form_part.choice")),
            "en": say("form_part.in_en", part=say("form_part.choice")),
        }
        for column, part in zip(st.columns([3, 5, 5]), facts, strict=True):
            column.text_input(
                titles[part],
                str(facts[part] or ""),
                key=_key(token, f"choice_{number}_{part}"),
                max_chars=question_format.LONGEST_NAME,
                placeholder=titles[part],
                label_visibility="visible" if number == 0 else "collapsed",
            )


def _choices_in(token: str) -> list[Entry]:
    found = []
    number = 0
    while _key(token, f"choice_{number}_code") in st.session_state:
        code, zh, en = (
            str(st.session_state.get(_key(token, f"choice_{number}_{part}")) or "").strip()
            for part in ("code", "zh", "en")
        )
        if code or zh or en:
            found.append({"code": code, "name": {"zh": zh, "en": en}})
        number += 1
    return found


def _draw_limits(entry: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]], kind: str, token: str) -> None:
    """Draw the limits that a kind of question has."""
    parts = [part for part in _LIMITS if part in question_format.limits_of(Kind(kind))]
    if not parts:
        return
    written = entry.get("validation")
    limits: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    same = [str(one.get("code")) for one in earlier if one.get("kind") == kind]
    for column, part in zip(st.columns(len(parts)), parts, strict=True):
        with column:
            _draw_limit(part, limits.get(part), Kind(kind), same, token)


def _draw_limit(part: str, value: Any, kind: Kind, same: Sequence[str], token: str) -> None:
    key, title = _key(token, part), say(f"form_part.{part}")
    if part in ("not_before", "not_after"):
        known = list(dict.fromkeys(["", *same, *([str(value)] if value else [])]))
        st.selectbox(
            title,
            known,
            known.index(str(value or "")),
            key=key,
            format_func=lambda code: code or say("questionnaires.no_other"),
        )
    elif part in ("decimals", "shortest", "longest", "most_choices"):
        whole = value if isinstance(value, int) else None
        st.number_input(title, value=whole, min_value=0, max_value=2000, step=1, key=key)
    elif kind == Kind.DATE and part in ("least", "most"):
        hint = say("questionnaires.day_or_today" if part == "most" else "questionnaires.a_day")
        st.text_input(title, str(value or ""), key=key, max_chars=10, placeholder=hint)
    else:
        st.text_input(title, "" if value is None else str(value), key=key, max_chars=question_format.LONGEST_PATTERN)


def _limits_in(kind: str, token: str) -> Entry:
    found: Entry = {}
    for part in _LIMITS:
        value = st.session_state.get(_key(token, part))
        if kind not in list(Kind) or part not in question_format.limits_of(Kind(kind)) or value in (None, ""):
            continue
        if kind == Kind.NUMBER and part in ("least", "most"):
            written = str(value).strip()
            found[part] = int(written) if written.lstrip("-").isdecimal() else written
        else:
            found[part] = value.strip() if isinstance(value, str) else value
    return found


def _draw_conditions(
    entry: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]], scales: Sequence[Scale], part: str, token: str
) -> None:
    """Draw the conditions of a branch: an earlier question, and the answers of which one must have been given."""
    places = {str(one.get("code")): number for number, one in enumerate(earlier) if one.get("kind") in list(CHOSEN)}
    written = entry.get(part)
    listed = [one for one in written if isinstance(one, Mapping)] if isinstance(written, Sequence) else []
    if not places and not listed:
        return
    st.caption(say(f"questionnaires.{part}_help"))
    for number in range(min(len(listed) + 1, MOST_CONDITIONS)):
        one: Mapping[str, Any] = listed[number] if number < len(listed) else {}
        code = str(one.get("question") or "")
        known = list(dict.fromkeys(["", *places, *([code] if code else [])]))
        which, answers = st.columns([6, 7])
        chosen = which.selectbox(
            say("questionnaires.earlier"),
            known,
            known.index(code),
            key=_key(token, f"{part}_{number}_question"),
            format_func=partial(_earlier, earlier, places),
            label_visibility="collapsed",
        )
        if not chosen:
            continue
        asked = earlier[places[chosen]] if chosen in places else {}
        told = [*(f"{GRADED}{word}" for word in one.get("graded") or ()), *(one.get("equals") or ())]
        kept = [str(word) for word in told] if chosen == code else []
        options = _options(asked, scales)
        answers.multiselect(
            say("questionnaires.answers"),
            list(dict.fromkeys([*options, *kept])),
            kept,
            key=_key(token, f"{part}_{number}_answers_{chosen}"),
            format_func=partial(_option, options),
            placeholder=say("questionnaires.answers"),
            label_visibility="collapsed",
        )


def _earlier(earlier: Sequence[Mapping[str, Any]], places: Mapping[str, int], code: str) -> str:
    if not code:
        return say("questionnaires.no_condition")
    return questionnaire_words.ask_of(earlier[places[code]], places[code]) if code in places else code


def _option(options: Mapping[str, str], word: str) -> str:
    return options.get(word, word)


def _options(asked: Mapping[str, Any], scales: Sequence[Scale]) -> dict[str, str]:
    """Return the answers by which a condition can go, in words: choices, grades, and what grades count as."""
    if asked.get("kind") == Kind.GRADE:
        counted = {f"{GRADED}{one.value}": say("questionnaires.counts_as", what=label(one)) for one in Satisfaction}
        grades = {
            grade.code: name(grade) for one in scales if one.named.code == asked.get("scale") for grade in one.grades
        }
        return counted | grades
    return {
        str(one.get("code")): questionnaire_words.text_of(one.get("name")) or str(one.get("code"))
        for one in asked.get("choices") or ()
        if isinstance(one, Mapping)
    }


def _conditions_in(part: str, token: str) -> list[Entry]:
    found = []
    for number in range(MOST_CONDITIONS):
        code = st.session_state.get(_key(token, f"{part}_{number}_question"))
        if not code:
            continue
        words = [str(one) for one in st.session_state.get(_key(token, f"{part}_{number}_answers_{code}")) or ()]
        graded = [word.removeprefix(GRADED) for word in words if word.startswith(GRADED)]
        equals = [word for word in words if not word.startswith(GRADED)]
        entry: Entry = {"question": code}
        entry |= {"graded": graded} if graded else {}
        entry |= {"equals": equals} if equals or not graded else {}
        found.append(entry)
    return found


_LIMITS = (*("least", "most", "decimals", "shortest", "longest", "pattern", "most_choices", "not_before", "not_after"),)
