"""Charts keep to one look: intervals drawn, bars from nought, colours of the theme, nothing that could be an image."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from portal import charts
from portal.options import FOLDER

SHAPES = ("trend", "intervals", "volumes", "ranking", "funnel")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", SHAPES)
def test_every_chart_is_drawn_in_the_colours_of_the_theme_and_in_a_chinese_font(name: str, theme: str) -> None:
    spec = charts.shape(name, theme, "zh_CN")
    assert charts.LOOKS[theme].accent in json.dumps(spec)
    assert "Noto Sans CJK SC" in spec["config"]["font"]
    other = charts.LOOKS["dark" if theme == "light" else "light"]
    assert other.text not in json.dumps(spec)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_are_those_of_the_configuration(theme: str) -> None:
    configured = tomllib.loads((FOLDER / "config.toml").read_text("utf-8"))["theme"][theme]
    look = charts.LOOKS[theme]
    assert [look.accent, look.context] == configured["chartCategoricalColors"][:2]
    assert (look.text, look.page, look.muted) == (
        configured["textColor"],
        configured["backgroundColor"],
        configured["grayColor"],
    )


def test_bars_begin_at_nought() -> None:
    scales = [part["encoding"]["y"]["scale"] for part in charts.shape("volumes", "light", "zh_CN")["layer"]]
    scales += [part["encoding"]["x"]["scale"] for part in charts.shape("ranking", "light", "zh_CN")["layer"]]
    assert all(scale["zero"] for scale in scales)


@pytest.mark.parametrize(("name", "channel"), [("trend", "y2"), ("intervals", "x2")])
def test_rates_are_drawn_with_their_intervals(name: str, channel: str) -> None:
    assert any(channel in part["encoding"] for part in charts.shape(name, "light", "zh_CN")["layer"])


@pytest.mark.parametrize("name", SHAPES)
def test_no_field_can_make_a_tooltip_load_an_image(name: str) -> None:
    fields = {part.get("field") for part in _parts(charts.shape(name, "light", "zh_CN"))}
    assert "image" not in fields
    assert "said" in fields


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_built_once_and_holds_no_rows(name: str) -> None:
    spec = charts.shape(name, "light", "zh_CN")
    assert charts.shape(name, "light", "zh_CN") is spec
    assert spec["data"] == {"name": "rows"}
    assert all("data" not in part for part in spec["layer"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_accent_and_the_context_differ_in_greyscale_from_the_page_and_from_each_other(theme: str) -> None:
    look = charts.LOOKS[theme]
    shades = [_brightness(colour) for colour in (look.accent, look.context, look.page)]
    assert min(abs(one - other) for i, one in enumerate(shades) for other in shades[:i]) > 0.1


def _parts(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        yield spec
    for inner in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        yield from _parts(inner)


def _brightness(colour: str) -> float:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
