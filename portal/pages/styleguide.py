"""The styleguide: every piece of the face in all its states, with invented data. Development only.

Register the blueprint only where the app runs for development; it reads nothing and writes nothing.
"""

from __future__ import annotations

import datetime
from typing import Any

from flask import Blueprint, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

blueprint = Blueprint("styleguide", __name__, url_prefix="/styleguide")

TOKENS = (
    "ground surface raised hover selected line edge text muted accent accent-strong danger warn ok "
    "danger-ground warn-ground ok-ground accent-ground neutral-ground"
)
COMPANIES = [
    {"id": 1, "title": "Tatra Steel, a.s.", "detail": "Košice · 36 211 222"},
    {"id": 2, "title": "Põhjala Puit OÜ", "detail": "Tartu · 12345678"},
    {"id": 3, "title": "Yıldız Çelik A.Ş.", "detail": "İzmir · 0123456789"},
    {"id": 4, "title": "Söderberg Maschinenbau GmbH", "detail": "Kassel · HRB 12044"},
    {"id": 5, "title": "Žilinské strojárne, s.r.o.", "detail": "Žilina · 31 555 017"},
]
CASES = [
    ("Enterprise licence", 0, "Offer", "warn", "48,000.00 €", "Call · tomorrow", "Anna Kováčová", 12),
    ("Spare parts 2027", 1, "New", "accent", "3,250.00 €", "Send offer · Friday", "Mart Tamm", 95),
    (
        "Rolling mill upgrade, second line with a rather long name",
        0,
        "Offer",
        "warn",
        "1,204,500.00 €",
        "",
        "Anna Kováčová",
        300,
    ),
    ("Warehouse doors", 2, "Order", "ok", "18,900.00 €", "Meeting · 2 Dec 10:00", "Elif Şahin", 1500),
    ("Service contract", 3, "Lost", "danger", "", "", "Jonas Weber", 4100),
    ("Cranes for hall 4", 4, "New", "accent", "96,000.00 €", "Call · overdue 3 days", "Peter Novák", 9000),
]
CHOICES: dict[str, Any] = {
    "stages": [("new", "New"), ("offer", "Offer"), ("order", "Order")],
    "areas": [(1, "Domestic"), (2, "Foreign"), (3, "Baltic")],
    "countries": [("SK", "Slovakia"), ("EE", "Estonia"), ("TR", "Türkiye"), ("DE", "Germany")],
}


@blueprint.get("")
def show() -> ResponseReturnValue:
    """All pieces on one page."""
    return render_template("styleguide.html", **_shell(), **_sample())


@blueprint.get("/item/<int:number>")
def item(number: int) -> ResponseReturnValue:
    """A sample item: the part alone for the side panel, else the full page."""
    row = _rows()[(number - 1) % len(CASES)]
    partial = request.headers.get("HX-Target") == "panel-body"
    return render_template("styleguide_item.html", **_shell(), row=row, partial=partial, history=_history())


@blueprint.get("/lookup")
def lookup() -> ResponseReturnValue:
    """Companies whose name or second line contains `q`, as every lookup's address answers."""
    wanted = request.args.get("q", "").casefold()
    return jsonify([c for c in COMPANIES if wanted in f"{c['title']} {c['detail']}".casefold()])


@blueprint.get("/error")
def error() -> ResponseReturnValue:
    """The error page."""
    return render_template(
        "errors/error.html",
        **_shell(),
        title="This page is not here",
        what="The address may be old, or what it showed is not shared with you.",
        next="Search for it, or go back to your home page.",
    )


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """A signed-out page."""
    return render_template("styleguide_signin.html")


def _shell() -> dict[str, Any]:
    here = url_for("styleguide.show")
    rail = [
        ("Home", "home", None, False),
        ("My day", "my-day", 7, False),
        ("Relations", "company", None, True),
        ("Cases", "case", None, False),
        ("Activities", "activity", None, False),
        ("Calendar", "calendar", None, False),
        ("Documents", "library", None, False),
        ("Mail", "mail", None, False),
        ("All lists…", "list", None, True),
    ]
    return {
        "user": {"id": "styleguide", "name": "Eva Králiková", "email": "eva@example.test"},
        "navigation": [
            {
                "label": label,
                "icon": icon,
                "href": here,
                "count": count,
                "starts_group": starts,
                "current": label == "Cases",
            }
            for label, icon, count, starts in rail
        ],
        "create_menu": [
            {"label": label, "icon": icon, "href": here}
            for label, icon in [
                ("Phone call", "call"),
                ("Task", "task"),
                ("Meeting", "meeting"),
                ("Case", "case"),
                ("Company", "company"),
                ("Document", "document"),
            ]
        ],
        "languages": [{"code": "en", "label": "English"}, {"code": "sk", "label": "Slovenčina"}],
        "breadcrumb": [{"label": "Cases", "href": here}, {"label": "Styleguide"}],
    }


def _sample() -> dict[str, Any]:
    return {
        "tokens": TOKENS.split(),
        "rows": _rows(),
        "companies": COMPANIES,
        "history": _history(),
        **CHOICES,
    }


def _rows() -> list[dict[str, Any]]:
    now = datetime.datetime.now(datetime.UTC)
    rows = []
    for number, (title, company, stage, kind, value, step, person, minutes) in enumerate(CASES, 1):
        changed = now - datetime.timedelta(minutes=minutes)
        rows.append(
            {
                "id": number,
                "title": title,
                "href": url_for("styleguide.item", number=number),
                "step": step,
                "company": COMPANIES[company]["title"],
                "stage": stage,
                "stage_kind": kind,
                "value": value,
                "person": person,
                "iso": changed.isoformat(),
                "changed": changed.strftime("%d %b %Y"),
            }
        )
    return rows


def _history() -> list[dict[str, Any]]:
    now = datetime.datetime.now(datetime.UTC)
    entries = [
        (
            "mail",
            "Mail",
            "Re: offer",
            "Thank you, we will decide by Friday. One question about the delivery to hall 4.",
            "B. Buyer",
            95,
        ),
        (
            "call",
            "Call",
            "Call, 12 min",
            "Asked for a discount on the second line. Call again after the board meets.",
            "Anna Kováčová",
            200,
        ),
        ("document", "Document", "Offer 2026-118.docx, version 2.0", None, "Anna Kováčová", 1600),
        ("meeting", "Meeting", "Visit to the rolling mill", "Košice, gate 3", "Peter Novák", 3000),
    ]
    return [
        {
            "kind": kind,
            "label": label,
            "title": title,
            "text": text,
            "who": who,
            "iso": (now - datetime.timedelta(minutes=ago)).isoformat(),
            "day": ago >= 1440,
        }
        for kind, label, title, text, who, ago in entries
    ]
