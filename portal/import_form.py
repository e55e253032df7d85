"""The form of the import screen: the source, the upload, the preview, and the start, which is sent once."""

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st

from db.vocabulary import ImportKind
from portal import forms, import_report, import_tables, runtime, uploads, words
from portal.page import Page
from portal.uploads import Choice, Uploaded
from portal.words import label, plain, say
from services import exchange
from services.errors import PortalError
from services.intake.profile import FileFormat
from services.intake.reading import UPLOAD_LIMIT
from services.intake.views import Preview
from services.rules.permissions import Permission

CHECKED = 200
"""Rows that are checked before anything is stored."""

SHOWN = 20
"""Rows of them that are shown as they will be stored."""

MOST_FILES = 60
FORMATS = ("csv", "xlsx", "json", "jsonl")

_FORM = "exchange"
_LOOKED_AT = "exchange_looked_at"


def draw(here: Page, *, started: Callable[[int], None]) -> None:
    """Ask for a source and a file, show what would be stored, and offer to start; `started` is told the import."""
    if not here.may(Permission.ORDER_IMPORT):
        st.info(say("exchange.only_look"), icon=":material/info:")
        return
    token = forms.token(_FORM)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        choice = _choose_source(here, token)
    with right, st.container(border=True, height="stretch"):
        files = _upload(token, choice)
    if not files:
        st.info(say("exchange.empty_preview", n=SHOWN), icon=":material/preview:")
        return
    with st.container(border=True):
        _preview(here, token, files, choice, started)


# ---------------------------------------------------------------------------------------------------------------------


def _choose_source(here: Page, token: str) -> Choice:
    st.subheader(say("exchange.source"), anchor=False)
    kind = st.segmented_control(
        say("exchange.kind"),
        list(ImportKind),
        default=ImportKind.ORDERS,
        required=True,
        format_func=label,
        key="exchange_kind",
    )
    kind = ImportKind(kind or ImportKind.ORDERS)
    profile = st.selectbox(
        say("exchange.profile"),
        uploads.sources(kind),
        format_func=import_tables.profile_name,
        key=f"exchange_profile_{kind}",
    )
    of_ratings = profile == "huixiang" and kind == ImportKind.RATINGS
    st.caption(say("exchange.profile_note.huixiang_ratings" if of_ratings else f"exchange.profile_note.{profile}"))
    own = None
    if profile == uploads.OWN:
        name = say("exchange.own_profile")
        own = st.file_uploader(name, type=["toml"], max_upload_size=1, key=f"exchange_own_{token}")
    elif profile == "huixiang":
        _templates(here, kind)
    return Choice(kind, profile, own)


def _templates(here: Page, kind: ImportKind) -> None:
    name = say(f"exchange.template_file.{kind}")
    with st.container(horizontal=True, vertical_alignment="center"):
        for form in (FileFormat.CSV, FileFormat.XLSX):
            st.download_button(
                say(f"exchange.template_{form}"),
                here.later(exchange.read_template, kind=kind, form=form),
                file_name=f"{name}.{form}",
                icon=":material/download:",
                on_click="ignore",
                key=f"exchange_template_{form}",
            )
    st.caption(say("exchange.template_note"))


def _upload(token: str, choice: Choice) -> Sequence[Uploaded]:
    st.subheader(say("exchange.upload"), anchor=False)
    if not choice.ready:
        st.info(say("exchange.waiting_for_profile"), icon=":material/info:")
        return ()
    # Any file is taken and told by its content: a refusal of ours is read on the screen, the widget's only on hovering.
    files: Sequence[Uploaded] = st.file_uploader(
        say("exchange.files"),
        accept_multiple_files=True,
        key=f"exchange_files_{token}",
    )
    megabytes = words.number(UPLOAD_LIMIT // 1024**2)
    st.caption(say("exchange.limits", n=MOST_FILES, size=megabytes, formats=", ".join(FORMATS).upper()))
    return files


def _preview(here: Page, token: str, files: Sequence[Uploaded], choice: Choice, started: Callable[[int], None]) -> None:
    st.subheader(say("exchange.preview"), anchor=False)
    if len(files) > MOST_FILES:
        st.error(say("exchange.too_many_files", n=len(files), limit=words.number(MOST_FILES)), icon=":material/error:")
        return
    found = _looked_at(here, files, choice)
    if isinstance(found, PortalError):
        st.error(import_tables.refused(found), icon=":material/error:")
        return
    if not found.lines:
        st.warning(say("exchange.no_rows"), icon=":material/warning:")
        return
    bad = import_tables.left_out(found.lines)
    hopeless = bad == len(found.lines)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(_summary(found, bad))
        st.button(
            say("exchange.start"),
            type="primary",
            icon=":material/play_arrow:",
            key=f"exchange_start_{token}",
            disabled=hopeless and len(found.lines) < CHECKED,
            on_click=_start,
            args=(here, token, tuple(files), choice, started),
        )
    if hopeless:
        st.warning(say("exchange.all_rejected"), icon=":material/warning:")
    elif bad:
        st.caption(say("exchange.start_note"))
    _preview_tables(found, choice, files)


def _preview_tables(found: Preview, choice: Choice, files: Sequence[Uploaded]) -> None:
    problems = [one for line in found.lines for one in line.problems]
    if problems:
        st.markdown(f"**{say('exchange.problems_so_far', n=len(problems))}**")
        import_report.problem_table(problems, "exchange_preview_problems")
    first = found.lines[:SHOWN]
    st.markdown(f"**{say('exchange.preview_rows', n=len(first))}**")
    height: Literal["auto"] | int = "auto" if len(first) <= 8 else 300
    table = import_tables.preview_table(first, choice.kind)
    st.dataframe(table, hide_index=True, height=height, key="exchange_preview")
    if len(files) > 1:
        st.caption(say("exchange.preview_of_several", file=plain(uploads.plain_name(files[0].name))))


def _summary(found: Preview, bad: int) -> str:
    """One line of what the checked rows look like: how many go in, how many do not, how many warnings."""
    warned = sum(not one.rejects for line in found.lines for one in line.problems)
    said = [f":green[:material/check_circle: {say('exchange.preview_good', n=len(found.lines) - bad)}]"]
    if bad:
        said.append(f":red[:material/block: {say('exchange.preview_bad', n=bad)}]")
    if warned:
        said.append(f":orange[:material/warning: {say('exchange.preview_warned', n=warned)}]")
    return " · ".join([say("exchange.preview_note", n=len(found.lines)), *said])


def _looked_at(here: Page, files: Sequence[Uploaded], choice: Choice) -> Preview | PortalError:
    """The preview of these files, made once and kept while neither they nor the choice change."""
    key = choice.key(files)
    kept: tuple[tuple[str, ...], Preview | PortalError] | None = st.session_state.get(_LOOKED_AT)
    if kept is None or kept[0] != key:
        try:
            with st.spinner(say("exchange.reading")):
                found: Preview | PortalError = uploads.preview(here.access, files=files, choice=choice, rows=CHECKED)
        except PortalError as refusal:
            found = refusal
        kept = st.session_state[_LOOKED_AT] = (key, found)
    return kept[1]


def _start(here: Page, token: str, files: Sequence[Uploaded], choice: Choice, started: Callable[[int], None]) -> None:
    done = here.act(uploads.start, files=files, choice=choice, request_id=token)
    if done is None:
        return
    forms.renew(_FORM, token)
    st.session_state.pop(_LOOKED_AT, None)
    runtime.imports().wake()
    started(done.import_id)
