"""Every address of the portal, on one page: which blueprint answers where."""

from __future__ import annotations

from flask import Flask

from .pages import account, calendar, styleguide
from .settings import Settings


def register(app: Flask, settings: Settings) -> None:
    """Put the blueprints into the application."""
    app.register_blueprint(account.blueprint)
    app.register_blueprint(calendar.blueprint)
    if settings.development:
        app.register_blueprint(styleguide.blueprint)
