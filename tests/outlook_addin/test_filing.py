"""Filing: a message is stored once, each filing has rights of its own, and no filing tells of another."""

from __future__ import annotations

from typing import Any

import pytest
from house import House
from letters import a_mail, word_file
from sqlalchemy import func, select

from caseroom.lists import filters, items, query
from caseroom.lists.errors import Forbidden, Invalid, NotFound
from caseroom.lists.rights import PROGRAM, Level
from caseroom.outlook_addin import filing, matching
from caseroom.outlook_addin.case_tokens import CaseTokens
from caseroom.outlook_addin.messages import parse
from caseroom.outlook_addin.models import StoredAttachment, StoredCopy, StoredMessage

TOKENS = CaseTokens("k" * 40)


def file(house: House, by: str, raw: bytes, **where: Any) -> filing.Filed:
    prepared = filing.prepare(house.home.blobs, parse(raw))
    with house.write(by) as (session, actor):
        return filing.file_message(session, actor, prepared, **where)


def stored(house: House, table: Any) -> int:
    with house.read("admin") as (session, _):
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_filed_message_says_what_it_is_and_hangs_on_its_case(house: House) -> None:
    case = house.make_case()
    filed = file(house, "north", a_mail(), case=case.id)
    assert filed.new
    mail = filed.mail
    assert (mail["subject"], mail["name"]) == ("About the offer", "About the offer")
    assert (mail["sender"], mail["recipients"]) == ("buyer@tatra.test", "north@house.test")
    assert mail["sent"].isoformat() == "2026-11-02T09:00:00+00:00"
    assert mail["text"] == "We take it." and mail["message_id"] == "one@tatra.test"
    assert mail["case"].id == case.id and mail["company"].id == case["company"].id
    assert [user.id for user in mail["addressed_users"]] == [house.people["north"]]


def test_filing_twice_to_one_place_is_one_item_for_everybody_who_reads_it(house: House) -> None:
    case, raw = house.make_case(), a_mail(attach={"offer.docx": word_file()})
    first = file(house, "north", raw, case=case.id)
    again, colleague = file(house, "north", raw, case=case.id), file(house, "both", raw, case=case.id)
    assert [first.new, again.new, colleague.new] == [True, False, False]
    assert first.mail.id == again.mail.id == colleague.mail.id
    assert not again.documents and len(first.documents) == 1


def test_a_message_filed_by_many_is_stored_once_with_one_set_of_blobs(house: House) -> None:
    raw = a_mail(attach={"offer.docx": word_file(), "notes.txt": b"notes"})
    before = len(list(house.home.blobs.iterate()))
    north = file(house, "north", raw, case=house.make_case().id)
    south = file(house, "south", raw, case=house.make_case(by="south").id)
    assert north.new and south.new and north.mail.id != south.mail.id
    assert (stored(house, StoredMessage), stored(house, StoredCopy), stored(house, StoredAttachment)) == (1, 1, 2)
    assert len(list(house.home.blobs.iterate())) - before == 3


def test_the_second_filer_learns_nothing_of_the_firsts_filing(house: House) -> None:
    company = house.make_relation()
    raw = a_mail(attach={"offer.docx": word_file()})
    alone = file(house, "south", a_mail("Another", attach={"other.docx": word_file("Other")}), company=company.id)
    file(house, "north", raw, company=company.id)
    second = file(house, "south", raw, company=company.id)
    assert second.new and len(second.documents) == len(alone.documents) == 1
    with house.read("south") as (session, actor):
        assert query.count(session, actor, "mails").number == 2
        assert query.count(session, actor, "documents").number == 2
        seen = query.get(session, actor, "mails", second.mail.id)
        assert set(seen) == set(alone.mail)
        assert [user.id for user in seen["addressed_users"]] == [house.people["north"]]


def test_each_filing_shows_its_own_copy_and_never_anothers_hidden_recipients(house: House) -> None:
    senders, receivers = a_mail(bcc="secret@rival.test"), a_mail()
    mine = file(house, "north", senders, case=house.make_case().id)
    theirs = file(house, "south", receivers, case=house.make_case(by="south").id)
    assert (stored(house, StoredMessage), stored(house, StoredCopy)) == (1, 2)
    assert "secret@rival.test" in mine.mail["recipients"] and "secret" not in theirs.mail["recipients"]
    with house.read("south") as (session, actor):
        copy = filing.content(session, actor, theirs.mail.id).copy
        assert b"".join(house.home.blobs.open(copy.sha256)) == receivers
        with pytest.raises(NotFound):
            filing.content(session, actor, mine.mail.id)


@pytest.mark.parametrize(("privacy", "level"), [("subject", Level.HEADLINE), ("existence", Level.EXISTS)])
def test_a_privacy_tier_binds_all_but_the_filer_and_the_addressed(house: House, privacy: str, level: Level) -> None:
    case = house.make_case()
    filed = file(house, "north", a_mail(to="both@house.test"), case=case.id, privacy=privacy)
    for person, expected in (("north", Level.EDIT), ("both", Level.EDIT), ("manager", level), ("reader", level)):
        with house.read(person) as (session, actor):
            assert query.get(session, actor, "mails", filed.mail.id).level == expected, person
            if expected == level:
                with pytest.raises(NotFound):
                    filing.content(session, actor, filed.mail.id)


def test_a_filing_that_one_may_not_read_never_answers_for_ones_own(house: House) -> None:
    """`manager` sees that a mail exists in the case; filing the same message must not say that it is this one."""
    case, raw = house.make_case(), a_mail()
    hidden = file(house, "north", raw, case=case.id, privacy="existence")
    own = file(house, "manager", raw, case=case.id)
    assert own.new and own.mail.id != hidden.mail.id


def test_attachments_of_a_private_mail_stay_with_it(house: House) -> None:
    filed = file(house, "north", a_mail(attach={"a.docx": word_file()}), case=house.make_case().id, privacy="subject")
    assert not filed.documents
    with house.read("north") as (session, actor):
        assert [one.name for one in filing.content(session, actor, filed.mail.id).attachments] == ["a.docx"]


def test_attachments_in_allowed_formats_become_documents_of_the_same_place(house: House) -> None:
    case = house.make_case()
    files = {"offer.docx": word_file(), "tool.exe": b"MZ" + bytes(200), "fake.pdf": b"no pdf at all", "notes.txt": b"x"}
    filed = file(house, "north", a_mail(attach=files), case=case.id)
    assert [(one["file_name"], one["case"].id) for one in filed.documents] == [("offer.docx", case.id)]
    with house.read("north") as (session, actor):
        assert [one.name for one in filing.content(session, actor, filed.mail.id).attachments] == list(files)


def test_the_same_bytes_become_no_second_document_of_a_case(house: House) -> None:
    case, word = house.make_case(), word_file()
    first = file(house, "north", a_mail("One", attach={"offer.docx": word}), case=case.id)
    second = file(house, "north", a_mail("Two", attach={"again.docx": word}), case=case.id)
    elsewhere = file(house, "north", a_mail("Two", attach={"again.docx": word}), case=house.make_case().id)
    assert [len(one.documents) for one in (first, second, elsewhere)] == [1, 0, 1]


def test_a_hidden_case_and_a_missing_one_are_refused_in_the_same_words(house: House) -> None:
    hidden = house.make_case(by="south")
    said = []
    for target in (hidden.id, 987_654):
        with pytest.raises(Invalid) as refusal:
            file(house, "north", a_mail(), case=target)
        said.append([(one.field, str(one)) for one in refusal.value.errors])
    assert said[0] == said[1] == [("case", "There is no such item to choose.")]
    assert stored(house, StoredMessage) == 0


def test_what_contradicts_is_refused_also_where_the_message_is_filed_already(house: House) -> None:
    case, other = house.make_case(), house.make_relation()
    file(house, "north", a_mail(), case=case.id)
    with pytest.raises(Invalid) as refusal:
        file(house, "north", a_mail(), case=case.id, company=other.id)
    assert refusal.value.errors[0].field == "company"


def test_a_reader_files_nothing(house: House) -> None:
    with pytest.raises(Forbidden):
        file(house, "reader", a_mail(), company=house.make_relation().id)


def test_undo_takes_the_mail_and_its_untouched_documents_away(house: House) -> None:
    case = house.make_case()
    filed = file(house, "north", a_mail(attach={"a.docx": word_file("a"), "b.docx": word_file("b")}), case=case.id)
    with house.write("north") as (session, actor):
        items.update(session, actor, "documents", filed.documents[0].id, {"description": "kept"}, version=None)
    with house.write("north") as (session, actor):
        filing.undo(session, actor, filed.mail.id)
    with house.read("north") as (session, actor):
        assert query.count(session, actor, "mails").number == 0
        left = query.page(session, actor, "documents", where=filters.where(case=case.id)).items
        assert [one.id for one in left] == [filed.documents[0].id]
    assert file(house, "north", a_mail(attach={"a.docx": word_file("a")}), case=case.id).new


def test_undo_is_for_who_may_change_the_mail(house: House) -> None:
    filed = file(house, "north", a_mail(), case=house.make_case().id)
    for person, refusal in (("south", NotFound), ("reader", Forbidden)):
        with pytest.raises(refusal), house.write(person) as (session, actor):
            filing.undo(session, actor, filed.mail.id)


# --- Where a message belongs ------------------------------------------------------------------------


def suggestion(house: House, by: str, raw: bytes) -> matching.Suggestion:
    with house.read(by) as (session, actor):
        return matching.suggest(session, actor, parse(raw), TOKENS)


def test_the_company_is_found_by_a_contacts_address_in_any_spelling(house: House) -> None:
    company = house.make_relation(email="office@elsewhere.test")
    contact = house.make("contacts", {"surname": "Buyer", "company": company.id, "email": "Buyer@Tatra.test"})
    found = suggestion(house, "north", a_mail(sender="BUYER@tatra.test"))
    assert found.company and found.contact
    assert (found.company.id, found.contact.id) == (company.id, contact.id)


def test_the_company_is_found_by_the_address_of_a_recipient_when_we_wrote(house: House) -> None:
    company = house.make_relation(email="office@tatra.test")
    found = suggestion(house, "north", a_mail(sender="north@house.test", to="office@tatra.test"))
    assert found.company and found.company.id == company.id


@pytest.mark.parametrize("known", [{"email": "office@tatra.test"}, {"web": "https://www.tatra.test/sk"}])
def test_the_company_is_found_by_its_domain(house: House, known: dict[str, str]) -> None:
    company = house.make_relation(**known)
    house.make_relation(web="https://nottatra.test")
    found = suggestion(house, "north", a_mail(sender="someone@tatra.test"))
    assert found.company and found.company.id == company.id


def test_private_mailboxes_ambiguous_and_own_domains_say_nothing(house: House) -> None:
    house.make_relation(email="one@gmail.com", web="https://house.test")
    assert suggestion(house, "north", a_mail(sender="two@gmail.com")).company is None
    assert suggestion(house, "north", a_mail(sender="nobody@house.test")).company is None
    for address in ("a@shared.test", "b@shared.test"):
        house.make_relation(email=address)
    assert suggestion(house, "north", a_mail(sender="c@shared.test")).company is None


def test_open_cases_are_suggested_as_far_as_they_may_be_read(house: House) -> None:
    company = house.make_relation(email="buyer@tatra.test")
    mine = house.make_case(company=company.id)
    house.make_case(by="south", company=company.id)
    assert [case.id for case in suggestion(house, "north", a_mail()).cases] == [mine.id]


def test_a_reply_is_found_to_belong_to_the_case_of_the_mail_that_it_answers(house: House) -> None:
    case = house.make_case()
    token = TOKENS.make(case.guid)
    for field in ({"References": f"<x@y> <{token}@house.test>"}, {"In_Reply_To": f"<{token}-00aa@house.test>"}):
        found = suggestion(house, "north", a_mail(attach=None, **field)).case
        assert found and found.id == case.id
    assert suggestion(house, "north", a_mail(f"Re: offer [{token}]")).case
    assert suggestion(house, "south", a_mail(f"Re: offer [{token}]")).case is None


def test_a_forged_token_names_no_case(house: House) -> None:
    case = house.make_case()
    forged = CaseTokens("x" * 40).make(case.guid)
    assert suggestion(house, "north", a_mail(References=f"<{forged}@house.test>")).case is None
    with house.read("north") as (session, actor):
        mail = parse(a_mail(References=f"<{forged}@a.test>"))
        assert filing.place_for(session, actor, mail, TOKENS) == filing.Place()


def test_filing_by_the_program_needs_no_user(house: House) -> None:
    prepared = filing.prepare(house.home.blobs, parse(a_mail()))
    company = house.make_relation()
    with house.home.database.write() as session:
        assert filing.file_message(session, PROGRAM, prepared, company=company.id).new
