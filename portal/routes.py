"""Every address of the portal, on one page: which blueprint answers where."""

from __future__ import annotations

from flask import Flask

from . import api
from .pages import (
    account,
    actions,
    admin,
    calendar,
    case,
    company,
    documents,
    home,
    items,
    lists,
    mail,
    outlook,
    search,
    styleguide,
)
from .settings import Settings


def register(app: Flask, settings: Settings) -> None:
    """Put the blueprints into the application."""
    app.register_blueprint(account.blueprint)
    app.register_blueprint(home.blueprint)
    app.register_blueprint(company.blueprint)
    app.register_blueprint(case.blueprint)
    app.register_blueprint(actions.blueprint)
    app.register_blueprint(documents.blueprint)
    app.register_blueprint(mail.blueprint)
    app.register_blueprint(lists.blueprint)
    app.register_blueprint(items.blueprint)
    app.register_blueprint(search.blueprint)
    app.register_blueprint(admin.blueprint)
    app.register_blueprint(calendar.blueprint)
    app.register_blueprint(outlook.blueprint)
    api.register(app)
    if settings.development:
        app.register_blueprint(styleguide.blueprint)
