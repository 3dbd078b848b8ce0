"""Caseroom: a document-centric collaboration portal with a CRM in it."""

__version__ = "0.1.0"
