"""The result page `/search` and what the search box proposes while one types, `/search/suggest`."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import Blueprint, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup, escape

from ...lists.catalogue import catalogue
from ...lists.rights import Actor
from ..request import actor, home, session
from ..search.searching import Hit, search
from ..search.snippets import Piece
from ..search.suggesting import suggest
from ..search.words import LONGEST_QUESTION
from .record import href, link

blueprint = Blueprint("search", __name__)
SHOWN, SHOWN_OF_ONE_LIST = 60, 200


@blueprint.get("/search")
def results() -> ResponseReturnValue:
    who, text = actor(), request.args.get("q", "").strip()[:LONGEST_QUESTION]
    chosen = request.args.get("list") or None
    everything = search(home(), session(), who, text, limit=SHOWN)
    hits = search(home(), session(), who, text, lists=[chosen], limit=SHOWN_OF_ONE_LIST) if chosen else everything
    return render_template(
        "search/results.html",
        text=text,
        groups=_groups(hits, who),
        tabs=_tabs(everything, text, chosen, who),
        chosen=_list_title(chosen, who) if chosen else None,
        all_href=url_for("search.results", q=text),
        count=len(hits),
        full=len(hits) == (SHOWN_OF_ONE_LIST if chosen else SHOWN),
    )


@blueprint.get("/search/suggest")
def proposals() -> ResponseReturnValue:
    found = suggest(session(), actor(), request.args.get("q", ""))
    return jsonify([asdict(one) | {"href": href(one.list, one.id)} for one in found])


def _groups(hits: Sequence[Hit], who: Actor) -> list[dict[str, Any]]:
    """The hits by list."""
    return [
        {"title": _list_title(name, who), "name": name, "hits": [_shown(hit, who) for hit in hits if hit.list == name]}
        for name in _in_order(hits)
    ]


def _in_order(hits: Sequence[Hit]) -> list[str]:
    """The lists of the hits, that of the best hit first; code lists and templates, which nobody looks for, last."""
    names = list(dict.fromkeys(hit.list for hit in hits))
    return sorted(names, key=lambda name: name == "templates" or catalogue(session()).by_name[name].kind == "code")


def _shown(hit: Hit, who: Actor) -> dict[str, Any]:
    at = hit.modified.astimezone(ZoneInfo(who.time_zone)) if hit.modified else None
    return {
        "icon": hit.icon, "href": href(hit.list, hit.id), "title": _marked(hit.marked_title),
        "snippet": _marked(hit.marked_snippet), "where": [link(place) for place in (hit.company, hit.case) if place],
        "iso": at.isoformat(timespec="seconds") if at else None, "when": _when(at, who),
    }  # fmt: skip


def _when(at: datetime.datetime | None, who: Actor) -> str | None:
    return format_datetime(at, "medium", locale=who.language) if at else None


def _marked(pieces: Sequence[Piece]) -> Markup:
    return Markup("").join(Markup("<mark>{}</mark>").format(text) if found else escape(text) for text, found in pieces)


def _tabs(hits: Sequence[Hit], text: str, chosen: str | None, who: Actor) -> list[dict[str, Any]]:
    """All, and each list that has hits, with how many of the shown are in it."""
    found = Counter(hit.list for hit in hits)
    counts = {name: found[name] for name in _in_order(hits)}
    if chosen and _list_title(chosen, who):
        counts.setdefault(chosen, 0)
    if not counts:
        return []
    tabs = [{"label": _("All"), "href": url_for("search.results", q=text), "count": len(hits), "current": not chosen}]
    return tabs + [
        {
            "label": _list_title(name, who), "href": url_for("search.results", q=text, list=name),
            "count": counts[name] or None, "current": name == chosen,
        }
        for name in counts
    ]  # fmt: skip


def _list_title(name: str, who: Actor) -> str | None:
    found = catalogue(session()).by_name.get(name)
    return found.title(who.language) if found else None
