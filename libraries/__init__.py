"""Documents: the store of files, what they are, their text, templates and merge. Imports only `lists`."""
