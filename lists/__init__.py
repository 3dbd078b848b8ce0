"""The ground: lists, columns, items, versions, the change log and the rights to them. Imports no other room."""
