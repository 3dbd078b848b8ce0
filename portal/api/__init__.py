"""The JSON API (docs/api.md). Each module here is one blueprint; openapi.py describes them all from the code."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Put the API into the application: one line per module."""
    from . import actions, definitions, items, libraries, mail, me, openapi, search

    app.register_blueprint(me.blueprint)
    app.register_blueprint(definitions.blueprint)
    app.register_blueprint(items.blueprint)
    app.register_blueprint(actions.blueprint)
    app.register_blueprint(libraries.blueprint)
    app.register_blueprint(mail.blueprint)
    app.register_blueprint(search.blueprint)
    app.register_blueprint(openapi.blueprint)
