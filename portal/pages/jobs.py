"""The page of changes of many rows: one's own, and for administrators everybody's."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from ...lists import bulk_editing
from ...lists.bulk_editing import BulkJob, Counted
from ...lists.catalogue import catalogue
from ...lists.rights import Actor, may_open
from ...lists.titles import titles_by_list
from ..request import actor, session
from . import cells

blueprint = Blueprint("jobs", __name__)
SHOWN = 20


@blueprint.get("/jobs")
def show() -> ResponseReturnValue:
    """The newest first; with `of=everybody`, for administrators, all."""
    me, of_all = actor(), request.args.get("of") == "everybody"
    given = request.args.get("before", "")
    before = int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else None
    found = bulk_editing.newest(session(), me, of_everybody=of_all, before=before, limit=SHOWN + 1)
    jobs = found[:SHOWN]
    counted = bulk_editing.counted(session(), jobs)
    users = titles_by_list(session(), me, {"users": {job.user_id for job in jobs}})["users"] if of_all and jobs else {}
    return render_template(
        "lists/jobs.html",
        me=me,
        of_all=of_all,
        rows=[_row(job, counted[job.id], me, users.get(job.user_id)) for job in jobs],
        older=jobs[-1].id if len(found) > SHOWN else None,
    )


def _row(job: BulkJob, counted: Counted, me: Actor, who: str | None) -> dict[str, Any]:
    """A job as its line shows it; of a list that its reader may not open any more only what it did."""
    found = catalogue(session()).by_id.get(job.list_id)
    there = found is not None and may_open(found, me)
    return {
        "what": _kinds()[job.kind],
        "list": found.title(me.language) if found and there else None,
        "href": url_for("bulk.show", list_name=found.name, job_id=job.id) if found and there else None,
        "who": who,
        "at": cells.at(job.created, me),
        "started": job.created,
        "state": _states()[job.state],
        "rows": _rows(counted),
        "refused": _refused(counted),
        "running": job.state == "running",
        "done": counted.total - counted.of("waiting"),
        "total": counted.total,
    }


def _rows(counted: Counted) -> str:
    number = format_decimal(counted.total) + ("+" if counted.capped else "")
    return ngettext("%(number)s row", "%(number)s rows", counted.total + counted.capped, number=number)


def _refused(counted: Counted) -> str | None:
    refused = counted.of("refused")
    return _("%(count)s refused", count=format_decimal(refused)) if refused else None


def _kinds() -> dict[str, str]:
    return {
        "update": _("Edit rows"), "delete": _("Delete rows"), "restore": _("Restore rows"),
        "discard": _("Delete from the recycle bin"), "purge": _("Empty the second recycle bin"), "undo": _("Put back"),
    }  # fmt: skip


def _states() -> dict[str, dict[str, str | None]]:
    return {
        "gathering": {"label": _("Finding the rows"), "kind": "accent"},
        "running": {"label": _("Under way"), "kind": "accent"},
        "done": {"label": _("Done"), "kind": "ok"},
        "cancelled": {"label": _("Stopped"), "kind": "warn"},
    }
