"""Text comes out of every real document, and a reason out of those that have none."""

from __future__ import annotations

import io
import logging
import re
import shutil
import subprocess
import unicodedata
import zipfile
from pathlib import Path

import docx
import msoffcrypto.format.ooxml
import openpyxl
import pytest

from caseroom.libraries.extraction import TEXT_LIMIT, Extracted, extract, read
from caseroom.libraries.formats import Format, examine

NEEDS_LIBREOFFICE = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
EXPECTED = {
    "comments-rich-para.docx": ["Some text worthy of note."],
    "crazyones-pdfa.pdf": ["Heres to the crazy ones. The misfits."],
    "habibi.pdf": ["habibi"],
    "hdr-header-footer.docx": [
        "section without header of its own.",
        "Footer for section 1",
        "Header for section-1",
    ],
    "par-hyperlinks.docx": ["the first one here"],
    "testAnnotations.pdf": ["Here is a comment"],
    "testComment.xlsx": ["Here is some text", "Here is a comment"],
    "testEXCEL_custom_props.xlsx": ["Fichier test pour propriétés sur xlsx"],
    "testEXCEL_dateFormats.xlsx": ["2018-09-20"],
    "testPDF_bookmarks.pdf": ["This is a page about France", "This is a page about Denmark"],
    "testWORD_2006ml.docx": ["My Document Title", "Odd page header"],
    "testWORD_various.docx": ["Here is a text box", "Footnote appears here", "This is the footer text."],
}
REASONS = {
    "libreoffice-writer-password.pdf": "The file is protected by a password.",
    "not-really-a-word-file.docx": "This kind of file has no text that can be read.",
}


def text_of(path: Path) -> Extracted:
    return extract(path, examine(path, path.name))


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", unicodedata.normalize("NFKC", text)))


def by_another_parser(path: Path) -> set[str]:
    """The words of a real document as python-docx, openpyxl or poppler see them."""
    if path.suffix == ".docx":
        document = docx.Document(str(path))
        cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
        return words(" ".join([*(paragraph.text for paragraph in document.paragraphs), *cells]))
    if path.suffix == ".xlsx":
        rows = (row for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows(values_only=True))
        return words(" ".join(value for row in rows for value in row if isinstance(value, str) and value[0] != "="))
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils (pdftotext) is not installed")
    return words(subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout)


def test_every_real_document_gives_its_text_or_the_reason(documents: Path) -> None:
    for path in sorted(documents.iterdir()):
        text, reason, _late = text_of(path)
        assert reason == REASONS.get(path.name, ""), path.name
        for phrase in EXPECTED.get(path.name, []):
            assert phrase in text.replace("\n", " "), path.name


def test_no_word_that_another_parser_sees_is_missing(documents: Path) -> None:
    seen = 0
    for path in sorted(documents.iterdir()):
        # Arabic letters, which poppler puts into another order, have their own line in EXPECTED.
        if path.name not in REASONS and path.name != "habibi.pdf":
            expected, found = by_another_parser(path), words(text_of(path).text)
            # Parsers of PDF set blanks a little differently.
            assert len(expected - found) <= (len(expected) // 20 if path.suffix == ".pdf" else 0), path.name
            seen += len(expected)
    # The comparison above was not about nothing.
    assert seen > 300


def test_deleted_text_is_not_found_and_a_text_box_only_once(documents: Path) -> None:
    assert text_of(documents / "testWORD_various.docx").text.count("Here is a text box") == 1


def test_a_table_is_read_cell_by_cell(tmp_path: Path) -> None:
    document = docx.Document()
    for number, cell in enumerate(document.add_table(2, 2)._cells):
        cell.text = f"cell {number}"
    document.save(str(tmp_path / "a.docx"))
    assert text_of(tmp_path / "a.docx").text.split("\n") == ["cell 0", "cell 1", "cell 2", "cell 3"]


def test_a_document_with_a_password_says_so(tmp_path: Path) -> None:
    plain, locked = io.BytesIO(), tmp_path / "a.xlsx"
    openpyxl.Workbook().save(plain)
    with locked.open("wb") as file:
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt("secret", file)
    assert text_of(locked)[:2] == ("", "The file is protected by a password.")
    locked.rename(tmp_path / "a.docx")
    assert text_of(tmp_path / "a.docx")[:2] == ("", "The file is protected by a password.")


def test_a_damaged_document_gives_a_reason_and_never_raises(documents: Path, tmp_path: Path) -> None:
    for path in sorted(documents.iterdir())[::3]:
        content, broken = path.read_bytes(), tmp_path / path.name
        broken.write_bytes(content[: len(content) // 2])
        found = examine(path, path.name)
        text, reason, _late = extract(broken, found)
        assert reason or text or found.kind == "pdf"
    (tmp_path / "a.docx").write_bytes(b"")
    assert extract(tmp_path / "a.docx", Format("docx")).reason.startswith("The file is damaged")
    assert "could not be processed" in extract(tmp_path / "absent.docx", Format("docx")).reason


def test_a_bomb_gives_little_and_soon(tmp_path: Path) -> None:
    document = io.BytesIO()
    docx.Document().save(document)
    bomb = tmp_path / "bomb.docx"
    with zipfile.ZipFile(document) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) if name != "word/document.xml" else _endless_paragraphs())
    text, reason, _late = text_of(bomb)
    assert len(text) <= TEXT_LIMIT
    assert reason == "Only the beginning of this long text was read."


def _endless_paragraphs() -> bytes:
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    paragraph = b"<w:p><w:r><w:t>" + b"x" * 1000 + b"</w:t></w:r></w:p>"
    return (
        b'<w:document xmlns:w="' + namespace.encode() + b'"><w:body>' + paragraph * 200_000 + b"</w:body></w:document>"
    )


def test_plain_text_is_read_in_its_encoding(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1250"):
        (tmp_path / "a.txt").write_bytes("Príliš žltý kôň".encode(encoding))
        assert text_of(tmp_path / "a.txt")[:2] == ("Príliš žltý kôň", "")


@NEEDS_LIBREOFFICE
def test_old_word_and_old_excel_are_known_and_read(tmp_path: Path) -> None:
    (tmp_path / "a.rtf").write_text(r"{\rtf1\ansi An old offer for Tatra Steel}")
    (tmp_path / "b.csv").write_text("An old price list;12\n")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    for target, source in (("doc", "a.rtf"), ("xls", "b.csv")):
        convert = [
            "soffice",
            profile,
            "--headless",
            "--convert-to",
            target,
            "--outdir",
            tmp_path,
            tmp_path / source,
        ]
        subprocess.run(convert, check=True, capture_output=True, timeout=60)
    assert examine(tmp_path / "a.doc") == Format("doc")
    assert examine(tmp_path / "b.xls") == Format("xls")
    assert text_of(tmp_path / "a.doc")[:2] == ("An old offer for Tatra Steel", "")
    assert text_of(tmp_path / "a.rtf")[:2] == ("An old offer for Tatra Steel", "")
    assert "An old price list" in text_of(tmp_path / "b.xls").text


def test_without_libreoffice_an_old_word_file_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.rtf").write_text(r"{\rtf1\ansi An old offer}")
    assert text_of(tmp_path / "a.rtf")[:2] == (
        "",
        "LibreOffice, which reads this kind of file, is not installed.",
    )


def test_reading_a_pdf_silences_no_other_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # The demo reads its documents in the process that serves it afterwards: what goes wrong there must be in its log.
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4\n" + b"x" * 500)
    read(str(tmp_path / "a.pdf"), "pdf")
    logging.getLogger("caseroom").error("something went wrong")
    assert [record.name for record in caplog.records] == ["caseroom"]
