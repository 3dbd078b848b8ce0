"""The command `caseroom`. Its parts are in portal/commands/; each `--help` teaches."""

from __future__ import annotations

import click

from .. import __version__
from .commands import care, data, first, lists, people, running
from .commands.common import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="caseroom")
def main() -> None:
    """Caseroom: a document-centric collaboration portal with a CRM in it.

    Look around with made-up data:   caseroom demo

    Make and run an installation:    caseroom init, then caseroom serve

    Everything of an installation lies in its home (--home, else $CASEROOM_HOME, else ./var). A mistake in what you
    ask for is one line on standard error and exit status 2.
    """


for command in (*running.COMMANDS, *first.COMMANDS, *people.COMMANDS, *data.COMMANDS, *lists.COMMANDS, *care.COMMANDS):
    main.add_command(command)

if __name__ == "__main__":
    main()
