"""Documents: files with versions and check-out, as SharePoint has them (DESIGN 6; docs/documents.md).

A document is an item of a list of kind `library`. Its columns show the last checked-in version, which everybody
reads; what the holder of a check-out saves stands in a working copy of its own until it is checked in.
Files are stored, checked and read by `uploads.prepare_upload` before the writing transaction begins.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..lists import items, locking, query, rows
from ..lists.catalogue import ListDefinition, definition
from ..lists.columns import Reference, column_type
from ..lists.errors import N_, Conflict, Forbidden, Invalid, Locked, NotFound, Stale
from ..lists.hooks import Change, after_write, before_write
from ..lists.models import now
from ..lists.query import Item
from ..lists.rights import Actor, Level
from . import file_versions
from .blobs import Blob
from .collecting import refers_to_blobs
from .file_names import free_name, of_that_name, renamed, wait_for_name
from .file_versions import File, next_number, parse_number
from .models import FileVersion, UnreadFile, WorkingCopy
from .uploads import split_name, tidy_name

# Nothing checked out: what these columns are set to.
_IN = {"checked_out_by": None, "checked_out_at": None}
IF_EXISTS = ("refuse", "new_version", "keep_both")
_ALSO_SEEN = ("name", "modified", "modified_by", "company", "case")
_FILE_COLUMNS = ("file_name", "media_type", "size", "file_version", "sha256", "checked_out_by", "checked_out_at")


class Content(NamedTuple):
    """What is downloaded."""

    blob: Blob
    file_name: str
    media_type: str

    @property
    def tag(self) -> str:
        """Names these very bytes: for entity tags."""
        return self.blob.sha256[:32]


@dataclass(frozen=True)
class HistoryEntry:
    """A version of the file as its reader sees it. `draft`: the reader's own working copy, not checked in yet."""

    number: str
    file_name: str
    size: int
    kind: str
    comment: str | None
    at: datetime.datetime
    by: Reference | None
    current: bool = False
    draft: bool = False


# --- Reading --------------------------------------------------------------------------------------


def library_of(session: Session, library: str) -> ListDefinition:
    """The library's definition. Raises NotFound where there is none or the list is no library."""
    try:
        found = definition(session, library)
    except NotFound:
        found = None
    if found is None or found.kind != "library":
        raise NotFound("There is no such library.")
    return found


def get(session: Session, actor: Actor, library: str, item_id: int) -> Item:
    """The document, without its text. Raises NotFound unless the actor may read it."""
    found = library_of(session, library)
    columns = [*_FILE_COLUMNS, *(name for name in _ALSO_SEEN if found.has(name) or name.startswith("modified"))]
    there = query.many(session, actor, library, [item_id], columns=columns) if 0 < item_id < 2**31 else {}
    if item_id not in there or there[item_id].level < Level.READ:
        raise NotFound()
    return there[item_id]


def content_of(session: Session, actor: Actor, library: str, item_id: int, version: str | None = None) -> Content:
    """The file: of `version` (`"2.0"`), else what the actor has saved under check-out, else the last checked in."""
    item, found = get(session, actor, library, item_id), library_of(session, library)
    if version is not None:
        file = File.of(file_versions.numbered(session, found, item_id, parse_number(version)))
    else:
        file = _as_seen(session, actor, found, item)
    return Content(file.blob, file.file_name, file.media_type)


def history(session: Session, actor: Actor, library: str, item_id: int) -> list[HistoryEntry]:
    """The file's versions, newest first; the reader's own unsaved working copy comes before them."""
    item, found = get(session, actor, library, item_id), library_of(session, library)
    every = file_versions.every(session, found, item_id)
    people = query.titles(session, actor, "users", [row.actor_id for row in every if row.actor_id])
    entries = [
        HistoryEntry(
            row.number, row.file_name, row.size, row.kind, row.comment, row.at, _person(row.actor_id, people),
            current=row.number == item["file_version"],
        )
        for row in every
    ]  # fmt: skip
    draft = working_copy(session, actor, found, item)
    if draft is not None:
        mine = Reference(draft.actor_id or 0, actor.name, "users")
        entries.insert(0, HistoryEntry("", draft.file_name, draft.size, "draft", None, draft.at, mine, draft=True))
    return entries


def working_copy(session: Session, actor: Actor, found: ListDefinition, item: Item) -> WorkingCopy | None:
    """What the actor has saved under check-out, if it is theirs."""
    if _holder(item) is None or _holder(item) != actor.user_id:
        return None
    return session.get(WorkingCopy, (found.id, item.id))


def _as_seen(session: Session, actor: Actor, found: ListDefinition, item: Item) -> File:
    draft = working_copy(session, actor, found, item)
    return File.of(draft) if draft is not None else _checked_in(item)


def _checked_in(item: Item) -> File:
    return File(Blob(item["sha256"], int(item["size"])), item["file_name"], None)


def _person(user_id: int | None, people: Mapping[int, str]) -> Reference | None:
    return Reference(user_id, people[user_id], "users") if user_id and user_id in people else None


def _holder(item: Mapping[str, Any]) -> int | None:
    holder = item["checked_out_by"]
    return holder.id if isinstance(holder, Reference) else holder


# --- Adding and saving ----------------------------------------------------------------------------


def add_file(
    session: Session, actor: Actor, library: str, blob: Blob, file_name: str, values: Mapping[str, Any],
    *, text: str | None = "", if_exists: str = "keep_both", comment: str | None = None,
) -> Item:  # fmt: skip
    """Make a document of a stored file. `values`: its columns; without a name it is called as its file.

    `text`: of the file, None = the worker reads it later. `if_exists`, where the same case (else company) has a
    document of that file name: `refuse` (Conflict), `new_version` of that one, `keep_both` with a number.
    Raises Invalid, Forbidden, NotFound, Locked.
    """
    found = library_of(session, library)
    if if_exists not in IF_EXISTS:
        choices = ", ".join(IF_EXISTS)
        raise Invalid("if_exists", "“%(value)s” is not one of: %(choices)s.", value=if_exists[:40], choices=choices)
    file = File(blob, tidy_name(file_name), text)
    wait_for_name(session, found, values, file.file_name)
    same = of_that_name(session, actor, found, values, file.file_name)
    if same is not None and if_exists == "new_version":
        return put_content(session, actor, library, same.id, blob, file_name=file_name, text=text, comment=comment)
    if same is not None and if_exists == "refuse":
        message = N_("There is a document “%(name)s” already. Make this its new version, or keep both.")
        raise Conflict(message, name=file.file_name)
    if same is not None:
        file = File(blob, free_name(session, actor, found, values, file.file_name), text)
    named_after_file = values.get("name") in (None, "", split_name(tidy_name(file_name))[0])
    given = {**values, "name": split_name(file.file_name)[0] if named_after_file else values["name"]}
    number = file_versions.first_number(found)
    item = items.create(session, actor, library, given, program=_columns_of(file, number))
    if comment:
        file_versions.numbered(session, found, item.id, number).comment = file_versions.tidy_comment(comment)
    return item


def put_content(
    session: Session, actor: Actor, library: str, item_id: int, blob: Blob, *, file_name: str | None = None,
    text: str | None = "", comment: str | None = None, version: int | None = None, seen: Collection[str] | None = None,
) -> Item:  # fmt: skip
    """Save a file as the document's content: a new version, or under the actor's check-out the working copy.

    The document keeps its file name; a suffix of another kind follows the new file. `version`: the item's version
    that the caller saw; `seen`: tags of the content that it saw. Raises NotFound, Forbidden, Locked, Stale.
    """
    found, item = _for_change(session, actor, library, item_id)
    if (version is not None and version != item.version) or (
        seen is not None and _as_seen_tag(session, actor, found, item) not in seen
    ):
        raise Stale("Somebody else has changed this meanwhile.", current_version=item.version)
    file = File(blob, renamed(item["file_name"], file_name), text)
    if _holder(item) == actor.user_id:
        _save_draft(session, actor, found, item, file)
        return query.get(session, actor, library, item_id)
    number = next_number(found, parse_number(item["file_version"]), None)
    return _new_version(session, actor, found, item, number, file, kind="save", comment=comment)


def restore(session: Session, actor: Actor, library: str, item_id: int, version: str) -> Item:
    """Make an earlier version's content the current one: a version is appended, nothing is removed.

    Under the actor's check-out it becomes the working copy.
    """
    found, item = _for_change(session, actor, library, item_id)
    row = file_versions.numbered(session, found, item_id, parse_number(version))
    file = File.of(row)
    if _holder(item) == actor.user_id:
        _save_draft(session, actor, found, item, file)
        return query.get(session, actor, library, item_id)
    number = next_number(found, parse_number(item["file_version"]), None)
    return _new_version(session, actor, found, item, number, file, kind="restore", comment=row.number)


# --- Check-out ------------------------------------------------------------------------------------


def checkout(session: Session, actor: Actor, library: str, item_id: int) -> Item:
    """Take the document to work on: until check-in or discard nobody else can change it.

    Raises Locked (somebody else has it), Conflict (the actor has it already), NotFound, Forbidden.
    """
    _, item = _for_change(session, actor, library, item_id)
    if _holder(item) is not None:
        raise Conflict("You have checked this out already.")
    program = {"checked_out_by": actor.user_id, "checked_out_at": now()}
    return items.update(session, actor, library, item_id, {}, version=item.version, program=program)


def checkin(
    session: Session, actor: Actor, library: str, item_id: int, *, kind: str | None = None,
    comment: str | None = None, blob: Blob | None = None, file_name: str | None = None, text: str | None = "",
) -> Item:  # fmt: skip
    """End a check-out with a new version that everybody reads.

    `kind`: `minor`, `major`, `overwrite` (the current number is kept and its content replaced), None = the
    library's usual one. `blob`: the file, else what was saved meanwhile, else the content stays. An administrator
    may check in what somebody else holds. Raises Conflict (not checked out), Locked, Invalid.
    """
    found, item = _for_change(session, actor, library, item_id, override=True)
    _must_be_out(item)
    number = next_number(found, parse_number(item["file_version"]), kind)
    draft = session.get(WorkingCopy, (found.id, item_id))
    if blob is not None:
        file = File(blob, renamed(item["file_name"], file_name), text)
    else:
        file = File.of(draft) if draft is not None else _checked_in(item)
    done = kind or ("minor" if number[1] else "major")
    if done == "minor" and not number[1]:
        done = "major"
    return _new_version(session, actor, found, item, number, file, kind=done, comment=comment, program=_IN)


def discard(session: Session, actor: Actor, library: str, item_id: int) -> Item:
    """End a check-out and forget what was saved under it. An administrator may end somebody else's."""
    found, item = _for_change(session, actor, library, item_id, override=True)
    _must_be_out(item)
    _forget_draft(session, found, item_id)
    return items.update(session, actor, library, item_id, {}, version=item.version, program=_IN)


def publish(session: Session, actor: Actor, library: str, item_id: int, *, comment: str | None = None) -> Item:
    """Make the current draft (2.3) the next major version (3.0); the draft stays in the history.

    Raises Conflict where it is published already or still checked out.
    """
    found, item = _for_change(session, actor, library, item_id)
    if _holder(item) is not None:
        raise Conflict("Check this in first.")
    number = parse_number(item["file_version"])
    if number[1] == 0:
        raise Conflict("Version %(version)s is published already.", version=item["file_version"])
    number = next_number(found, number, "major")
    return _new_version(session, actor, found, item, number, _checked_in(item), kind="publish", comment=comment)


def check_changeable(session: Session, actor: Actor, library: str, item_id: int) -> Item:
    """The document, if the actor may save its content now: asked before a large file is taken in.

    Raises NotFound, Forbidden, Locked.
    """
    item = get(session, actor, library, item_id)
    if not item.editable:
        raise Forbidden(rows.SEE)
    if _holder(item) not in (None, actor.user_id):
        raise _locked(session, actor, item)
    return item


@before_write("libraries.document")
def keep_to_holder(session: Session, change: Change) -> None:
    """A document begins with a file, and while it is checked out nobody but its holder changes or deletes it.

    What this module does itself (it sets the check-out) and the text that the worker reads later may pass.
    """
    if change.kind == "create":
        _must_have_file(change)
    if change.kind not in ("update", "delete") or not change.old.get("checked_out_by"):
        return
    by_this_module = "checked_out_by" in change.given or change.given == {"content_text"}
    if by_this_module or change.actor.is_program or change.old["checked_out_by"] == change.actor.user_id:
        return
    raise _locked(session, change.actor, change.old)


@after_write("libraries.document")
def keep_first_version(session: Session, change: Change) -> None:
    """A new document's file is its first version, whichever way it came: upload, filed mail, import.

    Its text, where nobody has read it yet, is left to the worker.
    """
    if change.kind != "create":
        return
    new = change.new
    file = File(Blob(new["sha256"], int(new["size"] or 0)), new["file_name"], new["content_text"])
    number = parse_number(new["file_version"])
    maker = replace(change.actor, user_id=new["created_by"])
    file_versions.write(session, maker, change.definition, new["id"], number, file, kind="upload", at=new["created"])
    _note_unread(session, change.definition, new["id"], file)


@refers_to_blobs
def _blobs_of_documents(session: Session) -> Collection[str]:
    return {*session.scalars(select(FileVersion.sha256)), *session.scalars(select(WorkingCopy.sha256))}


# --- The inner steps ------------------------------------------------------------------------------


def _for_change(
    session: Session, actor: Actor, library: str, item_id: int, *, override: bool = False
) -> tuple[ListDefinition, Item]:
    """The document, its row locked until the end of the transaction, if the actor may change it now.

    `override`: an administrator may though somebody else holds it.
    """
    found = library_of(session, library)
    if not get(session, actor, library, item_id).editable:
        raise Forbidden(rows.SEE)
    locking.lock_row(session, found, item_id)
    item = get(session, actor, library, item_id)
    if _holder(item) not in (None, actor.user_id) and not (override and actor.is_administrator):
        raise _locked(session, actor, item)
    return found, item


def _must_have_file(change: Change) -> None:
    new = change.new
    if not new.get("sha256"):
        raise Invalid("file", "A document begins with its file: upload one.")
    number = file_versions.first_number(change.definition)
    new["file_version"] = new.get("file_version") or f"{number[0]}.{number[1]}"
    new["file_name"] = new.get("file_name") or new["name"]


def _must_be_out(item: Item) -> None:
    if _holder(item) is None:
        raise Conflict("This document is not checked out.")


def _locked(session: Session, actor: Actor, values: Mapping[str, Any]) -> Locked:
    holder = _holder(values) or 0
    who = query.titles(session, actor, "users", [holder]).get(holder, "?")
    since = column_type("datetime", {}).format(values["checked_out_at"], actor.reader)
    return Locked("Checked out by %(who)s since %(since)s.", who=who, since=since)


def _new_version(
    session: Session, actor: Actor, found: ListDefinition, item: Item, number: tuple[int, int], file: File,
    *, kind: str, comment: str | None, program: Mapping[str, Any] | None = None,
) -> Item:  # fmt: skip
    """Write the version and make it the one that everybody reads; a working copy is gone with it."""
    unchanged = file.blob.sha256 == item["sha256"]
    columns = _columns_of(file, number)
    if unchanged:
        columns.pop("content_text")
    done = items.update(
        session, actor, found.name, item.id, {}, version=item.version, program={**columns, **(program or {})}
    )
    file_versions.write(session, actor, found, item.id, number, file, kind=kind, comment=comment)
    if program:
        _forget_draft(session, found, item.id)
    if not unchanged:
        _note_unread(session, found, item.id, file)
    return done


def _columns_of(file: File, number: tuple[int, int]) -> dict[str, Any]:
    return {
        "file_name": file.file_name, "media_type": file.media_type, "size": file.blob.size,
        "sha256": file.blob.sha256, "file_version": f"{number[0]}.{number[1]}", "content_text": file.text,
    }  # fmt: skip


def _save_draft(session: Session, actor: Actor, found: ListDefinition, item: Item, file: File) -> None:
    session.merge(
        WorkingCopy(
            list_id=found.id, item_id=item.id, sha256=file.blob.sha256, size=file.blob.size, at=now(),
            media_type=file.media_type, file_name=file.file_name, text=file.text, actor_id=actor.user_id,
        )
    )  # fmt: skip
    session.flush()


def _forget_draft(session: Session, found: ListDefinition, item_id: int) -> None:
    mine = delete(WorkingCopy).where(WorkingCopy.list_id == found.id, WorkingCopy.item_id == item_id)
    session.execute(mine.execution_options(synchronize_session="fetch"))


def _note_unread(session: Session, found: ListDefinition, item_id: int, file: File) -> None:
    if file.text is None:
        session.add(UnreadFile(list_id=found.id, item_id=item_id, sha256=file.blob.sha256))


def _as_seen_tag(session: Session, actor: Actor, found: ListDefinition, item: Item) -> str:
    file = _as_seen(session, actor, found, item)
    return Content(file.blob, file.file_name, file.media_type).tag
