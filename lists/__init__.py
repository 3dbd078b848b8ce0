"""The ground: lists, columns, items, versions, change log and the rights to them. Imports no other room."""
