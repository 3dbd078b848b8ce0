"""One value as HTML, as portal/pages/cells.py describes it: in a table's cell, a fact, a history's line.

A page has hundreds, and a macro's call costs more than what it writes. So the plain kinds are written here, and what
has a macro of its own (a pill, a person) asks it once for each text.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext as _
from jinja2.filters import do_truncate
from markupsafe import Markup, escape

from ..template_words import is_unbroken
from .cells import Cell

_LONGEST = 120  # letters of a text where it is not shown in full


def register(app: Flask) -> None:
    """Give the templates `show_cell`, in imported macros too."""
    app.add_template_global(show_cell)


def show_cell(cell: Cell, long: bool = False) -> Markup:
    """The inside of a cell; `long`: texts in full, as a record's page shows them."""
    text = escape(cell.text)
    match cell.kind:
        case "link":
            return Markup(f'<a href="{escape(cell.href)}">{text}</a>')
        case "web":
            return Markup(f'<a href="{escape(cell.href)}" rel="noreferrer">{text}</a>')
        case "links":
            return Markup(", ").join(show_cell(part) for part in cell.parts)
        case "tags":
            return Markup(" ").join(_drawn("tag", part.text) for part in cell.parts)
        case "person":
            return _drawn("person", cell.text)
        case "pill":
            return _drawn("pill", cell.text, cell.note)
        case "when":
            return _drawn("when", cell.note, cell.text)
        case "instant":
            return Markup(f'<time datetime="{escape(cell.note)}">{text}</time>')
        case "overdue":
            hint = escape(_("overdue"))
            return Markup(f'<span class="overdue">{text}<span class="visually-hidden"> ({hint})</span></span>')
        case "long" if long:
            unbroken = " unbroken" if is_unbroken(cell.text) else ""
            return Markup(f'<span class="preline{unbroken}">{text}</span>')
        case "long":
            return escape(do_truncate(current_app.jinja_env, cell.text, _LONGEST))
    return text


@lru_cache(maxsize=4096)
def _drawn(macro: str, *given: str | None) -> Markup:
    """What a macro of `_macros/ui.html` that depends on nothing around it makes of these texts."""
    module: Any = current_app.jinja_env.get_template("_macros/ui.html").module
    return Markup(getattr(module, macro)(*given))
