"""What a visitor does with Streamlit's widgets: read and click a table, choose, write.

Tables are painted on a canvas. Their words stand in a hidden table beside it, for those who cannot see; where a cell is
to be clicked, its place is found by the lines that are painted around it, as eyes would find it.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visitor

_WIDEST_LINE = 3
"""Painted lines are no wider than this, in pixels; what is wider is no line."""

Row = dict[str, str]


def rows_of(visitor: Visitor, key: str, *, at_least: int = 1, having: str = "") -> list[Row]:
    """Read a table once it has a heading: a dictionary a row, by its headings. Every column must be in sight."""
    table = _table(visitor, key)
    expect(table.locator("th", has_text=re.compile(f"^{having}")).first).to_be_attached()
    expect(table.locator("tbody tr").nth(at_least - 1)).to_be_attached()
    # Rows that end the table may be repeated or missing while it is still drawn.
    said = table.evaluate(
        """table => ({
            columns: Number(table.getAttribute("aria-colcount")),
            heads: [...table.querySelectorAll("th")].map(one => one.textContent),
            rows: [...table.querySelectorAll("tbody tr")].map(
                row => [...row.querySelectorAll("td")].map(one => one.textContent)),
        })"""
    )
    assert len(said["heads"]) == said["columns"], f"{key}: only {said['heads']} of {said['columns']} columns in sight"
    return [dict(zip(said["heads"], cells, strict=True)) for cells in said["rows"]]


def click_cell(visitor: Visitor, key: str, row: int, column: str | None = None) -> None:
    """Click a cell of a table, by the number of its row and the heading of its column; or the box before a row."""
    table = _table(visitor, key)
    expect(table.locator("th", has_text=column or "").first).to_be_attached()
    expect(table.locator("tbody tr").nth(row)).to_be_attached()
    heads = table.locator("th").all_text_contents()
    canvas = table.locator("xpath=ancestor::canvas")
    canvas.scroll_into_view_if_needed()
    visitor.page.mouse.move(1, 1)
    across, down = _lines(canvas)
    left, right = across[heads.index(column) if column else 0]
    top, bottom = down[row + 1]
    box = canvas.bounding_box()
    assert box is not None, f"{key} is not drawn"
    x, y = box["x"] + (left + right) / 2, box["y"] + (top + bottom) / 2
    # A table takes no click of a mouse that it has not seen coming.
    visitor.page.mouse.move(x, y, steps=4)
    visitor.page.mouse.click(x, y, delay=60)


def choose(visitor: Visitor, question: str, answer: str) -> None:
    """Choose one of the answers that stand side by side under a question; its key may stand behind it."""
    named = re.compile(rf"^{re.escape(answer)}( \w)?$")
    group = visitor.page.get_by_role("radiogroup", name=question)
    group.get_by_role("radio", name=named).click()
    expect(group.get_by_role("radio", name=named)).to_be_checked()


def pick(visitor: Visitor, label: str, option: str) -> None:
    """Pick an option out of a list that opens."""
    visitor.page.get_by_role("combobox", name=label).click()
    visitor.page.get_by_role("option", name=option).click()


def write(visitor: Visitor, label: str, text: str) -> None:
    """Write into a field."""
    visitor.page.get_by_label(label).fill(text)


# ---


def _table(visitor: Visitor, key: str) -> Locator:
    # A key that follows the rows of its table has something behind its name.
    table = visitor.page.locator(f".st-key-{key} table, [class*='st-key-{key}_'] table").first
    expect(table).to_be_attached()
    return table


def _lines(canvas: Locator) -> tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]:
    """Answer with where the columns and the rows of a table begin and end, by what is painted along its edges."""
    across, down = canvas.evaluate(
        """canvas => {
            const brush = canvas.getContext("2d"), inset = 3, {width, height} = canvas;
            const shades = (...part) => {
                const painted = brush.getImageData(...part).data;
                return Array.from({length: painted.length / 4}, (_, at) => painted.slice(4 * at, 4 * at + 3).join());
            };
            return [shades(0, inset, width, 1), shades(inset, 0, 1, height)];
        }"""
    )
    return _between(across), _between(down)


def _between(shades: Sequence[str]) -> Sequence[tuple[int, int]]:
    """Answer with the stretches of one shade that are wider than a line."""
    begins = [0, *(at for at, (one, next) in enumerate(pairwise(shades), start=1) if one != next), len(shades)]
    return [(begin, end) for begin, end in pairwise(begins) if end - begin > _WIDEST_LINE]
