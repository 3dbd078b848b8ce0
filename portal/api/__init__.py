"""The JSON API (docs/api.md). Each module here is one blueprint; openapi.py describes them all from the code."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Put the API into the application: one line per module."""
    from . import (
        actions,
        alerts,
        batch,
        bins,
        comments,
        definitions,
        imports,
        items,
        libraries,
        mail,
        me,
        notices,
        openapi,
        search,
        sharing,
        views,
    )

    app.register_blueprint(me.blueprint)
    app.register_blueprint(notices.blueprint)
    app.register_blueprint(alerts.blueprint)
    app.register_blueprint(definitions.blueprint)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(items.blueprint)
    app.register_blueprint(comments.blueprint)
    app.register_blueprint(sharing.blueprint)
    app.register_blueprint(bins.blueprint)
    app.register_blueprint(batch.blueprint)
    app.register_blueprint(imports.blueprint)
    app.register_blueprint(actions.blueprint)
    app.register_blueprint(libraries.blueprint)
    app.register_blueprint(mail.blueprint)
    app.register_blueprint(search.blueprint)
    app.register_blueprint(openapi.blueprint)
