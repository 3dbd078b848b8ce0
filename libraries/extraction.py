"""The text of a document, for search and for reading by programs; read in a limited child process."""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..lists.errors import DomainError
from . import limits
from .formats import Format
from .limits import MEGABYTE

TEXT_LIMIT = 1_000_000
_READERS: dict[str, str] = {
    "docx": "word", "docm": "word", "dotx": "word", "dotm": "word",
    "xlsx": "sheets", "xlsm": "sheets", "xltx": "sheets", "xltm": "sheets", "xlsb": "sheets", "xls": "sheets",
    "ods": "sheets", "pptx": "slides", "pptm": "slides", "odt": "open_document", "odp": "open_document",
    "pdf": "pdf", "txt": "plain",
}  # fmt: skip
_BY_LIBREOFFICE = {"doc", "rtf"}
# No links followed, no macros run, and a proxy that is not there for whatever asks the network all the same.
_OFFICE_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetProxyType"
 oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyName"
 oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings"><prop oor:name="ooInetHTTPProxyPort"
 oor:op="fuse"><value>9</value></prop></item>
</oor:items>
"""


class Extracted(NamedTuple):
    """The text of a file, and where there is none or not all of it, the reason as an English message id.

    `late`: the time given was too short; more of it may help.
    """

    text: str
    reason: str = ""
    late: bool = False


def extract(file: Path, found: Format, *, seconds: float = 30) -> Extracted:
    """The text of `file`, which `formats.examine` found to be `found`; at most a million characters.

    Never raises for a strange, broken or encrypted file: that is no text and a reason.
    """
    # A PDF may be encrypted with an empty password, only to forbid printing; it is tried.
    if found.encrypted and found.kind != "pdf":
        return Extracted("", "The file is protected by a password.")
    try:
        if found.kind in _READERS:
            return Extracted(*limits.run(read, path=str(file), kind=found.kind, seconds=seconds))
        if found.kind in _BY_LIBREOFFICE:
            return _by_libreoffice(file, found.kind, seconds)
    except limits.TimeUp as error:
        return Extracted("", str(error), late=True)
    except DomainError as error:
        return Extracted("", str(error))
    return Extracted("", "This kind of file has no text that can be read.")


def read(path: str, kind: str) -> tuple[str, str]:
    """Text and reason; runs in the child."""
    reader: Callable[[IO[bytes]], Iterable[str]] = globals()[f"_{_READERS[kind]}"]
    pieces, length = [], 0
    with open(path, "rb") as file:
        try:
            for piece in reader(file):
                pieces.append(piece[: TEXT_LIMIT - length])
                length += len(pieces[-1])
                if length >= TEXT_LIMIT:
                    return _tidy(pieces), "Only the beginning of this long text was read."
        except _Locked:
            return "", "The file is protected by a password."
        # A parser may stumble over anything in a damaged file; what was read until then is kept.
        except Exception as error:
            return _tidy(pieces), f"The file is damaged ({type(error).__name__})."
    return _tidy(pieces), ""


class _Locked(Exception):
    """A password is needed."""


def _tidy(pieces: list[str]) -> str:
    lines = (line.rstrip() for line in "".join(pieces).replace("\x00", "").splitlines())
    return "\n".join(line for line in lines if line)


def _word(file: IO[bytes]) -> Iterator[str]:
    """Body, then headers, footers, notes and comments; tables cell by cell."""
    package, packages = _package(file)
    yield from _walk(package, packages.main_part(package)[0])
    for name in packages.parts_ending(
        package, ".header+xml", ".footer+xml", ".footnotes+xml", ".endnotes+xml", ".comments+xml"
    ):
        yield from _walk(package, name)


def _slides(file: IO[bytes]) -> Iterator[str]:
    package, packages = _package(file)
    for name in packages.parts_ending(package, ".slide+xml", ".notesslide+xml", ".comments+xml"):
        yield from _walk(package, name)


def _open_document(file: IO[bytes]) -> Iterator[str]:
    from lxml import etree

    package, _ = _package(file)
    with package.open("content.xml") as part:
        for _, element in etree.iterparse(part, events=("end",), resolve_entities=False):
            if isinstance(element.tag, str) and element.tag.endswith(("}p", "}h")):
                yield "".join(element.itertext()) + "\n"


def _package(file: IO[bytes]) -> tuple[Any, Any]:
    """The package and the module that reads packages, imported only where it is needed."""
    from . import packages

    return packages.open_package(file), packages


def _walk(package: Any, name: str) -> Iterator[str]:
    """The text of a WordprocessingML or DrawingML part, streamed, without deleted text and doubled shapes."""
    from lxml import etree

    skipping = 0
    with package.open(name) as part:
        events = etree.iterparse(part, events=("start", "end"), resolve_entities=False, no_network=True)
        for event, element in events:
            tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
            if tag == "Fallback":
                skipping += 1 if event == "start" else -1
            elif skipping:
                continue
            elif event == "start":
                # Before its text, so that cells and breaks stand apart.
                yield {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}.get(tag, "")
            elif tag == "t":
                yield element.text or ""
            elif tag in ("p", "tc"):
                yield "\n"
                element.clear()


def _sheets(file: IO[bytes]) -> Iterator[str]:
    import python_calamine

    file.seek(0)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
    except python_calamine.PasswordError as locked:
        raise _Locked from locked
    for name in workbook.sheet_names:
        yield f"{name}\n"
        for row in workbook.get_sheet_by_name(name).iter_rows():
            cells = [_cell(value) for value in row]
            yield "\t".join(cell for cell in cells if cell) + "\n"
    yield from _sheet_comments(file)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.15g}"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)  # pyright: ignore


def _sheet_comments(file: IO[bytes]) -> Iterator[str]:
    file.seek(0)
    if file.read(2) == b"PK":
        from . import packages

        package = packages.open_package(file)
        if "[Content_Types].xml" in package.namelist():
            for name in packages.parts_ending(package, ".comments+xml", ".threadedcomments+xml"):
                yield from _walk(package, name)
                yield "\n"


def _pdf(file: IO[bytes]) -> Iterator[str]:
    import logging

    import pypdf

    # Only what pypdf says of broken files: the demo reads documents in the process that serves it afterwards.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    reader = pypdf.PdfReader(file)
    if reader.is_encrypted and not reader.decrypt(""):
        raise _Locked
    for page in reader.pages:
        # Fonts have one sign for “fi” and such; people search for the letters.
        yield unicodedata.normalize("NFKC", page.extract_text()) + "\n"
        for annotation in page.annotations or []:
            note = annotation.get_object().get("/Contents")
            if isinstance(note, str):
                yield note + "\n"


def _plain(file: IO[bytes]) -> Iterator[str]:
    content = file.read(4 * TEXT_LIMIT)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield content.decode("utf-16", "replace")
        return
    try:
        yield content.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield content.decode("cp1250", "replace")


def _by_libreoffice(file: Path, kind: str, seconds: float) -> Extracted:
    """Old Word and RTF, for which no library reads all; one LibreOffice each, with a profile of its own."""
    soffice = shutil.which("soffice")
    if soffice is None:
        return Extracted("", "LibreOffice, which reads this kind of file, is not installed.")
    with tempfile.TemporaryDirectory(prefix="caseroom-") as folder:
        settings = Path(folder, "profile", "user", "registrymodifications.xcu")
        settings.parent.mkdir(parents=True)
        settings.write_text(_OFFICE_SETTINGS)
        source = Path(folder, f"file.{kind}")
        shutil.copyfile(file, source)
        command = [soffice, f"-env:UserInstallation={Path(folder, 'profile').as_uri()}", "--headless"]
        command += ["--norestore", "--convert-to", "txt:Text (encoded):UTF8", "--outdir", folder, str(source)]
        limits.run_program(command, seconds=seconds, memory=4096 * MEGABYTE, folder=folder)
        result = Path(folder, "file.txt")
        if not result.exists():
            return Extracted("", "LibreOffice could not read the file.")
        return Extracted(*limits.run(read, path=str(result), kind="txt"))
