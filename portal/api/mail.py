"""Mail: filing a message, its parts, where it may belong, and an e-mail from a case (SPEC 3 and 5)."""

from __future__ import annotations

import base64
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from ...lists.columns import ColumnType
from ...lists.columns.references import LookupColumn
from ...lists.errors import FieldError, Invalid, NotFound
from ...lists.query import Item
from ...outlook_addin import filing, matching
from ...outlook_addin.sending import File
from .. import mail as mailing
from ..request import actor, home, session
from .json import answer, body, item_answer, item_json, made, only
from .operations import fields, operation, ref
from .schemas import ID, TEXT

blueprint = Blueprint("api_mail", __name__, url_prefix="/api/v1")
TAG = "mail"
LONGEST_NAME = 200

TARGETS: dict[str, ColumnType] = {
    "company": LookupColumn({"list": "relations"}),
    "case": LookupColumn({"list": "cases"}),
    "activity": LookupColumn({"list": "activities"}),
}
_FORM = fields(
    {
        "message": {"type": "string", "format": "binary", "description": "An .eml or an Outlook .msg"},
        "company": ID, "case": ID, "activity": ID, "privacy": {"enum": list(filing.PRIVACY)}, "sales_group": ID,
    },
    "message",
)  # fmt: skip
_BINARY = {"type": "string", "format": "binary"}
_OR_NULL = {"anyOf": [ref("Item"), {"type": "null"}]}
_SUGGESTION = fields(
    {"company": _OR_NULL, "contact": _OR_NULL, "case": _OR_NULL, "cases": {"type": "array", "items": ref("Item")}},
    "company", "contact", "case", "cases",
)  # fmt: skip
_ATTACHMENT = {
    "anyOf": [
        {**ID, "description": "A document"},
        fields({"name": TEXT, "content": {"type": "string", "contentEncoding": "base64"}}, "name", "content"),
    ]
}
_EMAIL = fields(
    {"to": {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}, "subject": TEXT, "text": TEXT,
     "attachments": {"type": "array", "items": _ATTACHMENT}}, "to", "subject",
)  # fmt: skip
_SENT = fields({"activity": ref("Item.activities"), "mail": ref("Item.mails")}, "activity", "mail")


@blueprint.post("/mail")
@operation(summary="File a message", tag=TAG, body=_FORM, body_type="multipart/form-data", problems=(507,),
           answers={200: ref("Item.mails"), 201: ref("Item.mails")},
           description="201: filed; 200: filed there already. Without a place the message may tell it.")  # fmt: skip
def file_message() -> ResponseReturnValue:
    who = actor()
    place, privacy = read_target()
    group = _number("sales_group", LookupColumn({"list": "sales_groups"}))
    sent = request.files.get("message")
    if sent is None:
        raise Invalid("message", "Send the message itself as the file “message”.")
    prepared = mailing.read_message(home(), sent.read(), sent.filename or "")
    filed = mailing.file_prepared(home(), who, prepared, place, privacy=privacy, sales_group=group)
    return item_answer(filed.mail, 201 if filed.new else 200)


def read_target() -> tuple[filing.Place, str]:
    """Where the form says that it is to be filed, and who may see it. Raises Invalid with every refused field."""
    errors, ids = [], {}
    for name, kind in TARGETS.items():
        try:
            ids[name] = _number(name, kind)
        except Invalid as refusal:
            errors += refusal.errors
    privacy = request.form.get("privacy") or filing.DEFAULT_PRIVACY
    if privacy not in filing.PRIVACY:
        choices = {"value": privacy[:40], "choices": ", ".join(filing.PRIVACY)}
        errors.append(FieldError("privacy", "“%(value)s” is not one of: %(choices)s.", choices))
    if errors:
        raise Invalid.many(errors)
    return filing.Place(**ids), privacy


def _number(name: str, kind: ColumnType) -> int | None:
    try:
        return kind.parse(request.form.get(name, "").strip())
    except Invalid as refusal:
        raise Invalid(name, refusal.message, **refusal.values) from None


@blueprint.post("/mail/suggest")
@operation(summary="Where a message may belong", tag=TAG, answers={200: _SUGGESTION},
           body=fields({"addresses": {"type": "array", "items": TEXT}, "references": {"type": "array", "items": TEXT},
                        "subject": TEXT}, "addresses"),
           description="`addresses`: the sender's first, then the recipients'. Changes nothing.")  # fmt: skip
def suggest() -> ResponseReturnValue:
    who, given = actor(), body()
    only(given, "addresses", "references", "subject")
    addresses = [one.strip().lower() for one in _texts(given, "addresses") if "@" in one]
    texts = [*reversed(_texts(given, "references")), str(given.get("subject") or "")]
    with home().database.read() as reading:
        case = matching.case_named_in(reading, who, texts, mailing.tokens(home()))
        found = matching.suggest_for(reading, who, addresses[: matching.MOST_ADDRESSES], case=case)
    named = {"company": found.company, "contact": found.contact, "case": found.case}
    shown: dict[str, Any] = {name: item_json(item) if item else None for name, item in named.items()}
    return answer({**shown, "cases": [item_json(item) for item in found.cases]})


def _texts(given: dict[str, Any], name: str) -> list[str]:
    texts = given.get(name) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts) or len(texts) > 1000:
        raise Invalid(name, "This must be a list of texts.")
    return texts


@blueprint.post("/mail/<int:mail_id>/undo")
@operation(summary="Take a filing back", tag=TAG, body=fields({}), body_required=False, answers={204: None},
           description="The mail and the documents made of its attachments go to the recycle bin.")  # fmt: skip
def undo(mail_id: int) -> ResponseReturnValue:
    who = actor()
    filing.undo(session(), who, mail_id)
    return Response(status=204)


@blueprint.get("/mail/<int:mail_id>/raw")
@operation(
    summary="The message as it was filed", tag=TAG, answers={200: _BINARY}, answer_type="application/octet-stream"
)
def raw(mail_id: int) -> ResponseReturnValue:
    content = filing.content(session(), actor(), mail_id)
    return download(content.copy.sha256, content.copy.size, f"{content.mail.title[:100]}.{content.copy.suffix}")


@blueprint.get("/mail/<int:mail_id>/attachments/<int:number>")
@operation(
    summary="An attachment, counted from 1", tag=TAG, answers={200: _BINARY}, answer_type="application/octet-stream"
)
def attachment(mail_id: int, number: int) -> ResponseReturnValue:
    content = filing.content(session(), actor(), mail_id)
    if not 1 <= number <= len(content.attachments):
        raise NotFound()
    one = content.attachments[number - 1]
    return download(one.sha256, one.size, one.name)


def download(sha256: str, size: int, name: str) -> Response:
    """Bytes from outside, to save and never to show: whatever they say they are, no browser runs them here."""
    response = Response(home().blobs.open(sha256), mimetype="application/octet-stream")
    response.content_length = size
    plain = "".join(letter for letter in name.replace("/", "-").replace("\\", "-") if letter.isprintable()).strip(" .")
    response.headers.set("Content-Disposition", "attachment", filename=plain[-LONGEST_NAME:] or "file")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.post("/cases/<int:case_id>/actions/email")
@operation(summary="Send an e-mail from a case", tag="actions", body=_EMAIL, answers={201: _SENT}, problems=(409,),
           description="Filed as an activity and as mail at once; the mail server gets it a moment later.")  # fmt: skip
def email(case_id: int) -> ResponseReturnValue:
    return made(_send(case=case_id), 201)


@blueprint.post("/relations/<int:relation_id>/actions/email")
@operation(summary="Send an e-mail to a company", tag="actions", body=_EMAIL, answers={201: _SENT}, problems=(409,))
def email_relation(relation_id: int) -> ResponseReturnValue:
    return made(_send(relation=relation_id), 201)


def _send(**about: int) -> dict[str, Item]:
    who, given = actor(), body()
    only(given, "to", "subject", "text", "attachments")
    documents, files = _attachments(given.get("attachments"))
    words = {name: given.get(name) for name in ("to", "subject", "text")}
    return mailing.send_email(home(), who, **about, **words, documents=documents, files=files)


def _attachments(given: Any) -> tuple[list[int], list[File]]:
    """Documents by their id, files by name and content in base64."""
    documents: list[int] = []
    files: list[File] = []
    if given is not None and not isinstance(given, list):
        raise Invalid("attachments", "This must be a list of documents and files.")
    for one in given or ():
        if isinstance(one, dict):
            files.append(_file(one))
        else:
            try:
                documents.append(TARGETS["case"].parse(one) or 0)
            except Invalid as refusal:
                raise Invalid("attachments", refusal.message, **refusal.values) from None
    return documents, files


def _file(given: dict[str, Any]) -> File:
    name, coded = given.get("name"), given.get("content")
    if not isinstance(name, str) or not name.strip() or not isinstance(coded, str):
        raise Invalid("attachments", "A file has a name, and its content in base64.")
    try:
        return File(name[:LONGEST_NAME], base64.b64decode(coded, validate=True))
    except ValueError:  # binascii.Error is one, and so is the refusal of letters beyond ASCII
        raise Invalid("attachments", "The content of “%(name)s” is not base64.", name=name[:100]) from None
