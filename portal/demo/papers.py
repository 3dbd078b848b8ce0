"""Writes real Word, Excel and PDF files with the same bytes for the same content.

All three writers would stamp the present into their files; the time given here stands there instead.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import docx
import xlsxwriter
from docx.document import Document
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.rl_codecs import RL_Codecs
from reportlab.pdfgen.canvas import Canvas

Cell = str | int | Decimal


class Table(NamedTuple):
    """A table: the heading of each column and the rows."""

    heading: Sequence[str]
    rows: Sequence[Sequence[Cell]]


class Paper(NamedTuple):
    """What a document says; `parts` are paragraphs and tables in their order."""

    title: str
    author: str
    written: datetime
    parts: Sequence[str | Table]


def write_docx(paper: Paper) -> bytes:
    """`paper` as a Word document."""
    document: Document = docx.Document(io.BytesIO(_blank_docx()))
    document.add_heading(paper.title, level=1)
    for part in paper.parts:
        if isinstance(part, str):
            document.add_paragraph(part)
        else:
            _add_table(document, part)
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = paper.title, paper.author, paper.author
    properties.created = properties.modified = paper.written.replace(tzinfo=None, microsecond=0)
    properties.comments = ""
    target = io.BytesIO()
    document.save(target)
    return _with_fixed_times(target.getvalue())


@cache
def _blank_docx() -> bytes:
    """The library's blank document, saved once."""
    target = io.BytesIO()
    docx.Document().save(target)
    return target.getvalue()


def _add_table(document: Document, content: Table) -> None:
    table = document.add_table(rows=1 + len(content.rows), cols=len(content.heading), style="Light Grid Accent 1")
    # Asking the table once for its cells: asking it per cell costs a walk over the whole table each time.
    cells = iter(table._cells)  # pyright: ignore[reportPrivateUsage]
    for row in (content.heading, *content.rows):
        for value in row:
            next(cells).text = written_out(value)


def _with_fixed_times(package: bytes) -> bytes:
    """The same ZIP package with the time of 1 January 1980 on every member."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for member in source.infolist():
            fixed = zipfile.ZipInfo(member.filename, (1980, 1, 1, 0, 0, 0))
            fixed.compress_type = zipfile.ZIP_DEFLATED
            fixed.create_system = 0
            copy.writestr(fixed, source.read(member))
    return target.getvalue()


def write_xlsx(paper: Paper) -> bytes:
    """`paper` as an Excel workbook of one sheet; amounts are numbers with two places."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    book.set_properties({"title": paper.title, "author": paper.author, "created": paper.written.replace(tzinfo=None)})
    sheet = book.add_worksheet("Sheet 1")
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    sheet.set_column(0, 0, 38)
    sheet.set_column(1, 6, 14)
    sheet.write_string(0, 0, paper.title, book.add_format({"bold": True, "font_size": 14}))
    line = 2
    for part in paper.parts:
        if isinstance(part, str):
            sheet.write_string(line, 0, part)
            line += 1
            continue
        for column, word in enumerate(part.heading):
            sheet.write_string(line, column, word, bold)
        for row in part.rows:
            line += 1
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(line, column, value)
                else:
                    sheet.write_number(line, column, float(value), money if isinstance(value, Decimal) else None)
        line += 2
    book.close()
    return target.getvalue()


LEFT, TOP, BOTTOM, WIDTH = 56, 790, 60, 483


def write_pdf(paper: Paper) -> bytes:
    """`paper` as a PDF of A4 pages."""
    regular, bold = _pdf_fonts()
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(595, 842), invariant=1)
    canvas.setTitle(paper.title)
    canvas.setAuthor(paper.author)
    canvas.setSubject(f"{paper.written:%Y-%m-%d}")
    canvas.setFont(bold, 16)
    canvas.drawString(LEFT, TOP, paper.title)
    height = TOP - 34
    for part in paper.parts:
        for line in _pdf_lines(part, regular):
            if height < BOTTOM:
                canvas.showPage()
                height = TOP
            canvas.setFont(bold if line.bold else regular, 10)
            for offset, text in line.pieces:
                canvas.drawString(LEFT + offset, height, text)
            height -= 14
        height -= 6
    canvas.showPage()
    canvas.save()
    return target.getvalue()


class _Line(NamedTuple):
    """One line of a PDF page: texts with their distance from the left margin in points."""

    pieces: Sequence[tuple[float, str]]
    bold: bool = False


def _pdf_lines(part: str | Table, font: str) -> list[_Line]:
    if isinstance(part, str):
        return [_Line([(0, line)]) for line in _wrap(part, font)]
    offsets = [0.0] + [
        WIDTH * (0.44 + 0.56 * place / (len(part.heading) - 1)) for place in range(len(part.heading) - 1)
    ]
    lines = [_Line(list(zip(offsets, part.heading, strict=True)), bold=True)]
    for row in part.rows:
        lines.append(_Line([(offset, written_out(value)) for offset, value in zip(offsets, row, strict=True)]))
    return lines


def _wrap(text: str, font: str) -> list[str]:
    """`text` in lines that fit between the margins at 10 points."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and pdfmetrics.stringWidth(longer, font, 10) > WIDTH:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]


def written_out(value: Cell) -> str:
    """A cell's text: amounts with thousands and two places."""
    return f"{value:,.2f}".replace(",", " ") if isinstance(value, Decimal) else str(value)


# Letters of Slovak, Estonian and Turkish that WinAnsiEncoding lacks, and their glyphs' names. The standard
# Helvetica has them all (Adobe Core 14 AFM files), so that no font need be embedded; each takes the code of a
# sign that no text here uses, and the width of the letter without its accent.
_EXTRA_GLYPHS = {
    "č": "ccaron", "ď": "dcaron", "ľ": "lcaron", "ĺ": "lacute", "ň": "ncaron", "ŕ": "racute", "ť": "tcaron",
    "Č": "Ccaron", "Ď": "Dcaron", "Ľ": "Lcaron", "Ĺ": "Lacute", "Ň": "Ncaron", "Ŕ": "Racute", "Ť": "Tcaron",
    "ě": "ecaron", "ř": "rcaron", "ů": "uring",
    "ğ": "gbreve", "Ğ": "Gbreve", "ı": "dotlessi", "İ": "Idotaccent", "ş": "scedilla", "Ş": "Scedilla",
}  # fmt: skip
_BASE_LETTERS = dict(zip("čďľĺňŕťČĎĽĹŇŔŤěřůğĞıİşŞ", "cdllnrtCDLLNRTerugGiIsS", strict=True))
_FREE_CODES = [0x83, 0x86, 0x87, 0x88, 0x89, 0x8B, 0x8C, 0x98, 0x9B, 0x9C, 0x9F, *range(0xA1, 0xAF)]
_CODEC = "caseroomlatin"


@cache
def _pdf_fonts() -> tuple[str, str]:
    """Register Helvetica, regular and bold, with our letters; returns the fonts' names."""
    codes = dict(zip(_EXTRA_GLYPHS, _FREE_CODES, strict=False))
    to_byte = {ord(letter): code for letter, code in codes.items()}
    for code in range(32, 256):
        letter = bytes([code]).decode("cp1252", "ignore")
        if letter and code not in codes.values():
            to_byte[ord(letter)] = code
    RL_Codecs.add_dynamic_codec(_CODEC, to_byte, {code: letter for letter, code in to_byte.items()})
    encoding = pdfmetrics.Encoding(_CODEC, "WinAnsiEncoding")
    for letter, code in codes.items():
        encoding[code] = _EXTRA_GLYPHS[letter]
    pdfmetrics.registerEncoding(encoding)
    for name, face in (("Caseroom", "Helvetica"), ("Caseroom-Bold", "Helvetica-Bold")):
        font = pdfmetrics.Font(name, face, _CODEC)
        for letter, code in codes.items():
            font.widths[code] = font.widths[ord(_BASE_LETTERS[letter])]
        pdfmetrics.registerFont(font)
    return "Caseroom", "Caseroom-Bold"
