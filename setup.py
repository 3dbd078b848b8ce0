"""Builds what the portal serves but git does not hold: script bundles and compiled catalogues.

All metadata is in setup.cfg. `python setup.py assets` builds the same without installing.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from setuptools import Command, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


def build_scripts() -> None:
    """Bundle the front end into portal/static/dist with the Node that comes as a Python wheel."""
    script = ROOT / "portal" / "frontend" / "build.py"
    spec = importlib.util.spec_from_file_location("caseroom_frontend_build", script)
    if not script.is_file() or spec is None or spec.loader is None:
        raise FileNotFoundError("portal/frontend/build.py is missing: the front-end sources are incomplete")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build(ROOT)


def compile_catalogues() -> None:
    """Compile each translations/<language>/LC_MESSAGES/messages.po to the .mo beside it."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for source in sorted((ROOT / "portal" / "translations").glob("*/LC_MESSAGES/*.po")):
        with source.open("rb") as lines:
            catalogue = read_po(lines, locale=source.parts[-3], abort_invalid=True)
        with source.with_suffix(".mo").open("wb") as compiled:
            write_mo(compiled, catalogue)


class Assets(Command):
    """Bundle the front end and compile the catalogues in place."""

    description = "bundle the front end and compile the catalogues in place"
    user_options = []

    def initialize_options(self) -> None:
        pass

    def finalize_options(self) -> None:
        pass

    def run(self) -> None:
        compile_catalogues()
        build_scripts()


class BuildWithAssets(build_py):
    """A wheel without its scripts must not leave the house; a working copy may do without them."""

    def run(self) -> None:
        try:
            self.run_command("assets")
        except (Exception, SystemExit) as reason:
            if not self.editable_mode:
                raise
            print(
                f"warning: scripts or catalogues were not built ({reason}); pages work without scripts,"
                " `make assets` tries again",
                file=sys.stderr,
            )
        super().run()

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """The modules to install: this script lies in the package's folder but is none of them."""
        found = super().find_package_modules(package, package_dir)
        return [module for module in found if module[:2] != ("caseroom", "setup")]


setup(cmdclass={"assets": Assets, "build_py": BuildWithAssets})
