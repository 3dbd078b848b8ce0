"""The templates that a new house starts with: complete, sound, and what the committed files are."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import docx
import pytest

from caseroom.libraries import extraction, house_templates, merge
from caseroom.libraries.formats import Format, check, examine

NAMES = [f"{kind}{suffix}.docx" for kind in house_templates.KINDS for suffix in ("", ".sk")]
FIELDS = {
    "owner": "name address registration_no vat_no bank_account email phone",
    "company": "name address registration_no vat_no",
    "contact": "name function",
    "case": "name product value currency expected_close description",
    "salesperson": "name email phone",
}
CONTEXT = {who: {field: f"{who} {field} <&>" for field in names.split()} for who, names in FIELDS.items()} | {
    "today": "23 November 2026"
}


@pytest.mark.parametrize("name", NAMES)
def test_a_house_template_is_filled_from_the_agreed_fields(name: str, tmp_path: Path) -> None:
    template = house_templates.FOLDER / name
    check(examine(template), name)
    made = tmp_path / name
    made.write_bytes(merge.render(template.read_bytes(), CONTEXT))
    text, reason, _late = extraction.extract(made, Format("docx"))
    assert reason == ""
    assert "{" not in text
    for expected in ("owner name <&>", "owner bank_account <&>", "company name <&>", "case name <&>", "2026"):
        assert expected in text


def test_every_agreed_field_is_used_by_a_template() -> None:
    used = {
        path
        for name in NAMES
        for placeholder, _ in merge.fields((house_templates.FOLDER / name).read_bytes())
        for path in re.findall(r"[a-z_]+(?:\.[a-z_]+)?", placeholder)
    }
    assert used == {f"{who}.{field}" for who, names in FIELDS.items() for field in names.split()} | {"today"}


def test_the_committed_templates_are_what_the_script_makes(tmp_path: Path) -> None:
    assert sorted(path.name for path in house_templates.write(tmp_path)) == sorted(NAMES)
    for name in NAMES:
        committed, fresh = (docx.Document(str(folder / name)) for folder in (house_templates.FOLDER, tmp_path))
        assert committed.element.xml == fresh.element.xml, f"run python -m {house_templates.__name__}"


def test_both_languages_have_every_word() -> None:
    assert set(house_templates.WORDS["en"]) == set(house_templates.WORDS["sk"])


def test_the_title_names_the_case() -> None:
    made = docx.Document(io.BytesIO(merge.render(house_templates.build("offer", "en"), CONTEXT)))
    assert made.core_properties.title == "Offer: case name <&>"
    assert made.core_properties.author == "salesperson name <&>"


@pytest.mark.skipif(
    shutil.which("soffice") is None or shutil.which("pdftotext") is None,
    reason="LibreOffice or poppler-utils is not installed",
)
def test_a_filled_offer_fits_one_page(tmp_path: Path) -> None:
    (tmp_path / "offer.docx").write_bytes(merge.render(house_templates.build("offer", "en"), CONTEXT))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    convert = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        tmp_path,
        tmp_path / "offer.docx",
    ]
    subprocess.run(convert, check=True, capture_output=True, timeout=60)
    shown = subprocess.run(["pdftotext", tmp_path / "offer.pdf", "-"], capture_output=True, text=True, check=True)
    assert shown.stdout.count("\f") == 1
    assert "case name <&>" in shown.stdout
