"""Files of items over HTTP: taken in before the request's transaction begins, and given to who may read the item."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from flask import Response, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.datastructures import FileStorage, MultiDict

from ..libraries import attachments
from ..libraries.blobs import Blob
from ..libraries.documents import Content
from ..lists import attaching
from ..lists.columns.attachment import StoredFile
from ..lists.errors import FieldError, Invalid
from ..lists.rights import Actor
from . import files
from .request import home, session

NEW = "-new"  # behind a column's name: the form's field for new files
KEPT_SECONDS = 12 * 3600  # the collector leaves what was just stored alone for longer


def give(actor: Actor, list_name: str, item_id: int, column: str, file_id: str) -> Response:
    """A file of an item as the request asks for it. Raises NotFound."""
    entry = attaching.get(session(), actor, list_name, item_id, column, file_id)
    return files.give(Content(Blob(entry["sha256"], entry["size"]), entry["name"], entry["type"]))


def take(sent: FileStorage) -> StoredFile:
    """Store and check a file of a form, in no transaction. Raises Invalid, StorageFull."""
    return attachments.take(home().blobs, sent.stream, sent.filename or "", limit=home().settings.upload_limit)


def with_stored_files(values: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON body, its files (`{"name", "content"}`, the content in base64) stored. Raises Invalid on the column."""
    errors: list[FieldError] = []
    taken = dict(values)
    for name, value in values.items():
        if not isinstance(value, list) or not any(_is_new(one) for one in value):
            continue
        try:
            taken[name] = [_stored(one) if _is_new(one) else one for one in value]
        except Invalid as refusal:
            errors.append(FieldError(name, refusal.message, refusal.values))
    if errors:
        raise Invalid.many(errors)
    return taken


def _is_new(one: Any) -> bool:
    return isinstance(one, dict) and "content" in one


def _stored(given: Mapping[str, Any]) -> StoredFile:
    name, content = given.get("name"), given["content"]
    if not isinstance(name, str) or not isinstance(content, str) or set(given) - {"name", "content"}:
        raise Invalid("", "A file is given by its id, or by its name and its content in base64.")
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("", "The content of “%(name)s” is not base64.", name=name[:80]) from None
    return attachments.take(home().blobs, io.BytesIO(data), name, limit=home().settings.upload_limit)


# --- Forms: what was sent stays chosen when a form comes back -------------------------------------


def sent_form(actor: Actor) -> tuple[MultiDict[str, str], list[FieldError]]:
    """The request's form with its new files stored: each is a value of its column's field; and what was refused."""
    form, errors = MultiDict(request.form), []
    for field, sent in request.files.items(multi=True):
        if not field.endswith(NEW) or not sent.filename:
            continue
        name = field.removesuffix(NEW)
        try:
            form.add(name, token_of(take(sent), actor))
        except Invalid as refusal:
            errors.append(FieldError(name, refusal.message, refusal.values))
    return form, errors


def token_of(stored: StoredFile, actor: Actor) -> str:
    """The value by which a form names a file that was just stored; nobody else's form can."""
    return _signer().dumps([actor.user_id, asdict(stored)])


def chosen(values: list[str], actor: Actor) -> list[Any]:
    """What the values of a form's field mean: files that stay, and new ones. Raises Invalid."""
    return [_chosen(value, actor) for value in values]


def still_there(
    values: Iterable[str], there: Iterable[Mapping[str, Any]], actor: Actor
) -> Iterator[tuple[str, str, int]]:
    """(value, name, size) of the files in a form's field: those of the item, `there`, and those that were just sent."""
    known = {entry["id"]: entry for entry in there}
    for value in values:
        try:
            one = _chosen(value, actor)
        except Invalid:
            continue
        entry = one.entry if isinstance(one, StoredFile) else known.get(one["id"])
        if entry:
            yield value, entry["name"], entry["size"]


def _chosen(value: str, actor: Actor) -> Any:
    if "." not in value:
        return {"id": value}
    try:
        owner, stored = _signer().loads(value, max_age=KEPT_SECONDS)
        if owner != actor.user_id:
            raise BadData("another's")
        return StoredFile(**stored)
    except (BadData, TypeError, ValueError):
        raise Invalid("", "A file that was sent earlier is not there any more; choose it again.") from None


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(home().settings.secret_key, salt="attachment")
