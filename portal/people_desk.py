"""What the screen of people draws: the list, the drawer in which one person is changed, and the one that adds."""

import streamlit as st

from db.vocabulary import Role
from portal import address, drawer, forms, keyset, page, words
from portal.page import Page
from portal.words import label, plain, say
from services import departments, skills, staff
from services.departments import DepartmentLine
from services.errors import Invalid
from services.rules.permissions import PRECEDENCE, SCOPED, Permission
from services.staff import Grant, PeopleFilter, PersonLine

ADD = "person_add"
_KEY = "people"

_ROLES = [role.value for role in reversed(PRECEDENCE)]


def filters(here: Page) -> tuple[PeopleFilter, bool]:
    """Draw the filters; return what they mean, and whether somebody is to be added."""
    states = {"": None, "active": True, "disabled": False}
    with st.container(horizontal=True, vertical_alignment="bottom", key="people_filters"):
        with st.container(width=220):
            written = address.write("people_words", say("people.words"), placeholder=say("people.words_hint"))
        with st.container(width=150):
            role = address.choose("people_role", say("field.role"), ["", *_ROLES], names=_role_or_all)
        with st.container(width=130):
            state = address.choose("people_state", say("people.state"), list(states), names=_state_or_all)
        adding = here.may(Permission.PERSON_MANAGE) and st.button(
            say("people.add"), icon=":material/person_add:", key="people_add"
        )
    return PeopleFilter(words=written, role=Role(role) if role else None, active=states[state]), adding


def draw_list(found: staff.PeoplePage) -> PersonLine | None:
    """Draw the people; return the one whose row was just clicked, or None."""
    rows = [
        {
            "name": line.name,
            "roles": " · ".join(grant_words(grant) for grant in line.grants) or say("people.no_role"),
            "skills": " · ".join(words.name(skill) for skill in line.skills),
            "state": say("people.active" if line.active else "people.disabled"),
            "subject": line.subject,
            "issuer": line.issuer,
        }
        for line in found.lines
    ]
    widths = {"name": 150, "roles": 230, "skills": 150, "state": 80, "subject": 150, "issuer": 180}
    columns = {name: st.column_config.TextColumn(say(f"people.column.{name}"), width=widths[name]) for name in widths}
    chosen = drawer.pick(f"people_list_{keyset.page_number(_KEY)}", rows, columns)
    keyset.draw(_KEY, found.next, len(found.lines))
    return None if chosen is None else found.lines[chosen]


def draw_person(here: Page, person_id: int) -> None:
    """Draw one person in the drawer: name and language, roles, and whether they may sign in."""
    page.show_notices()
    line = here.ask(staff.get_person, fresh=True, person_id=person_id)
    form = f"person_{person_id}"
    token = forms.token(form)
    st.markdown(f"**{plain(line.name)}** · {say('people.active' if line.active else 'people.disabled')}")
    st.text(f"{line.subject} @ {line.issuer}")
    seen = drawer.up_to_date(form, line.version)
    st.text_input(say("people.column.name"), line.name, key=f"name_{token}", max_chars=80)
    st.selectbox(
        say("field.language"),
        list(words.LANGUAGES),
        list(words.LANGUAGES).index(line.language),
        format_func=words.LANGUAGES.__getitem__,
        key=f"language_{token}",
    )
    drawer.save(token, _save, (here, line, token, seen))
    _draw_roles(here, line, token, seen)
    _draw_skills(here, line, token, seen)
    _draw_state(here, line, token, seen)


def draw_new(here: Page) -> None:
    """Draw the form that adds a person; nothing is chosen beforehand."""
    page.show_notices()
    token = forms.token(ADD)
    st.text_input(say("people.column.name"), key=f"name_{token}", max_chars=80)
    st.text_input(say("field.subject"), key=f"subject_{token}", max_chars=200, help=say("people.subject_help"))
    st.text_input(say("field.issuer"), key=f"issuer_{token}", max_chars=200, help=say("people.issuer_help"))
    _draw_role_choice(here, token)
    st.button(
        say("people.add"),
        key=f"add_{token}",
        type="primary",
        icon=":material/person_add:",
        on_click=_add,
        args=(here, token),
    )


def grant_words(grant: Grant) -> str:
    """Return a role with its department."""
    return label(grant.role) if grant.department is None else f"{label(grant.role)} ({words.name(grant.department)})"


# ---------------------------------------------------------------------------------------------------------------------


def _role_or_all(word: str) -> str:
    return label(Role(word)) if word else say("people.all")


def _state_or_all(word: str) -> str:
    return say(f"people.{word}") if word else say("people.all")


def _draw_roles(here: Page, line: PersonLine, token: str, seen: int) -> None:
    st.divider()
    st.markdown(f"**{say('people.roles')}**")
    if len(line.grants) > 1 and line.acts_as is not None:
        st.caption(say("people.least_counts", role=label(line.acts_as)))
    for grant in line.grants:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(grant_words(grant), width="stretch")
            st.button(
                say("people.revoke"),
                key=f"revoke_{grant.id}_{token}",
                on_click=_revoke,
                args=(here, line, grant.id, token, seen),
            )
    if not line.grants:
        st.caption(say("people.no_role_yet"))
    _draw_role_choice(here, token)
    st.button(
        say("people.grant"),
        key=f"grant_{token}",
        icon=":material/add:",
        on_click=_grant,
        args=(here, line, token, seen),
    )


def _draw_role_choice(here: Page, token: str) -> None:
    role = st.selectbox(
        say("people.new_role"),
        _ROLES,
        index=None,
        format_func=lambda word: label(Role(word)),
        placeholder=say("people.choose_role"),
        key=f"role_{token}",
    )
    if role is not None and Role(role) in SCOPED:
        units = {line.named.code: line for line in here.ask(departments.list_departments) if not line.active_to}
        st.selectbox(
            say("field.department"),
            list(units),
            index=None,
            format_func=lambda code: _indented(units[code]),
            placeholder=say("people.choose_department"),
            key=f"department_{token}",
        )


def _indented(line: DepartmentLine) -> str:
    return "\u3000" * max(line.depth - 1, 0) + words.name(line.named)


def _draw_skills(here: Page, line: PersonLine, token: str, seen: int) -> None:
    """Draw what the person can do that a case may need, and where they telephone; a save keeps both."""
    st.divider()
    st.markdown(f"**{say('people.skills')}**")
    known = {one.named.code: one for one in here.ask(skills.list_skills)}
    st.pills(
        say("field.skills"),
        list(known),
        selection_mode="multi",
        default=[one.code for one in line.skills if one.code in known],
        format_func=lambda code: words.name(known[code].named),
        key=f"skills_{token}",
        label_visibility="collapsed",
    )
    st.caption(say("people.skills_help"))
    st.text_input(
        say("field.extension"),
        line.extension or "",
        key=f"extension_{token}",
        max_chars=20,
        help=say("people.extension"),
    )
    key, arguments = f"save_skills_{token}", (here, line, token, seen)
    st.button(say("people.save_skills"), key=key, icon=":material/save:", on_click=_save_skills, args=arguments)


def _draw_state(here: Page, line: PersonLine, token: str, seen: int) -> None:
    st.divider()
    arguments = (here, line, token, seen)
    if not line.active:
        st.caption(say("people.enable_help"))
        st.button(
            say("people.enable"), key=f"enable_{token}", icon=":material/lock_open:", on_click=_enable, args=arguments
        )
        return
    st.text_input(say("people.disable_reason"), key=f"reason_{token}", max_chars=200)
    st.caption(say("people.disable_help"))
    st.button(say("people.disable"), key=f"disable_{token}", icon=":material/block:", on_click=_disable, args=arguments)


def _written(field: str, token: str) -> str:
    return str(st.session_state.get(f"{field}_{token}") or "")


def _done(form: str, token: str, receipt: staff.PersonReceipt | skills.SkillReceipt | None, said: str) -> None:
    if receipt is not None:
        forms.renew(form, token)
        page.notice(said, name=plain(receipt.name))


def _save(here: Page, line: PersonLine, token: str, seen: int) -> None:
    receipt = here.act(
        staff.change_person,
        person_id=line.id,
        seen=seen,
        name=_written("name", token),
        language=_written("language", token),
        request_id=f"{token}-save",
    )
    _done(f"person_{line.id}", token, receipt, "people.saved")


def _save_skills(here: Page, line: PersonLine, token: str, seen: int) -> None:
    receipt = here.act(
        skills.change_skills,
        person_id=line.id,
        seen=seen,
        skills=tuple(st.session_state.get(f"skills_{token}") or ()),
        extension=_written("extension", token),
        request_id=f"{token}-skills",
    )
    _done(f"person_{line.id}", token, receipt, "people.saved")


def _grant(here: Page, line: PersonLine, token: str, seen: int) -> None:
    role = _written("role", token)
    if not role:
        page.notice(Invalid({"role": "required"}))
        return
    receipt = here.act(
        staff.grant_role,
        person_id=line.id,
        seen=seen,
        role=Role(role),
        department=_written("department", token) or None,
        request_id=f"{token}-grant",
    )
    _done(f"person_{line.id}", token, receipt, "people.granted")


def _revoke(here: Page, line: PersonLine, grant_id: int, token: str, seen: int) -> None:
    receipt = here.act(
        staff.revoke_role, person_id=line.id, seen=seen, grant_id=grant_id, request_id=f"{token}-revoke-{grant_id}"
    )
    _done(f"person_{line.id}", token, receipt, "people.revoked")


def _disable(here: Page, line: PersonLine, token: str, seen: int) -> None:
    receipt = here.act(
        staff.disable_person,
        person_id=line.id,
        seen=seen,
        reason=_written("reason", token),
        request_id=f"{token}-disable",
    )
    _done(f"person_{line.id}", token, receipt, "people.disabled_now")


def _enable(here: Page, line: PersonLine, token: str, seen: int) -> None:
    receipt = here.act(staff.enable_person, person_id=line.id, seen=seen, request_id=f"{token}-enable")
    _done(f"person_{line.id}", token, receipt, "people.enabled_now")


def _add(here: Page, token: str) -> None:
    role = _written("role", token)
    receipt = here.act(
        staff.add_person,
        issuer=_written("issuer", token),
        subject=_written("subject", token),
        name=_written("name", token),
        language=words.DEFAULT_LANGUAGE,
        role=Role(role) if role else None,
        department=_written("department", token) or None,
        request_id=token,
    )
    _done(ADD, token, receipt, "people.added")
