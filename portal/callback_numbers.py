"""The telephone numbers on the desk: what came of each, calling one by its link, showing it in full, adding another.

A number is called by pressing its button: that it was dialled is in the trail, and then the link is opened
(`static/dial_link.js`). What is recorded afterwards is about the number that was dialled last.
"""

import streamlit as st

from portal import forms, keys, loop_forms, page, telephony
from portal.keys import keyed
from portal.page import Page
from portal.words import label, name, plain, say, short_moment
from services import contacts
from services.callback_case import Case
from services.contacts import LONGEST_NUMBER_NOTE, Dialled
from services.numbers import NumberLine


def draw(here: Page, case: Case) -> None:
    """Draw the numbers in the order in which they are tried, each with its button, and the way to one more."""
    lines = here.ask(contacts.list_numbers, fresh=True, order_id=case.order.id)
    dialled = _dialled(case.order.id)
    called_one = [one for one in lines if one.dialled] or [one for one in lines if one.in_turn]
    st.session_state[_called_key(case.order.id)] = called_one[0].position if called_one else 1
    with st.container(key="callback_numbers", gap="xxsmall"):
        for line in lines:
            _draw_number(here, case, line, dialled if dialled and dialled.position == line.position else None)
    if not lines:
        st.caption(say("callback_record.no_phone"))


def draw_more(here: Page, case: Case) -> None:
    """Draw the way to add a number that the citizen or somebody else has just given."""
    form = f"number_{case.order.id}"
    token = forms.token(form)
    # With another token it is another small window: the one whose number was kept is closed.
    more = st.popover(
        keyed(say("callback_numbers.add"), keys.NUMBER),
        key=f"callback_more_{token}",
        icon=":material/add_call:",
        type="tertiary",
    )
    with more, st.container(key=f"callback_write_number_{token}"):
        st.text_input(say("field.phone"), key=f"number_phone_{token}", max_chars=40)
        st.text_input(say("field.number_note"), key=f"number_note_{token}", max_chars=LONGEST_NUMBER_NOTE)
        told, key = keyed(say("callback_numbers.save"), keys.COMPLETE), f"number_save_{token}"
        st.button(told, key=key, type="primary", icon=":material/save:", on_click=_add, args=(here, case, form, token))


def called(order_id: int) -> int:
    """Return which number the call that is being recorded went to: the one dialled last, else the one in turn."""
    number: int = st.session_state.get(_called_key(order_id), 1)
    return number


def forget(order_id: int) -> None:
    """Forget the number in full that was dialled for an order."""
    st.session_state.pop(_dialled_key(order_id), None)


# ---------------------------------------------------------------------------------------------------------------------


def _dialled_key(order_id: int) -> str:
    return f"_dialled_{order_id}"


def _called_key(order_id: int) -> str:
    return f"_number_called_{order_id}"


def _dialled(order_id: int) -> Dialled | None:
    found: Dialled | None = st.session_state.get(_dialled_key(order_id))
    return found


def _draw_number(here: Page, case: Case, line: NumberLine, dialled: Dialled | None) -> None:
    shown = plain((dialled.phone if dialled else line.masked) or "")
    parts = [f"~~{shown}~~" if line.dead else f"**{shown}**" if line.in_turn or dialled else shown]
    if line.opted_out is not None:
        parts.append(f":red-badge[:material/phone_disabled: {label(line.opted_out)}]")
    elif line.last is not None and line.last_at is not None:
        told = say("callback_numbers.tried", n=line.tries, last=plain(name(line.last)), at=short_moment(line.last_at))
        parts.append(f":small[:gray[{told}]]")
    if line.note:
        parts.append(f":small[:gray[{plain(line.note)}]]")
    number, free = line.position, line.opted_out is None and not line.dead
    with st.container(horizontal=True, vertical_alignment="center", key=f"callback_number_{number}", gap="small"):
        st.markdown(f":small[:gray[{number}]] {' '.join(parts)}", width="stretch")
        if dialled is not None:
            with st.container(key=f"callback_dial_link_{dialled.reference}", width="content"):
                st.link_button(say("callback_numbers.open"), dialled.link, type="tertiary")
        if free:
            told = say("callback_numbers.dial")
            st.button(
                keyed(told, keys.DIAL) if line.in_turn else told,
                key=f"dial_{number}_{_token(case, number)}",
                icon=":material/call:",
                type="secondary" if line.in_turn else "tertiary",
                on_click=_dial,
                args=(here, case, number),
            )


def _token(case: Case, number: int) -> str:
    return forms.token(f"dial_{case.order.id}_{number}")


def _dial(here: Page, case: Case, number: int) -> None:
    token = _token(case, number)
    found = here.act(
        contacts.dial,
        order_id=case.order.id,
        number=number,
        template=telephony.dial_template(),
        request_id=token,
    )
    if found is not None:
        forms.renew(f"dial_{case.order.id}_{number}", token)
        st.session_state[_dialled_key(case.order.id)] = found


def _add(here: Page, case: Case, form: str, token: str) -> None:
    receipt = here.act(
        contacts.add_number,
        order_id=case.order.id,
        phone=loop_forms.written(f"number_phone_{token}"),
        note=loop_forms.written(f"number_note_{token}"),
        request_id=token,
    )
    if receipt is not None:
        forms.renew(form, token)
        page.notice("callback_numbers.added", position=receipt.position)
