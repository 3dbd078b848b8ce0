"""The words of templates in the request's language. A page has some 250, so that finding each must cost little.

And what templates must know of a text before they show it.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, g
from flask_babel import get_translations
from markupsafe import Markup

_UNBROKEN = re.compile(r"\S{500}")


def register(app: Flask) -> None:
    """Give the templates `_` and `ngettext`, in place of flask_babel's, which look for the language each time."""
    environment: Any = app.jinja_env
    environment.install_gettext_callables(
        lambda message: _translations().ugettext(message),
        lambda *given: _translations().ungettext(*given),
        newstyle=True,
        pgettext=lambda *given: _translations().upgettext(*given),
        npgettext=lambda *given: _translations().unpgettext(*given),
    )
    environment.globals["_"] = gettext
    environment.tests["unbroken"] = is_unbroken


def gettext(message: str, **values: Any) -> Markup:
    """A message with its values, as HTML: messages are ours, values are escaped."""
    text = _translations().ugettext(message)
    return Markup(text) % values if "%" in text else Markup(text)


def _translations() -> Any:
    """Those of the request's language; nothing is rendered in another one within a request."""
    here = g._get_current_object()  # a proxy finds its object anew at each attribute
    found = here.get("translations")
    if found is None:
        found = here.translations = get_translations()
    return found


def is_unbroken(text: Any) -> bool:
    """Whether a word of it is so long that Chromium must not be asked to break it well: the class `unbroken`."""
    return isinstance(text, str) and len(text) >= 500 and _UNBROKEN.search(text) is not None
