"""Templates are filled with what is known, and refused in words that name the place."""

from __future__ import annotations

import io
import time
import zipfile
from typing import Any

import docx
import pytest

from caseroom.libraries.merge import Placeholder, check, fields, render
from caseroom.lists.errors import Invalid

CONTEXT: dict[str, Any] = {
    "case": {"name": "Licence for Tatra Steel", "value": "48,000.00", "items": "not a method"},
    "company": {"name": "Tatra Steel & <Sons>", "address": "Main Street 1\nKošice"},
    "contact": None,
    "lines": [{"name": "first", "price": "1"}, {"name": "second", "price": "2"}],
}


def template(*paragraphs: str, header: str = "", row: tuple[str, ...] = ()) -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    for text in paragraphs:
        document.add_paragraph(text)
    if header:
        document.sections[0].header.paragraphs[0].text = header
    for text in row:
        document.add_table(1, 1).rows[0].cells[0].text = text
    document.save(buffer)
    return buffer.getvalue()


def filled(content: bytes, context: dict[str, Any] = CONTEXT) -> list[str]:
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(render(content, context))).paragraphs]


def refusals(content: bytes, context: dict[str, Any] = CONTEXT) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        render(content, context)
    assert {error.field for error in refusal.value.errors} == {"template"}
    return [str(error) for error in refusal.value.errors]


def test_placeholders_are_filled_in_body_header_and_properties() -> None:
    content = template("For {{ company.name }}: {{case.name}}", header="{{ case.value }} EUR")
    document = docx.Document(io.BytesIO(render(content, CONTEXT)))
    assert document.paragraphs[0].text == "For Tatra Steel & <Sons>: Licence for Tatra Steel"
    assert document.sections[0].header.paragraphs[0].text == "48,000.00 EUR"


def test_a_title_made_of_a_value_is_not_escaped_twice() -> None:
    document, buffer = docx.Document(), io.BytesIO()
    document.core_properties.title = "Offer for {{ company.name }}"
    document.save(buffer)
    made = docx.Document(io.BytesIO(render(buffer.getvalue(), CONTEXT)))
    assert made.core_properties.title == "Offer for Tatra Steel & <Sons>"


def test_a_placeholder_that_word_split_into_runs_is_filled() -> None:
    document, buffer = docx.Document(), io.BytesIO()
    paragraph = document.add_paragraph()
    for piece in ("{", "{ case", ".na", "me }", "}"):
        paragraph.add_run(piece).bold = piece == ".na"
    document.save(buffer)
    assert fields(buffer.getvalue()) == [Placeholder("{{ case.name }}", "{{ case.name }}")]
    assert filled(buffer.getvalue()) == ["Licence for Tatra Steel"]


def test_lines_of_a_value_stay_lines_and_control_characters_do_no_harm() -> None:
    assert filled(template("{{ company.address }}")) == ["Main Street 1\nKošice"]
    assert filled(template("{{ x }}"), {"x": "a\x00b\x07c\x0bd"}) == ["abcd"]


def test_what_is_not_there_prints_as_nothing() -> None:
    assert filled(template("Contact: {{ contact.name }}{{ contact }}.")) == ["Contact: ."]


def test_a_dot_means_a_key_even_where_dicts_have_a_method() -> None:
    assert filled(template("{{ case.items }}")) == ["not a method"]


def test_a_loop_repeats_table_rows() -> None:
    document, buffer = docx.Document(), io.BytesIO()
    table = document.add_table(3, 2)
    table.rows[0].cells[0].text = "{%tr for line in lines %}"
    table.rows[1].cells[0].text, table.rows[1].cells[1].text = "{{ line.name }}", "{{ line.price }}"
    table.rows[2].cells[0].text = "{%tr endfor %}"
    document.save(buffer)
    made = docx.Document(io.BytesIO(render(buffer.getvalue(), CONTEXT))).tables[0]
    assert [[cell.text for cell in row.cells] for row in made.rows] == [["first", "1"], ["second", "2"]]


def test_every_unknown_placeholder_is_named_with_its_paragraph() -> None:
    content = template("Dear {{ contact.name }}", "Price {{ case.prise }} in {{ kurrency }}", header="{{ owner.name }}")
    where = "in the paragraph “Price {{ case.prise }} in {{ kurrency }}”."
    assert refusals(content) == [
        f"“{{{{ case.prise }}}}” uses “case.prise”, which is not known, {where}",
        f"“{{{{ kurrency }}}}” uses “kurrency”, which is not known, {where}",
        "“{{ owner.name }}” uses “owner.name”, which is not known, in the paragraph “{{ owner.name }}”.",
    ]
    with pytest.raises(Invalid):
        check(content, CONTEXT)
    check(template("Dear {{ contact.name }}"), CONTEXT)


def test_an_unknown_field_inside_a_loop_is_a_sentence_too() -> None:
    content = template("{% for line in lines %}{{ line.nothing }}{% endfor %}")
    assert refusals(content) == ["The template could not be filled: 'dict object' has no attribute 'nothing'."]


@pytest.mark.parametrize(
    "text", ["Dear {{ case. }}", "{% if %}", "{{ case.name | nosuchfilter }}", "{% for x in lines %}"]
)
def test_what_cannot_be_understood_is_named(text: str) -> None:
    (message,) = refusals(template(text))
    assert "cannot be understood" in message or "could not be filled" in message


def test_a_placeholder_that_is_not_closed_is_named() -> None:
    assert refusals(template("Dear {{ case.name")) == [
        "A placeholder is not closed, in the paragraph “Dear {{ case.name”."
    ]


def test_fields_are_listed_in_reading_order() -> None:
    content = template("{{ case.name }} for {{ company.name }}", header="{{ case.value }}", row=("{{ today }}",))
    assert fields(content) == [
        ("{{ case.name }}", "{{ case.name }} for {{ company.name }}"),
        ("{{ company.name }}", "{{ case.name }} for {{ company.name }}"),
        ("{{ today }}", "{{ today }}"),
        ("{{ case.value }}", "{{ case.value }}"),
    ]


@pytest.mark.parametrize(
    "bomb",
    [
        "{{ 'a'*10**9 }}",
        "{{ 'a'*10**8 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ range(10**9) }}",
    ],
)
def test_a_bomb_is_stopped_in_words_within_ten_seconds(bomb: str) -> None:
    started = time.monotonic()
    (message,) = refusals(template(bomb))
    assert time.monotonic() - started < 10
    assert "memory" in message or "longer than 6 seconds" in message or "could not be" in message or "larger" in message


@pytest.mark.parametrize(
    "attempt",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ case.__class__ }}",
        "{{ lines.append(1) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ '{0.__class__}'.format(case) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_a_template_reaches_nothing_but_its_data(attempt: str) -> None:
    assert refusals(template(attempt))


def test_a_value_is_data_and_never_run() -> None:
    assert filled(template("{{ x }}"), {"x": "{{ 7*7 }} {% for %} </w:t> &amp;"}) == [
        "{{ 7*7 }} {% for %} </w:t> &amp;"
    ]


def test_what_is_no_word_file_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("a", b"b")
    for content in (b"", b"%PDF-1.7", buffer.getvalue(), template("x")[:500]):
        (message,) = refusals(content)
        assert message.startswith(("The template is damaged", "The template is not a Word document"))
