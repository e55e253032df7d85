"""Import: a sheet is chosen, looked at, taken in while its progress shows, and reported on; earlier ones below."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from portal import import_form, import_progress, import_report, import_tables, page
from portal.words import plain, say
from services import exchange
from services.environment import retrying
from services.errors import NotFound
from services.intake.views import ImportStatus

here = page.open("exchange")

# The word in the address that names the import whose report is shown.
IMPORT = "exchange_import"


def draw() -> None:
    """Show one import where the address names one, else what is under way and the form; and always the earlier ones."""
    chosen = _chosen()
    recent = here.ask(exchange.recent_imports, fresh=True)
    if chosen is not None:
        _one_import(chosen)
    else:
        for status in reversed([one for one in recent if one.state in import_tables.ACTIVE]):
            import_progress.draw(status, chosen=False)
        import_form.draw(here, started=_show)
    _history([one for one in recent if one.state not in import_tables.ACTIVE], chosen)


def _one_import(number: int) -> None:
    try:
        status = retrying(partial(exchange.import_status, here.access, import_id=number))
    except NotFound:
        st.warning(say("exchange.not_found"), icon=":material/warning:")
        st.button(say("exchange.back"), icon=":material/add:", key="exchange_back", on_click=_show, args=(None,))
        return
    if status.state in import_tables.ACTIVE:
        import_progress.draw(status, chosen=True)
        st.button(say("exchange.back"), icon=":material/add:", key="exchange_back", on_click=_show, args=(None,))
        return
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(say("exchange.report"), anchor=False)
            st.button(say("exchange.back"), icon=":material/add:", key="exchange_back", on_click=_show, args=(None,))
        st.markdown(f"**{plain(status.file_name)}**  \n:small[:gray[{import_tables.about(status)}]]")
        import_report.draw(here, status)


def _history(recent: Sequence[ImportStatus], chosen: int | None) -> None:
    st.subheader(say("exchange.history"), anchor=False)
    if not recent:
        st.caption(say("exchange.history_empty"))
        return
    st.caption(say("exchange.history_note"))
    key = f"exchange_history_{chosen or 0}_{recent[0].id}"
    figures = {
        say(f"exchange.figure.{name}"): st.column_config.TextColumn(alignment="right") for name in import_tables.LISTED
    }
    narrow = {"file": 150, "profile": 110, "who": 90}
    widths = {say(f"exchange.column.{name}"): st.column_config.TextColumn(width=w) for name, w in narrow.items()}
    st.dataframe(
        import_tables.history_table(recent),
        hide_index=True,
        on_select=partial(_show_selected, key, [one.id for one in recent]),
        selection_mode="single-row",
        column_config=figures | widths,
        key=key,
    )


def _show_selected(key: str, numbers: Sequence[int]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        _show(numbers[rows[0]])


def _show(number: int | None) -> None:
    """Put an import into the address, or take it out."""
    if number is None:
        st.query_params.pop(IMPORT, None)
    else:
        st.query_params[IMPORT] = str(number)


def _chosen() -> int | None:
    """The import that the address names; a word that is no number names none."""
    asked = st.query_params.get(IMPORT, "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else None


draw()
