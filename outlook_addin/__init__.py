"""Outlook and Exchange: what comes from there, and what goes there."""
