"""The colours of tokens.css can be told apart, in the light theme and in the dark (WCAG 2.2: 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re

import pytest

from caseroom.portal.assets import STATIC

TOKENS = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
PAIRS = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", TOKENS)
THEMES = {
    "light": {name: light for name, light, _ in PAIRS},
    "dark": {name: dark for name, _, dark in PAIRS},
}
GROUNDS = ("ground", "surface", "raised", "hover", "selected", "neutral-ground")


def luminance(colour: str) -> float:
    """How light, from 0 (black) to 1 (white), as WCAG defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def too_faint(theme: str, pairs: list[tuple[str, str]], least: float) -> list[str]:
    colours = THEMES[theme]
    found = [(front, back, contrast(colours[front], colours[back])) for front, back in pairs]
    return [f"{front} on {back}: {ratio:.2f}" for front, back, ratio in found if ratio < least]


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_read_on_every_ground(theme: str) -> None:
    plain = [(text, ground) for text in ("text", "muted", "accent", "accent-strong", "danger") for ground in GROUNDS]
    own = [(name, f"{name}-ground") for name in ("accent", "danger", "warn", "ok")]
    assert not too_faint(theme, [*plain, *own, ("on-accent", "accent"), ("on-accent", "accent-strong")], 4.5)


@pytest.mark.parametrize("theme", THEMES)
def test_fields_buttons_and_focus_rings_have_seen_borders(theme: str) -> None:
    assert not too_faint(theme, [(line, ground) for line in ("edge", "accent", "danger") for ground in GROUNDS], 3)


@pytest.mark.parametrize("theme", THEMES)
def test_the_eight_hues_stand_out_from_the_page(theme: str) -> None:
    assert not too_faint(theme, [(f"hue-{n}", ground) for n in range(1, 9) for ground in ("ground", "surface")], 4.5)
