"""A case's page: how it stands, what is next, its service case both ways."""

from __future__ import annotations

from house import House, token_of

from caseroom.lists import items
from caseroom.lists.crm import cases


def test_the_head_says_status_value_stage_and_company(house: House) -> None:
    company = house.make_relation(name="Tatra Steel")
    case = house.make_case(name="Enterprise licence", company=company.id, value="48000", expected_close="2020-01-31")
    page = house.client("north").get(f"/lists/cases/{case.id}").text
    for text in (
        "Enterprise licence",
        "Tatra Steel",
        "48,000\u00a0€",
        "Contacted",
        "Jan 31, 2020",
        "overdue",
        "North Person",
    ):
        assert text in page
    for action in ("task", "meeting", "email", "close"):
        assert f"/cases/{case.id}/{action}" in page
    assert f"/cases/{case.id}/reopen" not in page


def test_a_case_of_another_group_and_one_that_never_was_give_the_same_answer(house: House) -> None:
    case = house.make_case(name="Enterprise licence")
    client = house.client("south")
    hidden, missing = client.get(f"/lists/cases/{case.id}"), client.get("/lists/cases/99999")
    assert hidden.status_code == missing.status_code == 404
    # The form's token tells the second in which it was made.
    pages = [page.text.replace(token_of(page.text), "T") for page in (hidden, missing)]
    assert pages[0].replace(f"cases/{case.id}", "") == pages[1].replace("cases/99999", "")
    for action in ("call", "task", "meeting", "email", "close", "reopen"):
        assert client.get(f"/cases/{case.id}/{action}").status_code == 404


def test_a_case_without_a_company_says_so_and_offers_to_choose_one(house: House) -> None:
    from dataclasses import replace

    with house.write("admin") as (session, actor):
        values = {"name": "Imported", "sales_group": house.groups["North"]}
        case = items.create(session, replace(actor, by_import=True), "cases", values)
    page = house.client("north").get(f"/lists/cases/{case.id}").text
    assert "No company yet" in page and f"/lists/cases/{case.id}/edit#f-company" in page


def test_the_closed_case_and_its_service_case_lead_to_each_other_and_share_documents(house: House) -> None:
    case = house.make_case(name="Enterprise licence")
    with house.write("north") as (session, actor):
        file = {"sha256": "0" * 64, "file_name": "contract.pdf"}
        items.create(session, actor, "documents", {"name": "The contract", "case": case.id}, program=file)
        made = cases.close(
            session, actor, case.id, outcome="won", continue_as_support=True, support_group=house.groups["West"]
        )
    service = made["support_case"].id
    page = house.client("north").get(f"/lists/cases/{case.id}").text
    assert "Won" in page and f"/cases/{case.id}/reopen" in page
    assert f"/lists/cases/{service}" not in page, "who may not see the service case is not told of it"
    assert f"/lists/cases/{service}" in house.client("both").get(f"/lists/cases/{case.id}").text
    page = house.client("west").get(f"/lists/cases/{service}").text
    assert f"/lists/cases/{case.id}" in page and "The contract" in page


def test_the_timeline_of_a_case_holds_only_its_own(house: House) -> None:
    company = house.make_relation()
    one, other = house.make_case(company=company.id), house.make_case(company=company.id)
    with house.write("north") as (session, actor):
        cases.call(session, actor, one.id, description="about the one")
        cases.call(session, actor, other.id, description="about the other")
    page = house.client("north").get(f"/lists/cases/{one.id}").text
    assert "about the one" in page and "about the other" not in page
