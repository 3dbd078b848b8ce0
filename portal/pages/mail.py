"""Pages of mail: a filed message, and filing messages by choosing or dropping their files."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ...lists import query
from ...lists.database import savepoint
from ...lists.errors import DomainError, Invalid, NotFound, Words
from ...lists.query import Item
from ...lists.rights import Level
from ...outlook_addin import filing, matching, messages, outbox
from ...outlook_addin.messages import Message
from .. import mail as mailing
from ..api.mail import read_target
from ..errors import said
from ..request import actor, home, session
from . import document_words, mail_body

blueprint = Blueprint("mail", __name__)
MOST_FILES = 50
KEEP_SECONDS = 6 * 3600


@dataclass
class Kept:
    """A message on the form that asks where it goes: its bytes are stored, `token` (signed) names them."""

    number: int
    token: str
    message: Message
    suggestion: matching.Suggestion
    company: Item | None = None
    case: Item | None = None
    error: str = ""
    found: tuple[Item, ...] = ()
    looked_for: str = ""

    @property
    def cases(self) -> tuple[Item, ...]:
        """What may be chosen: the company's open cases, and the one that the message answers."""
        own = (self.case,) if self.case else ()
        return (*own, *(case for case in self.suggestion.cases if not self.case or case.id != self.case.id))


# --- A filed message ----------------------------------------------------------------------------------


@blueprint.get("/lists/mails/<int:mail_id>")
def mail_page(mail_id: int) -> ResponseReturnValue:
    """The message, its attachments, where it is filed and how it is on its way; as much as the reader may see."""
    mail = query.get(session(), actor(), "mails", mail_id)
    content = filing.content(session(), actor(), mail_id) if mail.level >= Level.READ and _is_filed(mail) else None
    return render_template(
        "mail/mail.html", mail=mail, content=content, documents=_documents(content), privacy=_privacy_words(),
        sent_status=outbox.status(session(), mail.guid) if content else None, when=_when,
        size_in_words=document_words.size,
        problems=[said(Words(**one)) for one in content.copy.problems] if content else [],
        has_body=bool(content and content.copy.html), partial=request.headers.get("HX-Target") == "panel-body",
    )  # fmt: skip


@blueprint.get("/mail/<int:mail_id>/html")
def html_body(mail_id: int) -> ResponseReturnValue:
    """The formatted text for the frame on the mail page: a document of its own that may load and run nothing."""
    content = filing.content(session(), actor(), mail_id)
    if not content.copy.html:
        raise NotFound()
    body = mail_body.with_pictures(content.copy.html, content.attachments, home().blobs)
    nonce = secrets.token_urlsafe(16)
    response = Response(render_template("mail/body.html", body=body, nonce=nonce))
    response.headers["Content-Security-Policy"] = (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
        f"style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    return response


@blueprint.post("/mail/<int:mail_id>/undo")
def undo(mail_id: int) -> ResponseReturnValue:
    """Take a filing back."""
    filing.undo(session(), actor(), mail_id)
    flash(_("Taken back: the mail is in the recycle bin."), "ok")
    return redirect(url_for(".file_form"), 303)


@blueprint.post("/mail/<int:mail_id>/send-again")
def send_again(mail_id: int) -> ResponseReturnValue:
    """Let a message that the mail server did not take wait for it once more."""
    mail = query.get(session(), actor(), "mails", mail_id, right=Level.EDIT)
    outbox.try_again(session(), mail.guid)
    flash(_("It will be sent in a moment."), "ok")
    return redirect(url_for(".mail_page", mail_id=mail_id), 303)


def _is_filed(mail: Item) -> bool:
    return mail["message"] is not None


def _documents(content: filing.Content | None) -> list[Item]:
    if content is None or not content.documents:
        return []
    return list(query.many(session(), actor(), "documents", content.documents, columns=["file_name"]).values())


def _privacy_words() -> dict[str, str]:
    return {"everything": _("everything"), "subject": _("the subject only"), "existence": _("that it exists")}


def _when(instant: Any) -> str:
    return format_datetime(instant, "medium") if instant else ""


# --- Filing -------------------------------------------------------------------------------------------


@blueprint.get("/mail/file")
def file_form() -> ResponseReturnValue:
    """Choose or drop the files of messages; where they go may be said now or on the next page."""
    return _form(_target_from(request.args))


@blueprint.post("/mail/file")
def file_submit() -> ResponseReturnValue:
    """First the files, then, where no place was given, the place of each."""
    who = actor()
    if request.form.getlist("kept"):
        return _file_kept()
    place, privacy = read_target()
    read, refused = _read_files()
    if not read and not refused:
        refused = [_("Choose at least one message.")]
    if not read:
        return _form(_target_from(request.form), refused), 422
    if not place or refused:
        return _ask([_kept(number, prepared) for number, prepared in enumerate(read)], privacy, refused, place)
    filed = [mailing.file_prepared(home(), who, prepared, place, privacy=privacy) for prepared in read]
    return _done(filed)


def _file_kept() -> ResponseReturnValue:
    """File the messages of the second form, each where the form says; nothing is filed until all can be."""
    who, privacy = actor(), request.form.get("privacy") or filing.DEFAULT_PRIVACY
    asked = [_restored(number, token) for number, token in enumerate(request.form.getlist("kept")[:MOST_FILES])]
    looking = request.form.get("_find", "")
    if looking:
        return _ask([_looked_up(one, looking) for one in asked], privacy, [])
    wanted = [one for one in asked if request.form.get(f"leave-{one.number}") is None]
    prepared = [filing.prepare(home().blobs, one.message) for one in wanted]
    filed: list[filing.Filed] = []
    now = 0
    try:
        with savepoint(session()):
            for now, ready in enumerate(prepared):
                one = wanted[now]
                place = {name: _chosen(f"{name}-{one.number}") for name in ("company", "case")}
                filed.append(filing.file_message(session(), who, ready, **place, privacy=privacy))
    except DomainError as refusal:
        wanted[now].error = said(refusal.errors[0]) if isinstance(refusal, Invalid) else said(refusal)
        return _ask(asked, privacy, [], status=422)
    return _done(filed) if filed else redirect(url_for(".file_form"), 303)


def _done(filed: list[filing.Filed]) -> ResponseReturnValue:
    """Say where each went, with an undo for what is new, and show the first."""
    for one in filed:
        if one.new:
            flash(
                {
                    "text": _("Filed with %(place)s.", place=_place_words(one.mail)),
                    "undo": url_for(".undo", mail_id=one.mail.id),
                },  # type: ignore[arg-type]
                "ok",
            )
        else:
            flash(_("Filed already with %(place)s.", place=_place_words(one.mail)), "ok")
    return redirect(url_for(".mail_page", mail_id=filed[0].mail.id), 303)


def _place_words(mail: Item) -> str:
    company, case = mail["company"], mail["case"]
    if company and case:
        return _("%(company)s, case %(case)s", company=company.title, case=case.title)
    if case:
        return _("case %(case)s", case=case.title)
    return company.title if company else _("no company yet")


def _read_files() -> tuple[list[filing.Prepared], list[str]]:
    """The messages among the files that came, and in words what is wrong with the others."""
    read: list[filing.Prepared] = []
    refused: list[str] = []
    for sent in request.files.getlist("message")[:MOST_FILES]:
        data = sent.read()
        if not sent.filename and not data:
            continue  # the browser's empty field
        try:
            read.append(mailing.read_message(home(), data, sent.filename or ""))
        except Invalid as refusal:
            refused.append(f"{sent.filename}: {said(refusal)}")
    return read, refused


def _kept(number: int, prepared: filing.Prepared) -> Kept:
    token = _signer().dumps([prepared.raw.sha256, actor().user_id])
    return _with_suggestion(number, token, prepared.message)


def _restored(number: int, token: str) -> Kept:
    """A message of the second form, read again from the store. Raises Invalid where the form is too old or not ours."""
    try:
        sha256, user_id = _signer().loads(token, max_age=KEEP_SECONDS)
    except BadSignature:
        raise Invalid("kept", "This form is too old. Choose the messages again.") from None
    if user_id != actor().user_id:
        raise Invalid("kept", "This form is too old. Choose the messages again.")
    kept = _with_suggestion(number, token, messages.parse(b"".join(home().blobs.open(sha256))))
    kept.company, kept.case = (_found(name, number) for name in ("company", "case"))
    return kept


def _with_suggestion(number: int, token: str, message: Message) -> Kept:
    with home().database.read() as reading:
        suggestion = matching.suggest(reading, actor(), message, mailing.tokens(home()))
    return Kept(number, token, message, suggestion, suggestion.company, suggestion.case)


def _looked_up(kept: Kept, looking: str) -> Kept:
    """Without scripts: companies or cases with the words typed beside the field."""
    for name, list_name in (("company", "relations"), ("case", "cases")):
        if looking == f"{name}-{kept.number}":
            kept.looked_for = request.form.get(f"{looking}__q", "")[:200]
            with home().database.read() as reading:
                found = query.page(
                    reading, actor(), list_name, search=kept.looked_for, order=[("name", False)], limit=20
                )
            if name == "company":
                kept.found = tuple(found.items)
            else:
                kept.suggestion = matching.Suggestion(kept.suggestion.company, None, None, tuple(found.items))
    return kept


def _chosen(name: str) -> int | None:
    value = request.form.get(name, "").strip()
    if value and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Invalid(name.partition("-")[0], "This must be the number of an item.")
    return int(value) if value else None


def _found(name: str, number: int) -> Item | None:
    value = request.form.get(f"{name}-{number}", "")
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        return None
    with home().database.read() as reading:
        return query.many(reading, actor(), {"company": "relations", "case": "cases"}[name], [int(value)]).get(
            int(value)
        )


def _target_from(values: Any) -> dict[str, Item | None]:
    """Company and case named in an address or a form, to show them chosen; what may not be seen is left out."""
    targets: dict[str, Item | None] = {}
    with home().database.read() as reading:
        for name, list_name in (("company", "relations"), ("case", "cases")):
            value = values.get(name, "")
            number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
            targets[name] = query.many(reading, actor(), list_name, [number]).get(number) if number else None
    return targets


def _form(target: dict[str, Item | None], errors: list[str] | None = None) -> str:
    actor()
    named = [{"name": "message", "label": _("Messages"), "message": error} for error in errors or ()]
    return render_template("mail/file.html", target=target, errors=named, privacy=_privacy_words())


def _ask(
    asked: list[Kept], privacy: str, refused: list[str], place: filing.Place | None = None, *, status: int = 200
) -> ResponseReturnValue:
    if place:
        shown = _target_from({name: str(value) for name, value in vars(place).items() if value})
        for one in asked:
            one.company, one.case = shown["company"] or one.company, shown["case"] or one.case
    page = render_template("mail/where.html", asked=asked, chosen=privacy, refused=refused,
                           privacy=_privacy_words(), when=_when, written=filing.written)  # fmt: skip
    return page, status


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(home().settings.secret_key, salt="mail-to-file")
