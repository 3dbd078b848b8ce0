"""What is said of an item: its comments as a page and as a part, saying, changing, deleting, whom one may name."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...lists import comments, query
from ...lists.database import savepoint
from ...lists.errors import Invalid, NotFound
from ...lists.query import Item
from ...lists.rights import Actor, Level, load_actor
from ..errors import said
from ..request import actor, next_page, session
from . import comment_view, suggest

blueprint = Blueprint("comments", __name__, url_prefix="/lists/<list_name>/<int:item_id>")
MOST_PEOPLE = 8


@blueprint.get("/comments")
def show(list_name: str, item_id: int) -> ResponseReturnValue:
    """The item's comments on a page of their own."""
    return _page(_item(list_name, item_id))


@blueprint.post("/comments")
def add(list_name: str, item_id: int) -> ResponseReturnValue:
    """Say something, or answer."""
    me, form = actor(), request.form
    answers = form.get("answers", type=int)
    try:
        with savepoint(session()):
            made = comments.add(session(), me, list_name, item_id, form.get("text", ""), answers=answers)
    except Invalid as refusal:
        return _refused(list_name, item_id, refusal, answering=answers)
    return _done(list_name, item_id, made.id, _("Your comment is there."))


@blueprint.post("/comments/<int:comment_id>")
def change(list_name: str, item_id: int, comment_id: int) -> ResponseReturnValue:
    """Say it otherwise."""
    try:
        with savepoint(session()):
            comments.change(session(), actor(), list_name, item_id, comment_id, request.form.get("text", ""))
    except Invalid as refusal:
        return _refused(list_name, item_id, refusal, editing=comment_id)
    return _done(list_name, item_id, comment_id, _("Saved."))


@blueprint.post("/comments/<int:comment_id>/delete")
def delete(list_name: str, item_id: int, comment_id: int) -> ResponseReturnValue:
    """Take a comment away."""
    comments.delete(session(), actor(), list_name, item_id, comment_id)
    return _done(list_name, item_id, None, _("The comment is deleted."))


@blueprint.get("/people")
def people(list_name: str, item_id: int) -> Response:
    """Colleagues whose name fits; those who may not read the item are marked so."""
    item = query.get(session(), actor(), list_name, item_id, right=Level.READ, resolved=False)
    if not comments.are_on(item.definition):
        raise NotFound()
    found = suggest.suggest(session(), actor(), "users", request.args.get("q", ""), limit=MOST_PEOPLE)
    names = [one["title"] for one in found]
    entries = [
        {**one, "insert": one["detail"] if names.count(one["title"]) > 1 else one["title"], "reads": _reads(one, item)}
        for one in found
    ]
    return jsonify(sorted(entries, key=lambda one: not one["reads"]))


def _reads(person: dict[str, Any], item: Item) -> bool:
    other = load_actor(session(), person["id"])
    return other is not None and item.id in _readable(other, item)


def _readable(other: Actor, item: Item) -> set[int]:
    try:
        query.get(session(), other, item.definition.name, item.id, right=Level.READ, resolved=False)
    except NotFound:
        return set()
    return {item.id}


def _item(list_name: str, item_id: int) -> Item:
    return query.get(session(), actor(), list_name, item_id, right=Level.READ)


def _page(item: Item, status: int = 200, **more: Any) -> ResponseReturnValue:
    section = comment_view.section(session(), item, actor(), **more)
    if section is None:
        raise NotFound()
    page = "lists/_comments.html" if _is_part() else "lists/comments.html"
    shown = render_template(page, item=item, definition=item.definition, actor=actor(), comments=section)
    return shown, status


def _refused(list_name: str, item_id: int, refusal: Invalid, **more: Any) -> ResponseReturnValue:
    words = " ".join(said(error) for error in refusal.errors)
    return _page(_item(list_name, item_id), 422, typed=request.form.get("text", ""), error=words, **more)


def _done(list_name: str, item_id: int, comment_id: int | None, words: str) -> ResponseReturnValue:
    if _is_part():
        return _page(_item(list_name, item_id))
    flash(words, "ok")
    there = next_page(url_for("items.show", list_name=list_name, item_id=item_id)).partition("#")[0]
    return redirect(f"{there}#{f'comment-{comment_id}' if comment_id else 'comments'}", 303)


def _is_part() -> bool:
    """Whether the section asks that is on a page already."""
    return request.headers.get("HX-Target") == "comments"
