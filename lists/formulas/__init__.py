"""The formula language: one for calculated columns, validation, defaults and conditional fields. See docs/formulas.md.

`syntax` reads a text, `checking` gives it meaning and types, `evaluating` computes it on one row's values and
`compiling` turns it into SQL; `primitives` and `postgresql` hold what both compute with, `storing` keeps formulas
by column id, `definitions` is what schema changes ask.
"""
