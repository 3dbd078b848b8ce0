"""Search as people and programs meet it: the result page, the box that answers while one types, the API."""

from __future__ import annotations

from house import House
from search_house import PEOPLE, case_of_north, index, leave_north

HIDDEN = ("Quagga", "quagga", "delivery")


def test_the_result_page_shows_what_was_found_where_and_marked(house: House) -> None:
    made = case_of_north(house)
    index(house)
    page = house.client("north").get("/search?q=quagga").text
    for name in ("cases", "activities", "documents", "mails"):
        assert f'href="/lists/{name}/{made[name]}"' in page
    assert "<mark>Quagga</mark> delivery" in page and "The <mark>quagga</mark> is sold as seen." in page
    assert "Tatra Steel</a>" in page and "“quagga” · 4 shown" in page
    only = house.client("north").get("/search?q=quagga&list=mails").text
    assert f"/lists/mails/{made['mails']}" in only and f'href="/lists/documents/{made["documents"]}"' not in only


def test_what_customers_are_about_comes_before_code_lists(house: House) -> None:
    house.make("case_types", {"name": "Quagga"}, by="admin")
    house.make_case(name="A quagga among many other words in a long name")
    index(house)
    page = house.client("north").get("/search?q=quagga").text
    assert page.index('id="found-cases"') < page.index('id="found-case_types"')
    assert page.index("list=cases") < page.index("list=case_types")


def test_who_may_not_read_sees_the_same_page_as_for_a_word_that_never_was(house: House) -> None:
    case_of_north(house)
    index(house)
    client = house.client("south")
    pages = [client.get(f"/search?q={word}").text.replace(word, "WORD") for word in ("quagga", "giraff")]
    first, second = ([line for line in page.splitlines() if "csrf" not in line] for page in pages)
    assert first == second
    leave_north(house)
    for who in ("south", "both", "west"):
        for address in ("/search?q=quagga", "/search?q=tatra", "/search/suggest?q=qua", "/search/suggest?q=tatra",
                        "/search?q=quagga&list=cases", "/search?q=quagga&list=nothing"):  # fmt: skip
            body = house.client(who).get(address).text.replace("“quagga”", "").replace('value="quagga"', "")
            body = body.replace("Search: quagga", "").replace("q=quagga", "")
            assert not [word for word in HIDDEN if word in body], (who, address)
    assert "<mark>Tatra</mark> Steel" in house.client("south").get("/search?q=tatra").text


def test_the_box_proposes_companies_then_contacts_then_cases(house: House) -> None:
    company = house.make_relation(name="Novák Works", address={"city": "Nitra"}, registration_no="36123456")
    house.make("contacts", {"first_name": "Peter", "surname": "Novák", "company": company.id, "phone": "+421905123456"})
    house.make("contacts", {"first_name": "Novak", "surname": "Ján", "company": company.id})
    house.make_case(name="Novák: new hall", company=company.id)
    index(house)
    answer = house.client("north").get("/search/suggest?q=novak").json
    assert [(one["list"], one["title"]) for one in answer] == [
        ("relations", "Novák Works"),
        ("contacts", "Novak Ján"),
        ("cases", "Novák: new hall"),
        ("contacts", "Peter Novák"),
    ]
    assert answer[0]["href"] == f"/lists/relations/{company.id}" and answer[0]["icon"] == "company"
    assert "Nitra" in answer[0]["detail"] and "36123456" in answer[0]["detail"]
    ask = house.client("south").get
    assert [one["title"] for one in ask("/search/suggest?q=novak%20pet").json] == ["Peter Novák"]
    assert [one["title"] for one in ask("/search/suggest?q=0905%20123").json] == ["Peter Novák"]
    assert [one["title"] for one in ask("/search/suggest?q=36%20123%204").json] == ["Novák Works"]
    assert ask("/search/suggest?q=n").json == [] and ask("/search/suggest").json == []


def test_the_api_answers_with_hits_and_refuses_nonsense_in_words(house: House) -> None:
    made = case_of_north(house)
    index(house)
    answer = house.api("north").get("/api/v1/search?q=quagga&top=2")
    assert answer.status_code == 200 and len(answer.json["value"]) == 2
    hits = house.api("north").get("/api/v1/search?q=quagga&list=documents").json["value"]
    assert [(hit["list"], hit["id"], hit["snippet"]) for hit in hits] == [
        ("documents", made["documents"], "Terms. The quagga is sold as seen.")
    ]
    assert hits[0]["company"] == {"id": made["relations"], "title": "Tatra Steel"}
    assert house.api("south").get("/api/v1/search?q=quagga").json == {"value": []}
    for top in ("0", "-1", "x", "1e3", "9" * 50, "²"):
        refused = house.api("north").get("/api/v1/search", query_string={"q": "a", "top": top})
        assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "top", top
    assert house.app.test_client().get("/api/v1/search?q=a").status_code == 401
    assert house.app.test_client().get("/search/suggest?q=ab").status_code == 303


def test_pages_answer_with_no_question_no_hit_and_no_index(house: House) -> None:
    for who in PEOPLE[:2]:
        client = house.client(who)
        for address in (
            "/search",
            "/search?q=",
            "/search?q=nothing",
            '/search?q="',
            "/search?q=%00%1f",
            "/search?q=<b>x",
        ):
            answer = client.get(address)
            assert answer.status_code == 200 and "<b>x" not in answer.text, address
