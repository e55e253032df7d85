"""What the screen of the code lists draws: one list as a table, and the drawers in which a code is changed or added."""

from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from portal import address, drawer, forms, page, words
from portal.page import Page
from portal.words import NOTHING, joined, plain, say
from services import code_book
from services.code_book import FIELDS, LONGEST, LONGEST_WAIT, CodeBook, CodeLine, CodeList, CodeReceipt, Field
from services.code_book import FieldKind as Kind
from services.views import Named

_LATEST = date(2099, 12, 31)
_ADD = "code_add"
_DOES = "does"

Choices = Mapping[str, Sequence[Named]]


def filters(*, may_add: bool) -> tuple[CodeList, bool, bool]:
    """Draw which list is looked at; return it, whether retired codes are wanted, and whether one is to be added."""
    lists = [one.value for one in CodeList]
    with st.container(horizontal=True, vertical_alignment="bottom", key="code_lists_filters"):
        with st.container(width=220):
            which = address.choose(
                "code_lists_which", say("code_lists.which"), lists, names=_list_name, default=CodeList.REASONS.value
            )
        retired = address.switch("code_lists_retired", say("units.with_retired"))
        adding = may_add and st.button(say("code_lists.add"), icon=":material/add:", key="code_lists_add")
    st.caption(say(f"code_lists.about.{which}"))
    return CodeList(which), retired, adding


def draw_list(found: CodeBook, *, with_retired: bool) -> CodeLine | None:
    """Draw the codes of a list; return the one whose row was just clicked, or None."""
    shown = [line for line in found.lines if with_retired or line.active_to is None]
    # What a code does stands in one column, in words: a column for each would not fit into the window.
    fields = [field for field in FIELDS[found.which] if field.kind != Kind.SWITCH]
    switches = [field for field in FIELDS[found.which] if field.kind == Kind.SWITCH]
    rows = [
        {"code": line.named.code, "name": words.name(line.named)}
        | {field.name: _told(field, line.facts.get(field.name), found.choices) for field in fields}
        | ({_DOES: _does(line, switches)} if switches else {})
        | ({"until": words.day(line.active_to) if line.active_to else None} if with_retired else {})
        for line in shown
    ]
    columns = {
        "code": st.column_config.TextColumn(say("field.code"), width=70 if switches else 140, pinned=True),
        "name": st.column_config.TextColumn(say("field.name"), width=200 if switches else 300),
    }
    columns |= {field.name: st.column_config.TextColumn(say(f"field.{field.name}"), width=100) for field in fields}
    if switches:
        columns[_DOES] = st.column_config.TextColumn(say("code_lists.does"), width=230)
    if with_retired:
        columns["until"] = st.column_config.TextColumn(say("field.last_day"), width=86)
    chosen = drawer.pick(f"code_lists_{found.which.value}", rows, columns)
    return None if chosen is None else shown[chosen]


def draw_code(here: Page, which: CodeList, code_id: int) -> None:
    """Draw one code in the drawer: its names, its behaviour, and its last day."""
    page.show_notices()
    found = here.ask(code_book.list_codes, fresh=True, which=which)
    line = next(one for one in found.lines if one.named.id == code_id)
    form = f"code_{which.value}_{code_id}"
    token = forms.token(form)
    st.markdown(f"**{plain(line.named.code)}** · {plain(words.name(line.named))}")
    st.caption(say("code_lists.code_stays"))
    seen = drawer.up_to_date(form, line.version)
    _draw_names(token, line.named.zh, line.named.en)
    for field in FIELDS[which]:
        if field.fixed:
            told = _told(field, line.facts.get(field.name), found.choices)
            st.markdown(f":small[:gray[{say(f'field.{field.name}')}]]  \n{plain(told or NOTHING)}")
        else:
            _draw_field(field, token, line.facts.get(field.name), found.choices)
    drawer.save(token, _change, (here, which, line, form, token, seen))
    _draw_life(here, which, line, form, token, seen)


def draw_new(here: Page, which: CodeList) -> None:
    """Draw the form that adds a code; nothing is chosen beforehand."""
    page.show_notices()
    found = here.ask(code_book.list_codes, fresh=True, which=which)
    form = f"{_ADD}_{which.value}"
    token = forms.token(form)
    st.text_input(say("field.code"), key=f"code_{token}", max_chars=20, help=say("code_lists.code_help"))
    _draw_names(token, "", "")
    for field in FIELDS[which]:
        _draw_field(field, token, None, found.choices)
    st.button(
        say("code_lists.add"),
        key=f"add_{token}",
        type="primary",
        icon=":material/add:",
        on_click=_add,
        args=(here, which, form, token),
    )


# ---------------------------------------------------------------------------------------------------------------------


def _list_name(code: str) -> str:
    return say(f"code_lists.list.{code}")


def _draw_names(token: str, name: str, name_en: str) -> None:
    st.text_input(say("field.name"), name, key=f"name_{token}", max_chars=LONGEST["name"])
    st.text_input(say("field.name_en"), name_en, key=f"name_en_{token}", max_chars=LONGEST["name_en"])


def _draw_field(field: Field, token: str, value: code_book.Value, choices: Choices) -> None:
    key, told = f"{field.name}_{token}", say(f"field.{field.name}")
    named = {one.code: words.name(one) for one in choices.get(field.name, ())}
    if field.kind == Kind.SWITCH:
        st.toggle(told, bool(value), key=key)
    elif field.kind == Kind.MINUTES:
        st.number_input(
            told,
            min_value=1,
            max_value=LONGEST_WAIT,
            value=value if isinstance(value, int) else None,
            key=key,
            placeholder=say("code_lists.by_policy"),
        )
    elif field.kind == Kind.WORD:
        options = list(field.words or named)
        st.selectbox(
            told,
            options,
            index=options.index(value) if isinstance(value, str) and value in options else None,
            format_func=lambda code: named.get(code) or _word(field, code),
            placeholder=NOTHING,
            key=key,
        )
    else:
        chosen = [code for code in value if code in named] if isinstance(value, tuple) else []
        st.multiselect(
            told, list(named), chosen, format_func=named.__getitem__, placeholder=say("code_lists.all"), key=key
        )


def _word(field: Field, code: str) -> str:
    key = f"code_lists.{field.name}.{code}"
    return say(key) if words.says(key) else code


def _told(field: Field, value: code_book.Value, choices: Choices) -> str | None:
    named = {one.code: words.name(one) for one in choices.get(field.name, ())}
    if field.kind == Kind.SWITCH:
        return say("code_lists.yes") if value else None
    if field.kind == Kind.CODES:
        return joined([named.get(code, code) for code in value]) if isinstance(value, tuple) and value else None
    if value is None:
        return None
    return named.get(str(value)) or (_word(field, str(value)) if field.kind == Kind.WORD else str(value))


def _does(line: CodeLine, switches: Sequence[Field]) -> str | None:
    return joined([say(f"field.{field.name}") for field in switches if line.facts.get(field.name)]) or None


def _draw_life(here: Page, which: CodeList, line: CodeLine, form: str, token: str, seen: int) -> None:
    """Draw the way to retire a code, or to take the retirement back."""
    st.divider()
    retired = line.active_to is not None
    if retired:
        st.caption(say("code_lists.retired_on", day=words.day(line.active_to)))
    else:
        st.caption(say("code_lists.retire_help"))
        st.date_input(say("field.last_day"), None, key=f"last_day_{token}", max_value=_LATEST, format="YYYY-MM-DD")
    st.text_input(say("field.reason"), key=f"reason_{token}", max_chars=200)
    st.button(
        say("units.restore" if retired else "units.retire"),
        key=f"retire_{token}",
        icon=":material/restore:" if retired else ":material/event_busy:",
        on_click=_retire,
        args=(here, which, line, form, token, seen),
    )


def _written(name: str, token: str) -> str:
    return str(st.session_state.get(f"{name}_{token}") or "")


def _facts(which: CodeList, token: str, *, adding: bool) -> dict[str, code_book.Value]:
    facts: dict[str, code_book.Value] = {}
    for field in FIELDS[which]:
        if field.fixed and not adding:
            continue
        value = st.session_state.get(f"{field.name}_{token}")
        facts[field.name] = tuple(value or ()) if field.kind == Kind.CODES else value
    return facts


def _add(here: Page, which: CodeList, form: str, token: str) -> None:
    receipt = here.act(
        code_book.add_code,
        which=which,
        code=_written("code", token),
        name=_written("name", token),
        name_en=_written("name_en", token),
        facts=_facts(which, token, adding=True),
        request_id=f"{token}-add",
    )
    _done(receipt, form, token, "code_lists.added")


def _change(here: Page, which: CodeList, line: CodeLine, form: str, token: str, seen: int) -> None:
    receipt = here.act(
        code_book.change_code,
        which=which,
        code_id=line.named.id,
        seen=seen,
        name=_written("name", token),
        name_en=_written("name_en", token),
        facts=_facts(which, token, adding=False),
        request_id=f"{token}-save",
    )
    _done(receipt, form, token, "code_lists.saved")


def _retire(here: Page, which: CodeList, line: CodeLine, form: str, token: str, seen: int) -> None:
    receipt = here.act(
        code_book.retire_code,
        which=which,
        code_id=line.named.id,
        seen=seen,
        last_day=None if line.active_to else st.session_state.get(f"last_day_{token}"),
        reason=_written("reason", token),
        request_id=f"{token}-retire",
    )
    _done(receipt, form, token, "code_lists.restored" if line.active_to else "code_lists.retired")


def _done(receipt: CodeReceipt | None, form: str, token: str, said: str) -> None:
    if receipt is not None:
        forms.renew(form, token)
        page.notice(said, code=plain(receipt.code))
