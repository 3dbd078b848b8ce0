"""Administration: users, owners and sales groups, the state of the installation. For administrators only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, or_, select

from ...lists import filters, items, query
from ...lists.columns import Reference
from ...lists.crm import users
from ...lists.database import savepoint
from ...lists.errors import Conflict, DomainError, Forbidden, Invalid
from ...lists.models import User, UserRole
from ...lists.rights import ROLES, Actor
from ...lists.sqltypes import fold, folded
from .. import sign_in, status
from ..errors import said
from ..navigation import LANGUAGE_NAMES
from ..request import actor, home, session
from ..settings import languages

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
MOST_USERS = 200


@blueprint.before_request
def only_administrators() -> None:
    """Everybody else gets the friendly page that says so."""
    if not actor().is_administrator:
        raise Forbidden("Only an administrator may open this page.")


@blueprint.app_template_global()
def role_name(role: str) -> str:
    """A role in the reader's language."""
    return {
        "salesperson": _("Salesperson"), "manager": _("Manager"), "template_editor": _("Template editor"),
        "reader": _("Reader"), "administrator": _("Administrator"),
    }.get(role, role)  # fmt: skip


@blueprint.get("")
def show() -> ResponseReturnValue:
    """The first steps of a new installation, and its figures at a glance."""
    return render_template("admin/admin.html", steps=_first_steps(), findings=status.findings(session(), home()))


@blueprint.get("/users")
def show_users() -> ResponseReturnValue:
    """All users; `q` looks in name and address, `show=inactive` for those who are kept out."""
    words, inactive = request.args.get("q", "").strip()[:100], request.args.get("show") == "inactive"
    wanted = select(User).where(User.active.is_(not inactive)).order_by(User.name, User.id).limit(MOST_USERS + 1)
    for word in words.split()[:8]:
        pattern = "%" + fold(word).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        wanted = wanted.where(or_(folded(User.name).like(pattern, escape="\\"), User.email.like(pattern, escape="\\")))
    found = session().scalars(wanted).all()
    return render_template(
        "admin/users.html", rows=_user_rows(found[:MOST_USERS]), more=len(found) > MOST_USERS,
        words=words, inactive=inactive,
    )  # fmt: skip


@blueprint.get("/users/new")
def new_user() -> ResponseReturnValue:
    """The form for a new user."""
    return _user_form(None)


@blueprint.post("/users/new")
def add_user() -> ResponseReturnValue:
    """Add a user with a password that is typed or made here, and shown this once."""
    password = request.form.get("password", "") or sign_in.new_password()
    try:
        form = _read_form()
        hashed = sign_in.hash_password(password)
        with savepoint(session()):
            user = users.add_user(session(), actor(), request.form.get("email", ""), password_hash=hashed, **form)
    except (Invalid, Conflict) as refusal:
        return _refused(None, refusal)
    return render_template("admin/password.html", person=user, password=password, added=True)


@blueprint.get("/users/<int:number>")
def show_user(number: int) -> ResponseReturnValue:
    """A user's role, groups and state."""
    return _user_form(users.find_user(session(), actor(), number))


@blueprint.post("/users/<int:number>")
def change_user(number: int) -> ResponseReturnValue:
    """Change name, role, groups, language: acts at the user's next click."""
    user = users.find_user(session(), actor(), number)
    try:
        form = _read_form()
        with savepoint(session()):
            users.change_user(session(), actor(), number, **form)
    except (Invalid, Conflict) as refusal:
        return _refused(user, refusal)
    flash(_("%(name)s is saved.", name=user.name), "ok")
    return redirect(url_for("admin.show_users"), 303)


@blueprint.post("/users/<int:number>/active")
def change_active(number: int) -> ResponseReturnValue:
    """Keep a user out, ending all sessions and tokens at once, or let them in again."""
    active = request.form.get("active") == "1"
    user = users.set_active(session(), actor(), number, active)
    if not active:
        sign_in.lock_out(session(), user.id)
    flash(_("%(name)s may sign in again.", name=user.name) if active else
          _("%(name)s is kept out from now on. Records and groups stay.", name=user.name), "ok")  # fmt: skip
    return redirect(url_for("admin.show_user", number=number), 303)


@blueprint.post("/users/<int:number>/password")
def reset_password(number: int) -> ResponseReturnValue:
    """A new password that is shown this once; the user's sessions end."""
    password = sign_in.new_password()
    hashed = sign_in.hash_password(password)
    user = users.find_user(session(), actor(), number)
    user.password_hash = hashed
    sign_in.close_all_sessions(session(), user.id)
    return render_template("admin/password.html", person=user, password=password, added=False)


@blueprint.get("/organisation")
def show_organisation() -> ResponseReturnValue:
    """Owners and their sales groups."""
    return _organisation()


@blueprint.post("/organisation/<any(owners, sales_groups):list_name>")
def add_to_organisation(list_name: str) -> ResponseReturnValue:
    """Add an owner or a sales group by its name; the lists' own forms have everything else."""
    values = {"name": " ".join(request.form.get("name", "").split())}
    if list_name == "sales_groups":
        values["owner"] = request.form.get("owner", "")
    try:
        if list_name == "sales_groups" and not values["owner"]:
            raise Invalid("owner", "Choose the owner for whom the group works.")
        with savepoint(session()):
            made = items.create(session(), actor(), list_name, values)
    except (Invalid, Conflict) as refusal:
        return _organisation(list_name, refusal), 422
    flash(_("%(name)s is added.", name=made.title), "ok")
    return redirect(url_for("admin.show_organisation"), 303)


@blueprint.get("/status")
def show_status() -> ResponseReturnValue:
    """How the installation is doing: followers of the change log, background work, sizes, settings."""
    report = status.report(session(), home())
    lines = [
        {
            "id": line.name,
            "title": line.name,
            "value": _of_settings(line.value),
            "origin": _of_settings(line.origin),
            "help": _(line.help),
        }
        for line in report.settings
    ]
    return render_template("admin/status.html", report=report, lines=lines, in_words=status.in_words)


def _of_settings(text: str) -> str:
    """What the settings say of themselves, in the reader's language; a value stays as it is."""
    known = {
        "default": _("default"),
        "environment": _("environment"),
        "command line": _("command line"),
        "(set)": _("(set)"),
        "(not set)": _("(not set)"),
    }
    return known.get(text, text)


def _read_form() -> dict[str, Any]:
    form = request.form
    if form.get("language", "en") not in languages():
        raise Invalid("language", "Choose one of the languages.")
    manages = _numbers("manages") if form.get("role") == "manager" else []
    return {
        "name": form.get("name", ""), "role": form.get("role", ""), "groups": _numbers("groups"),
        "manages": manages, "language": form.get("language", "en"),
    }  # fmt: skip


def _numbers(field: str) -> list[int]:
    """The ids chosen in a field. Raises Invalid for what cannot be one."""
    try:
        numbers = [int(one) for one in request.form.getlist(field)]
    except ValueError:
        raise Invalid(field, "There is no such item to choose.") from None
    if any(not 0 < number < 2**31 for number in numbers):
        raise Invalid(field, "There is no such item to choose.")
    return numbers


def _refused(user: User | None, refusal: DomainError) -> ResponseReturnValue:
    """The form again with what was typed; nothing is written."""
    return _user_form(user, refusal), 409 if isinstance(refusal, Conflict) else 422


def _user_form(user: User | None, refusal: DomainError | None = None) -> str:
    reader = actor()
    values = _typed() if refusal else _stored(reader, user)
    fields = refusal.errors if isinstance(refusal, Invalid) else []
    names = {"name", "email", "role", "groups", "manages", "language", "password"}
    return render_template(
        "admin/user.html",
        person=user,
        values=values,
        errors={one.field: said(one) for one in fields if one.field in names},
        other_errors=[said(one) for one in fields if one.field not in names]
        or ([said(refusal)] if refusal and not fields else []),
        roles=[(role, role_name(role)) for role in ROLES],
        groups=_choices(reader, "sales_groups"),
        owners=_choices(reader, "owners"),
        language_choices=[(code, LANGUAGE_NAMES.get(code, code)) for code in languages()],
        is_self=user is not None and user.id == reader.user_id,
        sessions=len(sign_in.sessions_of(session(), user.id)) if user else 0,
        tokens=len(sign_in.tokens_of(session(), user.id)) if user else 0,
    )


def _typed() -> dict[str, Any]:
    form = request.form
    lists = {name: form.getlist(name) for name in ("groups", "manages")}
    return {name: form.get(name, "") for name in ("name", "email", "role", "language")} | lists


def _stored(reader: Actor, user: User | None) -> dict[str, Any]:
    if user is None:
        language = home().settings.language
        return {"name": "", "email": "", "role": "salesperson", "groups": [], "manages": [], "language": language}
    roles = session().execute(select(UserRole.role, UserRole.owner_id).where(UserRole.user_id == user.id)).all()
    person = users.salesperson_of(session(), reader, user)
    return {
        "name": user.name, "email": user.email, "role": roles[0].role if roles else "", "language": user.language,
        "groups": [group.id for group in (person["groups"] or [])] if person else [],
        "manages": [row.owner_id for row in roles if row.owner_id],
    }  # fmt: skip


def _choices(reader: Actor, list_name: str) -> list[tuple[int, str]]:
    found = query.page(session(), reader, list_name, columns=["name"], order=[("name", False)], limit=1000).items
    return [(item.id, item.title) for item in found]


def _user_rows(found: Sequence[User]) -> list[dict[str, Any]]:
    ids = [user.id for user in found]
    roles: dict[int, set[str]] = {}
    for row in session().execute(select(UserRole.user_id, UserRole.role).where(UserRole.user_id.in_(ids))):
        roles.setdefault(row.user_id, set()).add(row.role)
    groups: dict[int, list[Reference]] = {}
    # All who are in a group stand in this list; one statement for the page and one for the groups' names.
    chosen = filters.field("user", "in", ids)
    people = query.page(session(), actor(), "salespeople", where=chosen, columns=["user", "groups"], limit=1000).items
    for person in people:
        groups[person["user"].id] = person["groups"] or []
    return [
        {
            "id": user.id, "title": user.name, "href": url_for("admin.show_user", number=user.id), "email": user.email,
            "roles": ", ".join(role_name(role) for role in sorted(roles.get(user.id, ()))),
            "groups": ", ".join(group.title for group in groups.get(user.id, [])),
        }
        for user in found
    ]  # fmt: skip


def _organisation(section: str = "", refusal: DomainError | None = None) -> str:
    reader = actor()
    groups = query.page(
        session(), reader, "sales_groups", columns=["name", "owner"], order=[("name", False)], limit=1000
    )
    by_owner: dict[int, list[query.Item]] = {}
    for group in groups.items:
        by_owner.setdefault(group["owner"].id if group["owner"] else 0, []).append(group)
    fields = refusal.errors if isinstance(refusal, Invalid) else []
    return render_template(
        "admin/organisation.html",
        owners=_choices(reader, "owners"),
        by_owner=by_owner,
        section=section,
        errors={one.field: said(one) for one in fields},
        other_error=said(refusal) if refusal and not fields else None,
        typed=request.form,
    )


def _first_steps() -> list[dict[str, Any]]:
    """What a new installation needs, in order, with what is done already."""
    reader = actor()
    number = {name: query.count(session(), reader, name).number for name in ("owners", "sales_groups", "relations")}
    people = session().scalar(select(func.count()).select_from(User).where(User.active.is_(True))) or 0
    organisation = url_for("admin.show_organisation")
    return [
        {"done": number["owners"] > 0, "title": _("Enter the owner, the firm you work for"), "href": organisation,
         "note": ngettext("%(num)s owner", "%(num)s owners", number["owners"])},
        {"done": number["sales_groups"] > 0, "title": _("Make sales groups"), "href": organisation,
         "note": ngettext("%(num)s group", "%(num)s groups", number["sales_groups"])},
        {"done": people > 1, "title": _("Add the people"), "href": url_for("admin.new_user"),
         "note": ngettext("%(num)s user", "%(num)s users", people)},
        {"done": number["relations"] > 0, "title": _("Enter or import companies"), "href": "/lists/relations",
         "note": ngettext("%(num)s company", "%(num)s companies", number["relations"])},
    ]  # fmt: skip
