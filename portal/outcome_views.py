"""What the screen of callback figures draws of outcomes: every rate, units and parts of the day, and attempts."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import streamlit as st

from portal import charts, filters, outcome_tables, words
from portal.figure_filters import FAMILIES, Asked
from portal.outcome_tables import Told
from portal.page import Page
from portal.words import plain, say, says
from services.callback_figures import OutcomeLine, OutcomeTable, Segment
from services.order_filter import Count, OrderFilter
from services.outcome_figures import FigureBasis, OutcomeFigures
from services.reasons import Disagreement

HEADLINES = ("RR1", "COOP3", "REF1", "CON1")
"""One rate of each family for a glance: of all cases, except cooperation, which is of those who could answer."""

MOST_IN_CHART = 30


def headline(figures: OutcomeFigures, basis: FigureBasis) -> None:
    """Draw the number of cases and one rate of each family."""
    columns = st.columns(len(HEADLINES) + 1)
    outcomes = figures.outcomes
    with columns[0], st.container(gap=None):
        st.metric(say("figures.column.cases"), words.number(outcomes.cases), help=say("figures.cases_help"))
        st.caption(say("figures.left_out", n=outcomes.not_eligible))
    for column, name in zip(columns[1:], HEADLINES, strict=True):
        with column, st.container(gap=None):
            _metric(figures, name, basis, label=say(f"figures.short.{name}"))


def every_rate(figures: OutcomeFigures, basis: FigureBasis, read: Disagreement) -> None:
    """Draw all of AAPOR's rates by family, each with its definition, numerator and denominator.

    What is left of a row holds how often supervisors read reasons otherwise.
    """
    for families in (("response",), ("cooperation",), ("refusal", "contact")):
        with st.container(gap=None):
            heads = st.columns([len(FAMILIES[family]) for family in families])
            for column, family in zip(heads, families, strict=True):
                help = say(f"figures.family_help.{family}")
                column.markdown(f"**{say(f'figures.family.{family}')}** :small[:gray[{help}]]")
            columns = st.columns(_IN_A_ROW)
            names = [name for family in families for name in FAMILIES[family]]
            for column, name in zip(columns, names, strict=False):
                with column, st.container(gap=None):
                    _metric(figures, name, basis, label=name)
            if len(names) < _IN_A_ROW:
                with columns[-1], st.container(gap=None):
                    _disagreement(read)


def lines(here: Page, asked: Asked, found: OutcomeTable) -> None:
    """Draw one row a unit or a part of the day, and the first rate of the family with its interval."""
    if not found.lines:
        st.info(say("figures.none"), icon=":material/filter_alt_off:")
        return
    by_unit = asked.by == Segment.UNIT
    notes = [say(f"figures.note.{asked.by}")]
    notes.append(say("figures.few_marked", n=found.basis.too_few, mark=outcome_tables.FEW_MARK))
    st.caption(" · ".join(notes))
    first = FAMILIES[asked.family][0]
    # Parts of the day stand as the day goes; units with enough cases first, the best of them on top.
    sorted_ = sorted(found.lines, key=lambda line: _standing(line, first)) if by_unit else found.lines
    told = [Told(_name(line, asked.by), line.figures, {}) for line in sorted_]
    clicked = outcome_tables.lines(
        told,
        found.basis,
        family=asked.family,
        title=say(f"figures.by.{asked.by}"),
        key=f"figures_lines_{asked.by}_{asked.family}",
    )
    if clicked is not None and by_unit:
        here.go("order_list", **filters.address(orders_behind(asked, sorted_[clicked].code)))
    # Cases that nobody has tried are no group that could do better or worse than another.
    tried = [one for one, line in zip(told, sorted_, strict=True) if line.code]
    intervals(tried, found.total, found.basis, first)


def orders_behind(asked: Asked, unit: str) -> OrderFilter:
    """Return the orders of a unit that were or are to be called about, as far as a list can say which they are."""
    return OrderFilter(measure=Count.TO_CALL, counted=unit, closed_from=asked.first, closed_to=asked.last)


def intervals(told: Sequence[Told], total: OutcomeFigures, basis: FigureBasis, name: str) -> None:
    """Draw the lines with enough cases by one rate, in their order; where they are too many, those with most cases."""
    whole = total[name].part
    enough = [one for one in told if not one.figures[name].part.too_few]
    if len(enough) < 2 or whole.percent is None:
        return
    drawn = sorted(enough, key=lambda one: -one.figures[name].part.denominator)[:MOST_IN_CHART]
    rows = []
    for one in (one for one in enough if one in drawn):
        part = one.figures[name].part
        if part.percent is None or part.interval is None:
            continue
        rows.append(
            {
                "unit": one.name,
                "percent": float(part.percent),
                "low": float(part.interval.low),
                "high": float(part.interval.high),
                "label": f"{outcome_tables.percent(part, basis)}  {outcome_tables.of_what(part)}",
                "clear": not part.interval.low <= whole.percent <= part.interval.high,
                "whole": float(whole.percent),
                "said": outcome_tables.sentences(one.figures[name], basis),
            }
        )
    apart = sum(bool(row["clear"]) for row in rows)
    facts = {"rate": name, "whole": outcome_tables.percent(whole, basis), "apart": apart}
    table = pd.DataFrame(
        {
            say("figures.column.name"): [row["unit"] for row in rows],
            name: [row["percent"] for row in rows],
            say("figures.low"): [row["low"] for row in rows],
            say("figures.high"): [row["high"] for row in rows],
        }
    )
    charts.intervals(rows, finding=say("figures.finding_lines", n=len(rows), **facts), table=table)


def attempts(found: OutcomeTable) -> None:
    """Draw at which attempt interviews came about, and what share of all cases was reached by then."""
    if not found.attempts:
        return
    most = max(found.attempts, key=lambda line: line.interviews)
    rows = [
        {
            "what": say("figures.nth", n=line.attempts),
            "n": line.interviews,
            "label": say(
                "figures.by_then",
                count=words.number(line.interviews),
                percent=outcome_tables.percent(line.by_then, found.basis),
                of=outcome_tables.of_what(line.by_then),
            ),
            "meant": line is most,
            "said": say("figures.by_then_said", n=line.attempts, of=outcome_tables.of_what(line.by_then)),
        }
        for line in found.attempts
    ]
    last = found.attempts[-1].by_then
    facts = {"percent": outcome_tables.percent(found.attempts[0].by_then, found.basis)}
    finding = say("figures.finding_attempts", n=len(rows), all=outcome_tables.percent(last, found.basis), **facts)
    table = pd.DataFrame(
        {
            say("figures.column.attempt"): [line.attempts for line in found.attempts],
            say("figures.column.interviews"): [line.interviews for line in found.attempts],
            say("figures.column.by_then"): [float(line.by_then.percent or 0) for line in found.attempts],
            say("figures.column.of"): [outcome_tables.of_what(line.by_then) for line in found.attempts],
        }
    )
    charts.ranking(rows, finding=finding, table=table)


def definitions(basis: FigureBasis) -> None:
    """Say what every rate is, what the groups are, and which rules the figures go by."""
    with st.expander(say("figures.definitions"), icon=":material/menu_book:"):
        st.markdown("\n".join(f"- {say(f'figures.group.{group}')}" for group in _GROUPS))
        for names in FAMILIES.values():
            st.markdown("\n".join(f"- **{name}** {outcome_tables.definition(name)}" for name in names))
        facts = {"rules": plain(basis.rules), "confidence": words.number(basis.confidence * 100)}
        st.caption(say("figures.basis", n=basis.too_few, places=basis.places, **facts))


# ---------------------------------------------------------------------------------------------------------------------

_IN_A_ROW = 6
_GROUPS = ("I", "P", "R", "NC", "O", "UH", "UO", "NE")


def _metric(figures: OutcomeFigures, name: str, basis: FigureBasis, *, label: str) -> None:
    figure = figures[name]
    st.metric(label, outcome_tables.percent(figure.part, basis), help=outcome_tables.sentences(figure, basis))
    few = f" · {say('figures.too_few')}" if figure.part.too_few and figure.part.denominator else ""
    st.caption(f"{outcome_tables.of_what(figure.part)}{few}")


def _standing(line: OutcomeLine, name: str) -> tuple[bool, float, str]:
    part = line.figures[name].part
    return part.too_few, -float(part.percent or 0), line.code


def _disagreement(found: Disagreement) -> None:
    """Say how often supervisors read other reasons in the citizens' words than agents wrote down."""
    told = words.NOTHING if not found.read else words.share(found.differing, found.read)
    st.metric(say("figures.disagreement"), told, help=say("figures.disagreement_help"))
    st.caption(say("figures.disagreement_of", n=found.read, differing=words.number(found.differing)))


def _name(line: OutcomeLine, by: str) -> str:
    if line.unit is not None:
        return words.name(line.unit)
    if not line.code:
        return say("figures.untried")
    if by == Segment.MONTH:
        return words.month(date.fromisoformat(f"{line.code}-01"))
    key = f"figures.day_part.{line.code}"
    return say(key) if says(key) else line.code
