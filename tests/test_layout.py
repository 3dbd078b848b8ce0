"""The house's plan, checked: which room may know which, what is packaged, and what no file may say."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "lists": {"lists"},
    "libraries": {"lists", "libraries"},
    "calendar": {"lists", "calendar"},
    "outlook_addin": {"lists", "libraries", "calendar", "outlook_addin"},
    "portal": {"lists", "libraries", "calendar", "outlook_addin", "portal"},
}
UNPACKAGED = ("tests", "bench", "docs", "examples", "portal/frontend", "portal/translations")
LONGEST_MODULE = 450
# Written in pieces, since this file is searched too.
UNWANTED = {
    "a home folder": re.compile(r"(?<![\w.])/(?:home|Users)/" + r"[\w-]+/|(?<![\w./-])/root" + r"/"),
    "a package registry's host": re.compile(
        r"\b(?:" + "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.(?:npmjs|yarnpkg)")) + ")"
    ),
}


@cache
def files() -> tuple[PurePosixPath, ...]:
    """The project's files: tracked, or new and not ignored; in an unpacked archive, all there are."""
    if not (ROOT / ".git").exists():
        return tuple(PurePosixPath(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file())
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(PurePosixPath(name) for name in sorted(set(names.split("\0")) - {""}) if (ROOT / name).is_file())


def modules_below(*folders: str) -> list[PurePosixPath]:
    return [path for path in files() if path.suffix == ".py" and str(path).startswith(tuple(f + "/" for f in folders))]


def imported(path: PurePosixPath, source: str) -> set[str]:
    """Every module that a module imports, anywhere in it, by its whole name."""
    package = ["caseroom", *path.parent.parts]
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def misplaced_imports(path: PurePosixPath, source: str) -> list[str]:
    """What a module of a room imports though its room may not know it."""
    room = path.parts[0]
    found = []
    for name in sorted(imported(path, source)):
        parts = name.split(".")
        if parts[0] == "caseroom" and len(parts) > 1 and parts[1] in ROOMS and parts[1] not in ROOMS[room]:
            found.append(name)
        if room != "portal" and re.match(r"flask\b|flask_", name):
            found.append(name)
    return found


def test_each_room_imports_only_the_rooms_below_it():
    wrong = {
        str(path): found
        for path in modules_below(*ROOMS)
        if (found := misplaced_imports(path, (ROOT / path).read_text("utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("lists/items.py", "from ..libraries import files"),
        ("lists/items.py", "from .. import portal"),
        ("lists/columns/text.py", "from ...calendar import feed"),
        ("lists/items.py", "def late():\n    import caseroom.portal.app"),
        ("libraries/files.py", "from caseroom.outlook_addin.parse import message"),
        ("calendar/feed.py", "from ..libraries import blobs"),
        ("calendar/feed.py", "from flask import g"),
        ("outlook_addin/filing.py", "import flask_login"),
    ],
)
def test_an_import_of_a_higher_room_is_noticed(path: str, source: str):
    assert misplaced_imports(PurePosixPath(path), source) != []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("lists/columns/text.py", "from .. import errors\nfrom ..errors import Invalid\nfrom . import base"),
        ("calendar/feed.py", "import calendar\nfrom ..lists import items"),
        ("portal/app.py", "import flask\nfrom ..calendar import feed\nfrom ..outlook_addin import filing"),
    ],
)
def test_an_import_of_a_lower_room_is_allowed(path: str, source: str):
    assert misplaced_imports(PurePosixPath(path), source) == []


def test_the_calendar_room_never_hides_the_standard_library_s():
    assert not (ROOT / "calendar" / "__init__.py").exists()
    command = [sys.executable, "-c", "import calendar; print(calendar.month_name[1])"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "January\n"


def test_the_tests_are_no_package():
    assert [str(path) for path in modules_below("tests") if path.name == "__init__.py"] == []


def test_setup_cfg_names_every_folder_that_holds_modules():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    listed = setup["options"]["packages"].split()
    folders = {
        path.parent
        for path in files()
        if path.suffix == ".py" and not str(path.parent).startswith(UNPACKAGED) and path.parts[0] in ROOMS
    }
    assert sorted(listed) == sorted(["caseroom", *(".".join(("caseroom", *folder.parts)) for folder in folders)])


def test_every_packaged_folder_but_the_calendar_has_an_init():
    folders = {path.parent for path in modules_below(*ROOMS) if not str(path).startswith(UNPACKAGED)}
    without = {str(folder) for folder in folders if not (ROOT / folder / "__init__.py").is_file()}
    assert without <= {"calendar", "portal/migrations", "portal/migrations/versions"}


def test_no_module_is_a_giant():
    sources = [path for path in files() if path.suffix in (".py", ".ts") and path.parts[0] != "tests"]
    lengths = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in sources}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_names(what: str):
    found = []
    for path in files():
        if path.parts[0] == "tests" and path.name.endswith("_expected.json"):
            continue  # it quotes what input that nobody here made says, a mail's subject for one
        content = (ROOT / path).read_bytes()
        if b"\0" not in content:
            lines = content.decode("utf-8", "replace").splitlines()
            found += [f"{path}:{number}" for number, line in enumerate(lines, 1) if UNWANTED[what].search(line)]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a home folder", "DATA = '/home/" + "somebody/data'"),
        ("a home folder", "cd /root" + "/project"),
        ("a home folder", '"/Users/' + 'somebody/x"'),
        ("a package registry's host", '"resolved": "https://registry' + '.npmjs.org/x.tgz"'),
        ("a package registry's host", "index-url = https://pypi" + ".org/simple"),
    ],
)
def test_what_no_file_may_say_would_be_noticed(what: str, line: str):
    assert UNWANTED[what].search(line)


def test_the_source_archive_holds_every_file(tmp_path: Path):
    if not (ROOT / ".git").exists():
        pytest.skip("this is not a working copy but an unpacked archive itself")
    copy = tmp_path / "copy"
    for path in files():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy / path)
    command = [sys.executable, "setup.py", "-q", "sdist", "--dist-dir", str(tmp_path)]
    subprocess.run(command, cwd=copy, check=True, capture_output=True, text=True, timeout=300)
    (archive,) = tmp_path.glob("caseroom-*.tar.gz")
    with tarfile.open(archive) as packed:
        held = {PurePosixPath(*PurePosixPath(name).parts[1:]) for name in packed.getnames()}
    assert [str(path) for path in files() if path not in held] == []
