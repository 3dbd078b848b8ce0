"""`python -m caseroom.portal.migrations "what changes"`: write a new revision from the models."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from .. import home
from ..settings import load
from . import FOLDER, configuration, upgrade


def main() -> None:
    """Upgrade an empty database and write what the models have beyond it."""
    if len(sys.argv) != 2:
        sys.exit('usage: python -m caseroom.portal.migrations "what changes"')
    number = f"{len(list((FOLDER / 'versions').glob('[0-9]*.py'))) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        opened = home.open_home(load(Path(folder), environ={}))
        with opened.database.write() as session:
            upgrade(session.connection())
            command.revision(configuration(session.connection()), sys.argv[1], autogenerate=True, rev_id=number)
        opened.database.dispose()


main()
