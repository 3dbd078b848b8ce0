"""What people are told: notices in the portal, and alerts that they asked for (docs/notices.md).

`following` reads the change log and writes what may concern whom; `reading` shows it, asking for the reader's rights
each time; `delivering` gathers what an alert found and sends it when it is due.
"""
