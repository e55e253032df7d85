"""What the screen of people draws of the units: the tree as a list, and the drawer in which one unit is changed."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from db.vocabulary import DepartmentKind
from portal import address, drawer, forms, page, words
from portal.page import Page
from portal.words import label, plain, say
from services import departments
from services.departments import DepartmentLine

_LATEST = date(2099, 12, 31)


def draw_list(lines: Sequence[DepartmentLine]) -> DepartmentLine | None:
    """Draw the filters and the tree; return the unit whose row was just clicked, or None."""
    shown = _filtered(lines)
    st.caption(say("units.count", n=len(shown)))
    if not shown:
        st.info(say("units.none"), icon=":material/filter_alt_off:")
        return None
    rows = [
        {
            "name": "\u3000" * line.depth + words.name(line.named),
            "code": line.named.code,
            "kind": label(line.kind),
            "group": _group(line.ranking_group or ""),
            "people": line.people,
            "since": words.day(line.active_from),
            "until": None if line.active_to is None else words.day(line.active_to),
            "note": say("units.sample") if line.sample else None,
        }
        for line in shown
    ]
    widths = {"name": 240, "code": 110, "kind": 96, "group": 96, "since": 92, "until": 92, "note": 60}
    columns = {name: st.column_config.TextColumn(say(f"units.column.{name}"), width=widths[name]) for name in widths}
    columns["people"] = st.column_config.NumberColumn(say("units.column.people"), width=60, format="localized")
    chosen = drawer.pick("units_list", rows, columns)
    return None if chosen is None else shown[chosen]


def draw_unit(here: Page, department_id: int) -> None:
    """Draw one unit in the drawer: its names and group, and its last day."""
    page.show_notices()
    lines = here.ask(departments.list_departments, fresh=True)
    line = next(one for one in lines if one.id == department_id)
    form = f"unit_{department_id}"
    token = forms.token(form)
    st.markdown(f"**{plain(words.name(line.named))}** · {label(line.kind)} · {plain(line.named.code)}")
    st.caption(say("units.code_stays"))
    seen = drawer.up_to_date(form, line.version)
    groups = sorted({one.ranking_group for one in lines if one.ranking_group})
    st.text_input(say("field.name"), line.named.zh, key=f"name_{token}", max_chars=120)
    st.text_input(say("field.name_en"), line.named.en, key=f"name_en_{token}", max_chars=160)
    st.selectbox(
        say("field.ranking_group"),
        ["", *groups],
        index=["", *groups].index(line.ranking_group or ""),
        format_func=_group,
        key=f"group_{token}",
    )
    drawer.save(token, _save, (here, line, token, seen))
    _draw_life(here, line, token, seen)


# ---------------------------------------------------------------------------------------------------------------------


def _filtered(lines: Sequence[DepartmentLine]) -> list[DepartmentLine]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="units_filters"):
        with st.container(width=220):
            written = address.write(
                "people_unit_words", say("units.words"), placeholder=say("units.words_hint")
            ).lower()
        kinds = ["", *(kind.value for kind in DepartmentKind)]
        with st.container(width=150):
            kind = address.choose("people_unit_kind", say("units.column.kind"), kinds, names=_kind)
        retired = address.switch("people_unit_retired", say("units.with_retired"))
    return [
        line
        for line in lines
        if written in f"{line.named.zh} {line.named.en} {line.named.code}".lower()
        and kind in ("", line.kind.value)
        and (retired or line.active_to is None)
    ]


def _kind(word: str) -> str:
    return label(DepartmentKind(word)) if word else say("people.all")


def _group(code: str) -> str:
    if not code:
        return words.NOTHING
    return say(f"ranking_group.{code}") if words.says(f"ranking_group.{code}") else code


def _draw_life(here: Page, line: DepartmentLine, token: str, seen: int) -> None:
    """Draw the way to retire a unit, or to take the retirement back."""
    st.divider()
    retired = line.active_to is not None
    if retired:
        st.caption(say("units.retired_on", day=words.day(line.active_to)))
    else:
        st.caption(say("units.retire_help"))
        st.date_input(
            say("field.last_day"),
            None,
            key=f"last_day_{token}",
            min_value=line.active_from,
            max_value=_LATEST,
            format="YYYY-MM-DD",
        )
    st.text_input(say("field.reason"), key=f"reason_{token}", max_chars=200)
    st.button(
        say("units.restore" if retired else "units.retire"),
        key=f"retire_{token}",
        icon=":material/restore:" if retired else ":material/event_busy:",
        on_click=_restore if retired else _retire,
        args=(here, line, token, seen),
    )


def _written(field: str, token: str) -> str:
    return str(st.session_state.get(f"{field}_{token}") or "")


def _save(here: Page, line: DepartmentLine, token: str, seen: int) -> None:
    receipt = here.act(
        departments.change_department,
        department_id=line.id,
        seen=seen,
        name=_written("name", token),
        name_en=_written("name_en", token),
        ranking_group=_written("group", token),
        request_id=f"{token}-save",
    )
    _done(line, token, receipt, "units.saved")


def _retire(here: Page, line: DepartmentLine, token: str, seen: int) -> None:
    _set_last_day(here, line, token, seen, st.session_state.get(f"last_day_{token}"))


def _restore(here: Page, line: DepartmentLine, token: str, seen: int) -> None:
    _set_last_day(here, line, token, seen, None)


def _set_last_day(here: Page, line: DepartmentLine, token: str, seen: int, last_day: date | None) -> None:
    receipt = here.act(
        departments.retire_department,
        department_id=line.id,
        seen=seen,
        last_day=last_day,
        reason=_written("reason", token),
        request_id=f"{token}-retire",
    )
    _done(line, token, receipt, "units.restored" if last_day is None else "units.retired")


def _done(line: DepartmentLine, token: str, receipt: departments.DepartmentReceipt | None, said: str) -> None:
    if receipt is not None:
        forms.renew(f"unit_{line.id}", token)
        page.notice(said, name=plain(words.name(line.named)))
