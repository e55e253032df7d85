"""Both themes can be read: contrast by the WCAG's own sum, AA."""

import tomllib

import pytest

from portal.options import FOLDER

THEMES = tomllib.loads((FOLDER / "config.toml").read_text("utf-8"))["theme"]
SIGNALS = ("redColor", "orangeColor", "yellowColor", "greenColor", "blueColor", "violetColor", "grayColor")


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_links_and_signals_can_be_read(name: str) -> None:
    theme = THEMES[name]
    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        for colour in ("textColor", "linkColor", *SIGNALS):
            assert _contrast(theme[colour], theme[ground]) >= 4.5, f"{colour} on {ground}"
    assert _contrast(theme["dataframeHeaderTextColor"], theme["dataframeHeaderBackgroundColor"]) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_main_button_can_be_read_and_told_from_the_page(name: str) -> None:
    theme = THEMES[name]
    assert _contrast("#FFFFFF", theme["primaryColor"]) >= 4.5
    assert _contrast(theme["primaryColor"], theme["backgroundColor"]) >= 3


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_accent_in_the_sidebar_can_be_read(name: str) -> None:
    theme = THEMES[name]
    accent = theme["sidebar"].get("primaryColor", theme["primaryColor"])
    assert _contrast(accent, theme["sidebar"]["backgroundColor"]) >= 4.5


def test_light_is_teal() -> None:
    assert THEMES["light"]["primaryColor"] == "#0F766E"
