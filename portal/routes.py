"""Every address of the portal, on one page: which blueprint answers where."""

from __future__ import annotations

from flask import Flask

from . import api
from .pages import (
    account,
    actions,
    admin,
    bulk,
    calendar,
    case,
    column_menu,
    columns,
    comments,
    company,
    content_types,
    documents,
    filter_form,
    grid,
    home,
    imports,
    item_rights,
    items,
    jobs,
    list_board,
    list_colours,
    list_export,
    list_files,
    list_filter,
    list_forms,
    list_settings,
    list_views,
    lists,
    mail,
    notices,
    outlook,
    recycle_bin,
    search,
    sharing,
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
    app.register_blueprint(notices.blueprint)
    app.register_blueprint(lists.blueprint)
    app.register_blueprint(grid.blueprint)
    app.register_blueprint(bulk.blueprint)
    app.register_blueprint(recycle_bin.blueprint)
    app.register_blueprint(jobs.blueprint)
    app.register_blueprint(list_board.blueprint)
    app.register_blueprint(list_export.blueprint)
    app.register_blueprint(list_filter.blueprint)
    app.register_blueprint(filter_form.blueprint)
    app.register_blueprint(column_menu.blueprint)
    app.register_blueprint(list_views.blueprint)
    app.register_blueprint(list_colours.blueprint)
    app.register_blueprint(items.blueprint)
    app.register_blueprint(item_rights.blueprint)
    app.register_blueprint(sharing.blueprint)
    app.register_blueprint(comments.blueprint)
    app.register_blueprint(list_settings.blueprint)
    app.register_blueprint(list_files.blueprint)
    app.register_blueprint(list_forms.blueprint)
    app.register_blueprint(content_types.blueprint)
    app.register_blueprint(columns.blueprint)
    app.register_blueprint(imports.blueprint)
    app.register_blueprint(search.blueprint)
    app.register_blueprint(admin.blueprint)
    app.register_blueprint(calendar.blueprint)
    app.register_blueprint(outlook.blueprint)
    api.register(app)
    if settings.development:
        app.register_blueprint(styleguide.blueprint)
