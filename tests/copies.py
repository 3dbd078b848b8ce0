"""Copies of a prepared PostgreSQL database, one for every test, emptied and made anew while other tests run."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import sqlalchemy as sa

AHEAD = 2

# What a copy began with lies beside it in a schema of its own. Dropping a database waits until the server has written
# everything to the disk, for seconds on a busy machine; bringing back its few rows takes milliseconds.
REMEMBER = """
DROP SCHEMA IF EXISTS pristine CASCADE;
CREATE SCHEMA pristine;
CREATE FUNCTION pristine.structure() RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(part, ';' ORDER BY part)) FROM (
        SELECT concat_ws(' ', relkind, relname, attnum, attname, atttypid, attnotnull, atthasdef) AS part
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
    ) AS parts
$$;
CREATE TABLE pristine.known AS SELECT pristine.structure() AS structure;
CREATE TABLE pristine.tables (place integer, name text);
CREATE TABLE pristine.sequences AS SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public';
CREATE FUNCTION pristine.bring_back() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    one text;
BEGIN
    FOR one IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
               AND relname NOT IN (SELECT name FROM pristine.tables) LOOP
        EXECUTE format('DROP TABLE public.%I CASCADE', one);
    END LOOP;
    IF pristine.structure() <> (SELECT structure FROM pristine.known) THEN
        RETURN false;
    END IF;
    FOR one IN SELECT name FROM pristine.tables ORDER BY place DESC LOOP
        EXECUTE format('DELETE FROM public.%I', one);
    END LOOP;
    FOR one IN SELECT name FROM pristine.tables ORDER BY place LOOP
        EXECUTE format('INSERT INTO public.%1$I SELECT * FROM pristine.%1$I', one);
    END LOOP;
    PERFORM setval(format('public.%I', sequencename)::regclass, coalesce(last_value, 1), last_value IS NOT NULL)
    FROM pristine.sequences;
    RETURN true;
END $$;
"""
END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def on_server(url: str, *statements: str) -> None:
    """Run statements that PostgreSQL allows in no transaction."""
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with server.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def with_database(url: str, name: str) -> str:
    """The URL of a database of the tests: none outlives its server, so that commits need not wait for the disk."""
    there = sa.make_url(url).set(database=name).update_query_dict({"options": "-c synchronous_commit=off"})
    return there.render_as_string(hide_password=False)


class Copies:
    """Copies ahead of need, made by a thread, so that no test waits; what is given back is brought back to its
    beginning for another test, or dropped where its tables are not what they were.

    `url`: a database on the server; `template`: the name of the database to copy, to which nobody is connected.
    """

    def __init__(self, url: str, template: str) -> None:
        self.url, self.template = url, template
        self.thread = ThreadPoolExecutor(1)
        self.ready: deque[Future[str]] = deque()
        self.dropped: list[Future[None]] = []
        self.lock = threading.Lock()
        self._remember()

    def take(self) -> str:
        """The name of a copy that is as the template."""
        with self.lock:
            while len(self.ready) <= AHEAD:
                self.ready.append(self.thread.submit(self._copy))
            return self.ready.popleft().result()

    def give_back(self, name: str) -> None:
        """Make a used copy ready for another test, a moment later."""
        with self.lock:
            self.ready.append(self.thread.submit(self._fresh, name))

    def close(self) -> None:
        """Drop all copies. Raises what went wrong with any of them."""
        self.dropped += [self.thread.submit(self._drop, copy.result()) for copy in self.ready]
        self.thread.shutdown()
        for dropped in self.dropped:
            dropped.result()

    def _copy(self) -> str:
        name = f"{self.template}_{uuid.uuid4().hex[:12]}"
        on_server(self.url, f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return name

    def _drop(self, name: str) -> None:
        on_server(self.url, f"DROP DATABASE {name} WITH (FORCE)")

    def _fresh(self, name: str) -> str:
        server = sa.create_engine(with_database(self.url, name), poolclass=sa.NullPool)
        with server.begin() as connection:
            connection.exec_driver_sql(END_OTHERS)
            if connection.exec_driver_sql("SELECT pristine.bring_back()").scalar_one():
                return name
        self.dropped.append(self.thread.submit(self._drop, name))
        return self._copy()

    def _remember(self) -> None:
        """Put the template's rows aside in it, and the order in which its foreign keys let them be brought back."""
        server = sa.create_engine(with_database(self.url, self.template), poolclass=sa.NullPool)
        with server.begin() as connection:
            tables = sa.MetaData()
            tables.reflect(connection)
            connection.exec_driver_sql(REMEMBER.replace("%", "%%"))
            for place, table in enumerate(tables.sorted_tables):
                connection.execute(
                    sa.text("INSERT INTO pristine.tables VALUES (:place, :name)"), {"place": place, "name": table.name}
                )
                connection.exec_driver_sql(f'CREATE TABLE pristine."{table.name}" AS TABLE public."{table.name}"')
