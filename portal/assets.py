"""Addresses of static files, with a fingerprint, so that browsers may keep them for ever.

Names are stable (`css/tokens.css`, `dist/app.js`); the address carries the beginning of the content's
SHA-256 as `?v=`. Whoever serves `/static/` may answer such an address with `Cache-Control: immutable`.
"""

from __future__ import annotations

import functools
import hashlib
import pathlib

from flask import Flask, g, url_for
from markupsafe import Markup

STATIC = pathlib.Path(__file__).resolve().parent / "static"
# Committed and served as they are, in the order in which the cascade needs them.
STYLESHEETS = (
    "css/tokens.css",
    "css/base.css",
    "css/layout.css",
    "css/components.css",
    "css/forms.css",
    "css/tables.css",
)
# Made by portal/frontend/build.py, not committed.
BUNDLES = ("dist/app.js", "dist/grid.js", "dist/taskpane.js")
BUNDLE_ADVICE = "The scripts are not built; pages work without them. Build them with: python portal/frontend/build.py"


def asset_url(name: str) -> str:
    """The address of the static file `name` (a path below portal/static), or "" when it is not there.

    Templates leave the script element out where this is empty.
    """
    known: dict[str, str] = g.setdefault("asset_urls", {})  # the icons' file is named dozens of times in a page
    if name not in known:
        version = fingerprint(name)
        known[name] = url_for("static", filename=name, v=version) if version else ""
    return known[name]


def icon_picture(name: str, large: bool = False) -> Markup:
    """A picture of the sprite. Drawn a hundred times in a page: as a macro it would take a tenth of its time."""
    return _picture(asset_url("icons.svg"), name, large)


@functools.lru_cache(maxsize=1024)
def _picture(sprite: str, name: str, large: bool) -> Markup:
    picture = '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>'
    return Markup(picture).format(" icon-large" if large else "", sprite, name)


def fingerprint(name: str) -> str:
    """The first ten hex digits of the file's SHA-256, or "" when there is no such file."""
    path = STATIC / name
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return ""
    return _digest(path, changed)


@functools.lru_cache(maxsize=256)
def _digest(path: pathlib.Path, changed: int) -> str:
    # `changed` is part of the cache key, so that a rebuilt file gets a new address at once.
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def missing_bundles() -> list[str]:
    """Names of script bundles that are not built; `serve`, `demo` and `check` say BUNDLE_ADVICE for them."""
    return [name for name in BUNDLES if not (STATIC / name).is_file()]


def register(app: Flask) -> None:
    """Give the templates `asset_url`, `icon_picture` and `stylesheets`, in imported macros too."""
    app.add_template_global(asset_url)
    app.add_template_global(icon_picture)
    app.add_template_global(lambda: STYLESHEETS, "stylesheets")
