"""A case of group North with everything that can hang on one, and a random word in every text of it.

Which texts there are is read from the lists' definitions, so that a new column is planted by itself. What one cannot
plant stands in UNPLANTED with the reason.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from canary_words import Words
from house import House
from letters import a_mail, word_file
from search_house import index
from sqlalchemy import select

from caseroom.lists import bulk_editing, filters, items, query
from caseroom.lists.bulk_editing import BulkJob
from caseroom.lists.catalogue import Column, ListDefinition, catalogue
from caseroom.lists.columns import TYPES
from caseroom.lists.crm import users
from caseroom.lists.models import Comment, User, ViewRow
from caseroom.lists.reading import Stage
from caseroom.lists.rights import PROGRAM
from caseroom.portal.app import create_app
from caseroom.portal.models import ApiToken, UserSession
from caseroom.portal.notices import alerts, following
from caseroom.portal.notices.models import Alert, Notice

# A list that somebody made at run time, with a column of every type, separated by group as cases are.
VISITS = "visits"
# A list that everybody reads, whose lookups point at what not everybody may see.
BULLETINS = "bulletins"
MOST = 2  # of each list that requests name; that many are enough for every kind of answer
HIDDEN = ("cases", "activities", "events", "documents", "mails", VISITS)
UNPLANTED = {
    "cases.currency": "three letters of a currency",
    "events.time_zone": "the name of a zone",
    "events.recurrence": "a rule",
    "events.ics": "made by the program of the event's other columns",
    "events.ics_headline": "made by the program of what everybody sees",
    "documents.media_type": "found by the program in the file",
    "documents.file_version": "a number",
    "documents.sha256": "a sum of the file's bytes",
}
# Where the door itself makes the text of others that are planted, the word is another's.
_MADE = {"activities.name": "cases.name", "mails.name": "mails.subject"}


def text_columns(found: ListDefinition) -> list[Column]:
    """The columns that hold words which somebody wrote."""
    kinds = ("tags", "address", "participants")
    return [one for one in found.columns if one.type.is_stored and (one.type.is_text or one.type.name in kinds)]


def value_of(column: Column, word: str) -> Any:
    """A value of the column that is or holds the word."""
    return {
        "email": f"{word}@house-of-north.test",
        "url": f"https://{word}.test/{word}",
        "phone": f"{word} 1",
        "rich_text": f"<p>About <b>{word}</b></p>",
        "tags": [word],
        "address": {"street": word, "city": word, "country": "SK"},
        "participants": [{"email": f"{word}@house-of-north.test"}],
    }.get(column.type.name, word)


OF_NORTH = {"sessions": UserSession, "tokens": ApiToken, "views": ViewRow, "jobs": BulkJob,
            "notices": Notice, "alerts": Alert}  # rows of a user's own


@dataclass(frozen=True)
class Naming:
    """All by which a request can name what is hidden. A twin names in the same ways what never existed."""

    words: Words
    ids: Mapping[str, Sequence[int]]
    deleted: Mapping[str, Sequence[int]]
    guid: str
    token: str  # the case's, as mail carries it
    feed: str  # a secret address, guessed
    sessions: Sequence[int]
    tokens: Sequence[int]
    file: str  # of a file on a visit
    views: Sequence[int]
    comments: Sequence[int]
    notices: Sequence[int]
    alerts: Sequence[int]
    jobs: Sequence[int]  # changes of many rows

    def every(self, *lists: str) -> Iterator[tuple[str, int]]:
        """(list, id) of all that is hidden, standing and deleted."""
        for name in lists or HIDDEN:
            for number in (*self.ids[name], *self.deleted[name]):
                yield name, number

    def first(self, list_name: str) -> int:
        return self.ids[list_name][0]

    def letter(self) -> bytes:
        """The message that was filed with the case."""
        return letter(self.words)

    def twin(self) -> tuple[Naming, dict[str, str]]:
        """Names that nothing ever had, and what each of them stands for."""
        words, numbers, meant = Words(self.words.by_place), iter(range(900_000_001, 900_100_000)), {}

        def never(number: int) -> int:
            meant[str(other := next(numbers))] = str(number)
            return other

        meant[words.stem] = self.words.stem
        swapped = {
            "guid": "00000000-0000-4000-8000-000000000000",
            "token": self.token[:3] + "0" * 32 + self.token[35:],
            "feed": "never" + self.feed[5:],
            "file": "0" * 32,
        }
        meant |= {other: getattr(self, name) for name, other in swapped.items()}
        ids, deleted = (
            {name: [never(number) for number in numbers_] for name, numbers_ in kind.items()}
            for kind in (self.ids, self.deleted)
        )
        secrets = {name: [never(number) for number in getattr(self, name)] for name in (*OF_NORTH, "comments")}
        return replace(self, words=words, ids=ids, deleted=deleted, **secrets, **swapped), meant


@dataclass
class Garden:
    """The planted house. `common`: ids of what everybody may see, by list."""

    house: House
    words: Words
    naming: Naming
    common: dict[str, int]
    lists: Mapping[str, ListDefinition]


@cache
def letter(words: Words) -> bytes:
    """A message with words in its headers, its texts, its attachments and their names; always the very same bytes."""
    attached = {
        f"{words('letter.attachment_name')}.docx": word_file(words("letter.attachment")),
        f"{words('letter.plain_attachment_name')}.txt": words("letter.plain_attachment").encode(),
    }
    return a_mail(
        words("mails.subject"),
        sender=f"{words('mails.sender')} <buyer@shared.test>",
        to=f"{words('mails.recipients')} <{words('mails.recipients')}@house-of-north.test>",
        text=words("mails.text"),
        html=f"<p>{words('mails.text')} <i title='x'>{words('letter.html')}</i></p>",
        attach=attached,
        X_Note=words("letter.header"),
        References=f"<{words('mails.message_id')}@shared.test>",
    ).replace(b"<one@tatra.test>", f"<{words('mails.message_id')}@tatra.test>".encode())


def plant(house: House) -> Garden:
    """Plant the case and all that hangs on it, by the ways that people have, and index it."""
    _let_it_send(house)
    return _Planting(house).all()


def _let_it_send(house: House) -> None:
    settings = replace(house.home.settings, smtp_url="smtp://127.0.0.1:1", mail_from="house@example.test")
    house.home = replace(house.home, settings=settings)
    house.app = create_app(settings, opened=house.home)
    house.app.testing = True


class _Planting:
    def __init__(self, house: House) -> None:
        self.house, self.words = house, Words()
        self.north, self.both = house.api("north"), house.api("both")
        self.common: dict[str, int] = {}

    def all(self) -> Garden:
        self._hire()
        self._make_lists()
        with self.house.home.database.read() as session:
            self.lists = dict(catalogue(session).by_name)
        firm = self.house.make_relation(name="Shared Works", email="buyer@shared.test", by="west")
        person = self.house.make("contacts", {"surname": "Shared", "company": firm.id}, by="west")
        self.common |= {"relations": firm.id, "contacts": person.id}
        self.case = self._make("cases", company=firm.id, contacts=[person.id], external_id=self.words("external_id"))
        self._activities()
        self._events()
        self._documents()
        self._mails()
        self._closed_case()
        self._own_lists()
        self._deleted()
        self._view()
        self._of_another_member()
        self._comments()
        self.house.client("north")  # a session of a browser's, to be named
        index(self.house)
        return self._garden()

    def _hire(self) -> None:
        """`far`, who works for the other owner in a group of their own."""
        house = self.house
        with house.write("admin") as (session, actor):
            group = items.create(session, actor, "sales_groups", {"name": "Far", "owner": house.owners["Beta"]}).id
            person = {"name": "Far Person", "role": "salesperson", "groups": [group]}
            house.people["far"] = users.add_user(session, actor, "far@house.test", **person).id

    def _make_lists(self) -> None:
        admin = self.house.api("admin")
        more: dict[str, dict[str, Any]] = {
            "lookup": {"list": "cases"}, "multi_lookup": {"list": "cases"}, "choice": {"choices": ["a"]},
            "multi_choice": {"choices": ["a"]}, "calculated": {"formula": "a_text"},
            "reverse_lookup": {"list": VISITS, "column": "before"},
            "rollup": {"list": VISITS, "column": "before", "function": "count"},
        }  # fmt: skip
        plain = [kind for kind in TYPES if kind != "content_type"]  # whose column has its own name
        columns = [{"name": f"a_{kind}", "type": kind, **more.get(kind, {})} for kind in plain]
        columns.append({"name": "content_type", "type": "content_type", "choices": ["a"]})
        columns.append({"name": "code", "type": "text", "unique": True})
        columns.append({"name": "before", "type": "lookup", "list": VISITS, "show": ["a_text", "a_email"]})
        _made(admin.post("/api/v1/lists", json={"name": VISITS, "separation": "by_group", "columns": columns}))
        pointers = [
            {"name": f"of_{target}", "type": kind, "list": target}
            for target, kind in zip(HIDDEN[:5], ["lookup", "multi_lookup"] * 3, strict=False)
        ]
        _made(admin.post("/api/v1/lists", json={"name": BULLETINS, "separation": "common", "columns": pointers}))

    def _make(self, list_name: str, **values: Any) -> int:
        """An item of North's with a word in each of its texts, those of the program too."""
        found = self.lists[list_name]
        given: dict[str, Any] = {}
        program: dict[str, Any] = {}
        for column in text_columns(found):
            place = f"{list_name}.{column.name}"
            if place not in UNPLANTED and place not in _MADE:
                kind = program if column.by_program or column.hidden else given
                kind[column.name] = value_of(column, self.words(place))
        return self.house.make(list_name, {**given, **values}, program=program).id

    def _activities(self) -> None:
        at = f"/api/v1/cases/{self.case}/actions"
        self._make("activities", case=self.case, activity_type="task", due="2026-12-24")
        for action, more in (("task", {"due": "2026-12-01"}), ("call", {})):
            _made(self.north.post(f"{at}/{action}", json={"description": self.words(f"{action}.text"), **more}))
        sent = {"to": "a@b.test", "subject": self.words("email.subject"), "text": self.words("email.text")}
        sent["attachments"] = [{"name": f"{self.words('email.file_name')}.txt", "content": "aGVsbG8="}]  # type: ignore[assignment]
        _made(self.north.post(f"{at}/email", json=sent))

    def _events(self) -> None:
        """A meeting that everybody knows of, and one that others only know as busy."""
        when = {"start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T11:00:00+01:00"}
        said = {"description": self.words("meeting.text"), "place": "Open square", **when}
        at = f"/api/v1/cases/{self.case}/actions/meeting"
        self.meeting = _made(self.north.post(at, json=said))["event"]["id"]
        self._make("events", case=self.case, private=True)

    def _documents(self) -> None:
        words, at = self.words, "/api/v1/libraries/documents/files"
        file = (io.BytesIO(word_file(words("first version's file"))), f"{words('documents.file_name')}.docx")
        given = {"file": file, "case": str(self.case), "name": words("documents.name"), "comment": words("comment")}
        made = _made(self.north.post(at, data={**given, "description": words("first version's text")}))
        self.document = made["id"]
        item = f"/api/v1/lists/documents/items/{self.document}"
        _made(self.north.patch(item, json={"description": words("documents.description")}, headers={"If-Match": "*"}))
        content = word_file(words("documents.content_text"))
        _made(self.north.put(f"{at}/{self.document}/content", data=content, headers={"If-Match": "*"}))
        offer = self._id_of("document_types", "Offer")
        self.common["document_types"] = offer
        _made(self.north.post(f"{at}/from-template", json={"case": self.case, "document_type": offer}))

    def _mails(self) -> None:
        file = (io.BytesIO(letter(self.words)), "message.eml")
        _made(self.north.post("/api/v1/mail", data={"message": file, "case": str(self.case)}))

    def _closed_case(self) -> None:
        other = self.house.make_case(name="Closed", company=self.common["relations"])
        said = {"outcome": "lost", "closing_note": self.words("close.note"), "continue_as_support": True}
        _made(self.north.post(f"/api/v1/cases/{other.id}/actions/close", json=said))

    def _own_lists(self) -> None:
        visit = self._make(VISITS, a_lookup=self.case, a_multi_lookup=[self.case])
        self.house.make(VISITS, {"name": self.words("later.visit"), "before": visit})
        files = [(io.BytesIO(self.words("attached").encode()), f"{self.words('attached_name')}.txt")]
        sent = self.north.post(f"/api/v1/lists/{VISITS}/items/{visit}/files/a_attachment", data={"file": files})
        assert sent.status_code == 200, sent.text
        self.file = sent.json["a_attachment"][0]["id"]
        with self.house.home.database.read() as session:
            hanging = {
                name: query.page(session, PROGRAM, name, where=filters.where(case=self.case)).items[0].id
                for name in HIDDEN[1:5]
            }
        targets = {"cases": self.case, **hanging}
        pointing = {f"of_{name}": [one] if place % 2 else one for place, (name, one) in enumerate(targets.items())}
        self.common[BULLETINS] = self.house.make(BULLETINS, pointing, by="north").id

    def _deleted(self) -> None:
        """A case in the recycle bin, with what went there with it."""
        case = self.house.make_case(name=self.words("deleted.name"), description=self.words("deleted.text"))
        self.house.make("activities", {"case": case.id, "description": self.words("deleted.activity")})
        self.house.make("events", {"case": case.id, "description": self.words("deleted.event")})
        self.house.make("documents", {"case": case.id, "name": self.words("deleted.document")})
        file = (io.BytesIO(a_mail("Deleted", text=self.words("deleted.mail"))), "m.eml")
        _made(self.north.post("/api/v1/mail", data={"message": file, "case": str(case.id)}))
        visit = self.house.make(VISITS, {"name": self.words("deleted.visit")})
        for name, number in (("cases", case.id), (VISITS, visit.id)):
            assert self.north.delete(f"/api/v1/lists/{name}/items/{number}").status_code == 204

    def _view(self) -> None:
        view = {"name": "own", "title": self.words("view.title"), "columns": ["name"]}
        view["filter"] = f"name ne '{self.words('view.filter')}'"  # type: ignore[assignment]
        coloured = {"formula": f'name = "{self.words("view.colour")}"', "colour": "red"}
        view["colours"] = [coloured]  # type: ignore[assignment]
        for name in ("own", "own_second"):
            _made(self.north.post("/api/v1/lists/cases/views", json={**view, "name": name}))

    def _of_another_member(self) -> None:
        """What `both` writes as a member of North: a task, a mail for their eyes only, a draft under check-out."""
        task = {"description": self.words("member.task")}
        _made(self.both.post(f"/api/v1/cases/{self.case}/actions/task", json=task))
        data = {"message": (io.BytesIO(a_mail("Private", text=self.words("member.mail"))), "m.eml")}
        _made(self.both.post("/api/v1/mail", data={**data, "case": str(self.case), "privacy": "existence"}))
        lent = self.house.make("documents", {"case": self.case, "name": "Lent"}, by="both").id
        at = f"/api/v1/libraries/documents/files/{lent}"
        _made(self.both.post(f"{at}/checkout"))
        draft = f"%PDF-1.4\n% {self.words('member.draft')}\n%%EOF\n".encode()
        _made(self.both.put(f"{at}/content", data=draft, headers={"If-Match": "*"}))

        # A case that stands cannot be brought back: the refusal names it.
        with self.house.write("north") as (session, actor):
            bulk_editing.start(session, actor, "cases", "restore", {}, ids=[self.case])

    def _comments(self) -> None:
        """What is said of the case, and who is told of it: `north` of what `both` says, `both` of what `north` says."""
        at = f"/api/v1/lists/cases/items/{self.case}/comments"
        for place in ("comment.text", "comment.second"):
            _made(self.north.post(at, json={"text": f"@Both Person {self.words(place)}"}))
        _made(self.both.post(at, json={"text": f"@North Person {self.words('comment.of_member')}"}))
        # Of north's one is ended on a page, one by a program.
        for who, changes in (("north", "all"), ("north", "changed"), ("both", "all")):
            with self.house.write(who) as (session, actor):
                alerts.add(session, actor, "cases", item_id=self.case, changes=changes)
        while following.step(self.house.home):
            pass

    def _garden(self) -> Garden:
        ids, deleted = ({name: self._ids(name, deleted=kind) for name in HIDDEN} for kind in (False, True))
        ids["cases"].sort(key=lambda number: number != self.case)
        ids["documents"].sort(key=lambda number: number != self.document)
        ids, deleted = ({name: some[:MOST] for name, some in kind.items()} for kind in (ids, deleted))
        with self.house.home.database.read() as session:
            user = session.get_one(User, self.house.people["north"])
            mine = {
                name: list(session.scalars(select(table.id).where(table.user_id == user.id)))
                for name, table in OF_NORTH.items()
            }
            said = select(Comment.id).where(Comment.author_id == user.id).order_by(Comment.id)
            mine["comments"] = list(session.scalars(said))
            case = query.get(session, PROGRAM, "cases", self.case)
            feed = user.feed_secret[::-1]
        from caseroom.portal.mail import tokens

        token = tokens(self.house.home).make(case.guid)
        naming = Naming(self.words, ids, deleted, case.guid, token, feed, **mine, file=self.file)
        return Garden(self.house, self.words, naming, self.common, self.lists)

    def _ids(self, list_name: str, *, deleted: bool) -> list[int]:
        with self.house.home.database.read() as session:
            found = query.page(session, PROGRAM, list_name, columns=[], limit=500, stage=Stage(deleted)).items
        return [item.id for item in found]

    def _id_of(self, list_name: str, name: str) -> int:
        with self.house.home.database.read() as session:
            found = query.find(session, PROGRAM, list_name, filters.where(name=name))
        assert found is not None
        return found.id


def _made(answer: Any) -> Any:
    assert answer.status_code in (200, 201), answer.text
    return answer.json
