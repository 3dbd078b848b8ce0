"""The commands of `caseroom`, one module per subject; `portal/cli.py` puts them together."""
