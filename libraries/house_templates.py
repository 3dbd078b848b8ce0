"""Makes the Word templates that a new house starts with: `python -m caseroom.libraries.house_templates`.

The files in `templates/documents/` are its output and are what people edit; run it again only after a change
of the words or the look here. One template each for offer, contract and minutes, in each language of `WORDS`.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

FOLDER = Path(__file__).resolve().parent.parent / "templates" / "documents"
KINDS = ("offer", "contract", "minutes")
ACCENT, MUTED, LINE = RGBColor(0x0B, 0x6E, 0x6E), RGBColor(0x5A, 0x63, 0x6B), "C9C4BA"
WIDTH = Cm(16.5)

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "registration": "Registration no.",
        "vat": "VAT no.",
        "account": "Bank account",
        "offer": "Offer",
        "contract": "Contract",
        "minutes": "Minutes of meeting",
        "to": "To",
        "attention": "Attention",
        "date": "Date",
        "case": "Subject",
        "about": "About",
        "product": "Product",
        "price": "Price",
        "delivery": "Expected by",
        "seller": "Seller",
        "buyer": "Buyer",
        "greeting": "Thank you for your interest. We are glad to offer you the following.",
        "terms": "Terms",
        "terms_text": "Prices do not include value added tax. This offer is valid for 30 days from its date.",
        "questions": "If you have any questions, please contact me.",
        "subject_matter": "Subject of the contract",
        "subject_text": (
            "The seller delivers to the buyer, and the buyer takes and pays for: {{ case.product }}."
        ),
        "price_text": "The agreed price is {{ case.value }} {{ case.currency }}, without value added tax.",
        "payment": "Payment",
        "payment_text": (
            "The price is payable within 14 days of delivery to the seller’s account {{ "
            "owner.bank_account }}."
        ),
        "time": "Time of delivery",
        "time_text": "The seller delivers by {{ case.expected_close }}.",
        "final": "Final provisions",
        "final_text": "Changes to this contract need the written form. Each party receives one signed copy.",
        "for_seller": "For the seller",
        "for_buyer": "For the buyer",
        "present": "Present",
        "agenda": "Discussed",
        "decisions": "Agreed",
        "tasks": "Tasks",
        "task": "Task",
        "who": "Who",
        "until": "Until",
        "recorded": "Recorded by",
    },
    "sk": {
        "registration": "IČO",
        "vat": "IČ DPH",
        "account": "Bankový účet",
        "offer": "Ponuka",
        "contract": "Zmluva",
        "minutes": "Zápis zo stretnutia",
        "to": "Pre",
        "attention": "Do rúk",
        "date": "Dátum",
        "case": "Vec",
        "about": "Predmet",
        "product": "Produkt",
        "price": "Cena",
        "delivery": "Predpokladaný termín",
        "seller": "Predávajúci",
        "buyer": "Kupujúci",
        "greeting": "Ďakujeme za Váš záujem. S radosťou Vám ponúkame nasledovné.",
        "terms": "Podmienky",
        "terms_text": "Ceny sú uvedené bez dane z pridanej hodnoty. Ponuka platí 30 dní od jej dátumu.",
        "questions": "Ak máte otázky, obráťte sa, prosím, na mňa.",
        "subject_matter": "Predmet zmluvy",
        "subject_text": "Predávajúci dodá kupujúcemu a kupujúci prevezme a zaplatí: {{ case.product }}.",
        "price_text": "Dohodnutá cena je {{ case.value }} {{ case.currency }} bez dane z pridanej hodnoty.",
        "payment": "Platba",
        "payment_text": (
            "Cena je splatná do 14 dní od dodania na účet predávajúceho {{ owner.bank_account }}."
        ),
        "time": "Termín dodania",
        "time_text": "Predávajúci dodá najneskôr {{ case.expected_close }}.",
        "final": "Záverečné ustanovenia",
        "final_text": (
            "Zmeny tejto zmluvy vyžadujú písomnú formu. Každá strana dostane jeden podpísaný rovnopis."
        ),
        "for_seller": "Za predávajúceho",
        "for_buyer": "Za kupujúceho",
        "present": "Prítomní",
        "agenda": "Prerokované",
        "decisions": "Dohodnuté",
        "tasks": "Úlohy",
        "task": "Úloha",
        "who": "Kto",
        "until": "Do",
        "recorded": "Zapísal(a)",
    },
}


def build(kind: str, language: str) -> bytes:
    """The template `kind` (of `KINDS`) in `language` (of `WORDS`) as a .docx, the same bytes each time."""
    words, document = WORDS[language], docx.Document()
    _page(document, words, language)
    title = document.add_paragraph("{{ case.name }}", style="Title")
    title.insert_paragraph_before(words[kind].upper(), style="Kicker")
    {"offer": _offer, "contract": _contract, "minutes": _minutes}[kind](document, words)
    document.core_properties.title = f"{words[kind]}: {{{{ case.name }}}}"
    document.core_properties.author = "{{ salesperson.name }}"
    document.core_properties.comments = ""
    document.core_properties.language = language
    document.core_properties.created = document.core_properties.modified = datetime(2026, 1, 1, tzinfo=UTC)
    return _reproducible(document)


def write(folder: Path = FOLDER) -> list[Path]:
    """Write each template; English ones without, others with the language in their name (`offer.sk.docx`)."""
    written = []
    for language in WORDS:
        for kind in KINDS:
            path = folder / (f"{kind}.docx" if language == "en" else f"{kind}.{language}.docx")
            path.write_bytes(build(kind, language))
            written.append(path)
    return written


def _offer(document: Document, words: dict[str, str]) -> None:
    _addressee(document, words)
    document.add_paragraph(words["greeting"])
    _facts(
        document,
        (words["product"], "{{ case.product }}"),
        (words["price"], "{{ case.value }} {{ case.currency }}"),
        (words["delivery"], "{{ case.expected_close }}"),
    )
    document.add_paragraph("{{ case.description }}")
    document.add_paragraph(words["terms"], style="Heading 2")
    document.add_paragraph(words["terms_text"])
    document.add_paragraph(words["questions"])
    _signature_of_salesperson(document)


def _contract(document: Document, words: dict[str, str]) -> None:
    parties = _grid(document, 2)
    for cell, role, who in zip(parties, ("seller", "buyer"), ("owner", "company"), strict=True):
        _party(cell, words, words[role], who)
    sections = ("subject_matter", "price", "payment", "time", "final")
    texts = ("subject_text", "price_text", "payment_text", "time_text", "final_text")
    for number, (heading, text) in enumerate(zip(sections, texts, strict=True), start=1):
        document.add_paragraph(f"{number}. {words[heading]}", style="Heading 2")
        document.add_paragraph(words[text])
    document.add_paragraph(f"{words['date']}: {{{{ today }}}}").paragraph_format.space_before = Pt(18)
    left, right = _grid(document, 2)
    _signature_line(left, words["for_seller"], "{{ salesperson.name }}", "{{ owner.name }}")
    _signature_line(right, words["for_buyer"], "{{ contact.name }}", "{{ company.name }}")


def _minutes(document: Document, words: dict[str, str]) -> None:
    _facts(
        document,
        (words["to"], "{{ company.name }}"),
        (words["date"], "{{ today }}"),
        (words["present"], "{{ salesperson.name }}, {{ contact.name }}"),
        (words["about"], "{{ case.product }}"),
    )
    for heading in ("agenda", "decisions"):
        document.add_paragraph(words[heading], style="Heading 2")
        document.add_paragraph("", style="List Bullet")
        document.add_paragraph("", style="List Bullet")
    document.add_paragraph(words["tasks"], style="Heading 2")
    table = document.add_table(4, 3)
    for cell, heading in zip(table.rows[0].cells, ("task", "who", "until"), strict=True):
        _label(cell.paragraphs[0], words[heading])
    _ruled(table, Cm(9.5), Cm(4), Cm(3))
    document.add_paragraph(
        f"{words['recorded']}: {{{{ salesperson.name }}}}"
    ).paragraph_format.space_before = Pt(18)


def _page(document: Document, words: dict[str, str], language: str) -> None:
    """A4, the styles, the letterhead above and the firm's particulars below."""
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin, section.right_margin = Cm(2.5), Cm(2)
    section.top_margin, section.bottom_margin = Cm(3.6), Cm(2.6)
    section.header_distance = section.footer_distance = Cm(1.1)
    _styles(document, language)
    name = section.header.paragraphs[0]
    # The style “Header” brings a centred tab stop of its own.
    name.style = "Normal"
    name.paragraph_format.space_after = Pt(0)
    name.paragraph_format.tab_stops.add_tab_stop(WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    _run(name, "{{ owner.name }}", size=13, colour=ACCENT, bold=True)
    _run(name, "\t{{ owner.phone }} · {{ owner.email }}", size=8.5, colour=MUTED)
    address = section.header.add_paragraph()
    _run(address, "{{ owner.address }}", size=8.5, colour=MUTED)
    _rule(address, "bottom")
    footer = section.footer.paragraphs[0]
    _rule(footer, "top")
    particulars = (("registration", "registration_no"), ("vat", "vat_no"), ("account", "bank_account"))
    text = "   ·   ".join(f"{words[label]} {{{{ owner.{field} }}}}" for label, field in particulars)
    _run(footer, text, size=8.5, colour=MUTED)


def _styles(document: Document, language: str) -> None:
    styles: Any = document.styles
    styles.add_style("Kicker", 1).base_style = styles["Normal"]
    for name, size, colour, bold, before, after in (
        ("Normal", 10.5, None, False, 0, 6),
        ("Kicker", 9, ACCENT, True, 0, 2),
        ("Title", 20, None, True, 0, 14),
        ("Heading 2", 11.5, ACCENT, True, 14, 4),
    ):
        style = styles[name]
        style.font.name, style.font.size, style.font.bold = "Calibri", Pt(size), bold
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for attribute in list(fonts.attrib):
            del fonts.attrib[attribute]
        for script in ("ascii", "hAnsi", "cs", "eastAsia"):
            fonts.set(qn(f"w:{script}"), "Calibri")
        if colour is not None or name == "Title":
            style.font.color.rgb = colour or RGBColor(0x1E, 0x22, 0x27)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.line_spacing = 1.15
    for border in styles["Title"].element.iter(qn("w:pBdr")):
        border.getparent().remove(border)
    tag = OxmlElement("w:lang")
    tag.set(qn("w:val"), {"en": "en-GB", "sk": "sk-SK"}[language])
    styles["Normal"].element.get_or_add_rPr().append(tag)


def _addressee(document: Document, words: dict[str, str]) -> None:
    left, right = _grid(document, 2)
    _party(left, words, words["to"], "company")
    for label, value in (("date", "{{ today }}"), ("attention", "{{ contact.name }}")):
        _label(_next(right), words[label])
        _next(right).add_run(value)
    _run(_next(right), "{{ contact.function }}", colour=MUTED)
    document.add_paragraph().paragraph_format.space_after = Pt(2)


def _party(cell: Any, words: dict[str, str], role: str, who: str) -> None:
    _label(_next(cell), role)
    _run(_next(cell), f"{{{{ {who}.name }}}}", bold=True)
    _next(cell).add_run(f"{{{{ {who}.address }}}}")
    for label, field in (("registration", "registration_no"), ("vat", "vat_no")):
        _run(_next(cell), f"{words[label]} {{{{ {who}.{field} }}}}", size=9, colour=MUTED)


def _facts(document: Document, *rows: tuple[str, str]) -> None:
    """A table of labels and values, a line below each."""
    table = document.add_table(len(rows), 2)
    _ruled(table, Cm(4.5), Cm(12))
    for row, (label, value) in zip(table.rows, rows, strict=True):
        _run(row.cells[0].paragraphs[0], label, colour=MUTED)
        _run(row.cells[1].paragraphs[0], value, bold=True)
    document.add_paragraph().paragraph_format.space_after = Pt(2)


def _signature_of_salesperson(document: Document) -> None:
    name = document.add_paragraph()
    name.paragraph_format.space_before = Pt(20)
    name.paragraph_format.space_after = Pt(0)
    _run(name, "{{ salesperson.name }}", bold=True)
    _run(document.add_paragraph(), "{{ salesperson.email }} · {{ salesperson.phone }}", colour=MUTED)


def _signature_line(cell: Any, label: str, person: str, firm: str) -> None:
    _label(_next(cell), label)
    line = _next(cell)
    line.paragraph_format.space_before = Pt(34)
    _rule(line, "bottom")
    _next(cell).add_run(person)
    _run(_next(cell), firm, size=9, colour=MUTED)


def _grid(document: Document, columns: int) -> Any:
    return document.add_table(1, columns).rows[0].cells


def _next(cell: Any) -> Paragraph:
    """The cell's next paragraph: its empty first one, else a new one; set close to its neighbours."""
    first = cell.paragraphs[0]
    paragraph = first if len(cell.paragraphs) == 1 and not first.runs else cell.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(1)
    return paragraph


def _label(paragraph: Paragraph, text: str) -> None:
    _run(paragraph, text, size=9, colour=MUTED)


def _run(
    paragraph: Paragraph,
    text: str,
    *,
    size: float | None = None,
    colour: RGBColor | None = None,
    bold: bool = False,
) -> None:
    run = paragraph.add_run(text)
    run.bold = bold or None
    if size:
        run.font.size = Pt(size)
    if colour is not None:
        run.font.color.rgb = colour


def _ruled(table: Any, *widths: int) -> None:
    """Give a table its column widths and a hairline below each row."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            cell.width = width
            cell.paragraphs[0].paragraph_format.space_before = Pt(4)
            cell.paragraphs[0].paragraph_format.space_after = Pt(4)
            borders = OxmlElement("w:tcBorders")
            borders.append(_edge("bottom"))
            cell._tc.get_or_add_tcPr().append(borders)


def _rule(paragraph: Paragraph, side: str) -> None:
    """A hairline above (`top`) or below (`bottom`) a paragraph."""
    borders = OxmlElement("w:pBdr")
    borders.append(_edge(side))
    properties: Any = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")


def _edge(side: str) -> Any:
    edge = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", "4"), ("space", "4"), ("color", LINE)):
        edge.set(qn(f"w:{name}"), value)
    return edge


def _reproducible(document: Document) -> bytes:
    """The saved document with fixed dates and without the library's thumbnail of its own template."""
    raw, result = io.BytesIO(), io.BytesIO()
    relations: Any = document.part.package.rels  # pyright: ignore[reportOptionalMemberAccess]
    for key, relation in list(relations.items()):
        if relation.reltype.endswith("/thumbnail"):
            del relations[key]
    document.save(raw)
    with zipfile.ZipFile(raw) as saved, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as fixed:
        for name in saved.namelist():
            fixed.writestr(zipfile.ZipInfo(name), saved.read(name), zipfile.ZIP_DEFLATED)
    return result.getvalue()


if __name__ == "__main__":
    for made in write():
        print(made.name)
