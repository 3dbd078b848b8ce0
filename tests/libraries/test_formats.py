"""Files are known by their content, and refused where the name says something else."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import msoffcrypto.format.ooxml
import openpyxl
import pypdf
import pytest
import reportlab.pdfgen.canvas

from caseroom.libraries.formats import KINDS, Format, check, examine
from caseroom.lists.errors import Invalid

REAL = {
    "002-trivial-libre-office-writer.pdf": Format("pdf"),
    "comments-rich-para.docx": Format("docx"),
    "crazyones-pdfa.pdf": Format("pdf"),
    "doc-coreprops.docx": Format("docx"),
    "doc-default.docx": Format("docx"),
    "habibi.pdf": Format("pdf"),
    "hdr-header-footer.docx": Format("docx"),
    "libreoffice-writer-password.pdf": Format("pdf", encrypted=True),
    "minimal-document.pdf": Format("pdf"),
    "not-really-a-word-file.docx": Format("exe"),
    "par-hyperlinks.docx": Format("docx"),
    "pdfkit.pdf": Format("pdf"),
    "tbl-having-tables.docx": Format("docx"),
    "testAnnotations.pdf": Format("pdf"),
    "testComment.xlsx": Format("xlsx"),
    "testEXCEL-formats.xlsx": Format("xlsx"),
    "testEXCEL.xlsx": Format("xlsx"),
    "testEXCEL_charts.xlsx": Format("xlsx"),
    "testEXCEL_custom_props.xlsx": Format("xlsx"),
    "testEXCEL_dateFormats.xlsx": Format("xlsx"),
    "testPDF_bookmarks.pdf": Format("pdf"),
    "testWORD_2006ml.docx": Format("docx"),
    "testWORD_custom_props.docx": Format("docx"),
    "testWORD_various.docx": Format("docx"),
}
MACRO_WORD = "application/vnd.ms-word.document.macroEnabled.main+xml"
PLAIN_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def look(content: bytes, filename: str = "") -> Format:
    return examine(io.BytesIO(content), filename)


def word() -> bytes:
    buffer = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("An offer")
    document.save(buffer)
    return buffer.getvalue()


def excel() -> bytes:
    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()


def pdf() -> bytes:
    buffer = io.BytesIO()
    canvas = reportlab.pdfgen.canvas.Canvas(buffer)
    canvas.drawString(72, 720, "An offer")
    canvas.save()
    return buffer.getvalue()


def repacked(content: bytes, change: dict[str, bytes], extra: dict[str, bytes] | None = None) -> bytes:
    """The package with parts' bytes replaced (old → new inside every part) and parts added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
        for name, part in (extra or {}).items():
            new.writestr(name, part)
    return buffer.getvalue()


@pytest.mark.parametrize("name", sorted(REAL))
def test_a_real_file_is_recognised(documents: Path, name: str) -> None:
    assert examine(documents / name, name) == REAL[name]


def test_the_table_names_every_real_file(documents: Path) -> None:
    assert sorted(path.name for path in documents.iterdir()) == sorted(REAL)


@pytest.mark.parametrize("name", sorted(set(REAL) - {"not-really-a-word-file.docx"}))
def test_a_real_file_is_taken(documents: Path, name: str) -> None:
    check(examine(documents / name, name), name)


def test_the_file_that_only_claims_to_be_word_is_refused_in_words(documents: Path) -> None:
    name = "not-really-a-word-file.docx"
    with pytest.raises(Invalid) as refusal:
        check(examine(documents / name, name), name)
    assert refusal.value.errors[0].field == "file"
    assert str(refusal.value) == (
        "“not-really-a-word-file.docx” is not what its name says: its content is program (.exe). "
        "Allowed are: .docx, .xlsx, .doc, .xls, .pdf."
    )


@pytest.mark.parametrize("before", [b"MZ\x90\x00", b"MZ\x90\x00" + b"\x00" * 60 + b"%PDF-1.7"])
def test_a_program_stays_one_whatever_follows_it(before: bytes) -> None:
    assert look(before + word(), "evil.docx") == Format("exe")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (word, "docx"),
        (excel, "xlsx"),
        (pdf, "pdf"),
        (lambda: b"{\\rtf1\\ansi hello}", "rtf"),
        (lambda: b"\x89PNG\r\n\x1a\n\x00", "png"),
        (lambda: b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        (lambda: b"\xff\xd8\xff\xe0", "jpeg"),
        (lambda: "Príliš žltý kôň".encode(), "txt"),
        (lambda: "Príliš žltý kôň".encode("cp1250"), "txt"),
        (lambda: "Príliš žltý kôň".encode("utf-16"), "txt"),
        (lambda: b"name;value\n1;2\n", "txt"),
        (lambda: b"From: a@b.test\r\nTo: c@d.test\r\nSubject: x\r\n\r\nText", "eml"),
        (lambda: b"  <!DOCTYPE html><html></html>", "html"),
        (lambda: b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (lambda: b"<?xml version='1.0'?><Workbook/>", "xml"),
        (lambda: b"\x00\x01\x02\x03", "unknown"),
        (lambda: b"PK\x03\x04 and nothing more", "unknown"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and nothing more", "unknown"),
        (lambda: b"", "empty"),
    ],
)
def test_content_tells_the_kind(content: Callable[[], bytes], kind: str) -> None:
    found = look(content())
    assert found.kind == kind
    assert found.media_type and found.label


def test_mail_is_known_but_not_taken_as_a_document(documents: Path) -> None:
    mail = documents.parent / "mail"
    names = sorted(path.name for path in mail.iterdir() if path.suffix in (".msg", ".eml"))
    found = {name: examine(mail / name, name).kind for name in names}
    assert {name for name, kind in found.items() if not name.endswith("." + kind)} == set()
    with pytest.raises(Invalid, match="which is not taken here"):
        check(Format("msg"), "Simple.msg")


def test_macros_are_recognised_however_the_file_is_called() -> None:
    types = zipfile.ZipFile(io.BytesIO(word())).read("[Content_Types].xml")
    types = types.replace(PLAIN_WORD.encode(), MACRO_WORD.encode())
    docm = repacked(word(), {"[Content_Types].xml": types})
    assert look(docm) == Format("docm", macros=True)
    with pytest.raises(Invalid, match="not what its name says"):
        check(look(docm), "offer.docx")
    with pytest.raises(Invalid, match=r"Word with macros \(.docm\), which is not taken here"):
        check(look(docm), "offer.docm")


def test_a_word_file_that_hides_a_macro_part_is_refused() -> None:
    hiding = repacked(word(), {}, {"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"})
    assert look(hiding) == Format("docx", macros=True)
    with pytest.raises(Invalid, match="contains macros"):
        check(look(hiding), "offer.docx")
    check(look(hiding), "offer.docx", macros=True)


def test_an_office_file_with_a_password_is_recognised_by_its_envelope() -> None:
    locked = io.BytesIO()
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(word())).encrypt("secret", locked)
    assert look(locked.getvalue(), "offer.docx") == Format("docx", encrypted=True)
    assert look(locked.getvalue(), "Sheet.XLSX") == Format("xlsx", encrypted=True)
    assert look(locked.getvalue(), "offer.pdf") == Format("office", encrypted=True)
    with pytest.raises(Invalid, match="not what its name says"):
        check(look(locked.getvalue(), "offer.pdf"), "offer.pdf")


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_pdf_with_a_password_is_recognised(algorithm: str) -> None:
    writer, locked = pypdf.PdfWriter(io.BytesIO(pdf())), io.BytesIO()
    writer.encrypt("secret", algorithm=algorithm)
    writer.write(locked)
    assert look(locked.getvalue()) == Format("pdf", encrypted=True)


def test_an_old_excel_file_with_a_password_is_recognised_by_its_filepass_record() -> None:
    from caseroom.libraries.formats import _xls_is_encrypted

    start, lock = struct.pack("<HH", 0x0809, 16) + bytes(16), struct.pack("<HH", 0x002F, 4) + bytes(4)
    assert _xls_is_encrypted(start + lock)
    assert not _xls_is_encrypted(start + struct.pack("<HH", 0x0042, 2) + bytes(2))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.pdf", "docx"),
        ("a.docx", "pdf"),
        ("a.docx", "rtf"),
        ("a", "docx"),
        ("a.doc", "docx"),
        ("a.xls", "html"),
    ],
)
def test_a_mislabelled_file_is_refused_and_told_what_it_is(name: str, kind: str) -> None:
    with pytest.raises(Invalid, match="not what its name says") as refusal:
        check(Format(kind), name)
    assert KINDS[kind].label in str(refusal.value)


def test_capital_extensions_and_paths_in_names_do_no_harm() -> None:
    check(Format("docx"), "C:\\offers\\OFFER.DOCX")
    check(Format("png"), "x/picture.PNG", allowed=["png"])


def test_an_empty_file_and_an_unknown_one_are_refused() -> None:
    with pytest.raises(Invalid, match="is empty"):
        check(Format("empty"), "a.docx")
    with pytest.raises(Invalid, match="of no known format"):
        check(Format("unknown"), "a.docx")


def test_bombs_are_neither_unpacked_nor_believed() -> None:
    zeros = bytes(60_000_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", zeros)
        bomb.writestr("_rels/.rels", b"<Relationships/>")
    del zeros
    laughs = (
        b"<!DOCTYPE a [<!ENTITY b '"
        + b"x" * 1000
        + b"'>"
        + b"".join(b"<!ENTITY %c '%s'>" % (letter, b"&%c;" % (letter - 1) * 100) for letter in b"cdefgh")
        + b"]><Types>&h;</Types>"
    )
    crowd = io.BytesIO()
    with zipfile.ZipFile(crowd, "w") as package:
        for number in range(60_000):
            package.writestr(f"part{number}", b"")
    tracemalloc.start()
    try:
        assert look(buffer.getvalue()) == Format("unknown")
        assert look(repacked(word(), {"[Content_Types].xml": laughs})).kind in ("unknown", "zip")
        assert look(crowd.getvalue()) == Format("unknown")
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_damaged_files_never_raise(documents: Path) -> None:
    for path in sorted(documents.iterdir()) + sorted((documents.parent / "mail").glob("*.msg")):
        content = path.read_bytes()
        for cut in (9, 100, 600, len(content) // 2, len(content) - 30):
            look(content[:cut], path.name)
            look(content[:cut] + b"\xff" * 64 + content[cut + 64 :], path.name)


def test_the_open_file_stays_open() -> None:
    locked, plain = io.BytesIO(), io.BytesIO(word())
    msoffcrypto.format.ooxml.OOXMLFile(io.BytesIO(word())).encrypt("secret", locked)
    for file in (locked, plain):
        examine(file)
        file.seek(0)
        assert file.read(2)
