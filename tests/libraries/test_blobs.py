"""The blob store, on a folder and on an S3-compatible server, driven the same way."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import memory
import pytest

from caseroom.libraries.blobs import BlobStore, open_store
from caseroom.lists.errors import Invalid, NotFound, StorageFull

LATER, EARLIER = timedelta(hours=1), timedelta(hours=-1)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    server_of = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    server = server_of.ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_store(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    bucket = f"blobs-{random.randrange(10**9)}"
    boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1").create_bucket(Bucket=bucket)
    return open_store(f"s3://{bucket}/files?endpoint={s3_server}&region=us-east-1")


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "s3":
        return request.getfixturevalue("s3_store")
    return open_store(str(tmp_path / "store"))


def read(store: BlobStore, sha256: str, *bounds: int | None) -> bytes:
    return b"".join(store.open(sha256, *bounds))


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


def test_what_is_put_comes_back_under_its_hash(store: BlobStore) -> None:
    content = random.Random(1).randbytes(3_000_000)
    blob = store.put(io.BytesIO(content))
    assert (blob.sha256, blob.size) == (hashlib.sha256(content).hexdigest(), 3_000_000)
    assert read(store, blob.sha256) == content
    assert store.size(blob.sha256) == 3_000_000
    assert store.exists(blob.sha256)
    assert store.verify(blob.sha256)


def test_a_file_of_several_parts_comes_back_whole(store: BlobStore) -> None:
    content = random.Random(2).randbytes(20_000_001)
    assert store.verify(store.put(io.BytesIO(content)).sha256)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 10), (5, None), (None, 7), (99, 100), (90, 5000), (100, 200), (10, 10), (20, 10)]
)
def test_a_range_is_read_as_a_slice_would_be(store: BlobStore, start: int | None, end: int | None) -> None:
    content = bytes(range(100))
    assert read(store, store.put(io.BytesIO(content)).sha256, start, end) == content[start:end]


def test_an_empty_file_is_a_blob_too(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b""))
    assert (blob.size, read(store, blob.sha256), store.verify(blob.sha256)) == (0, b"", True)


def test_the_same_bytes_are_stored_once(store: BlobStore) -> None:
    first = store.put(io.BytesIO(b"an offer"))
    assert store.put(io.BytesIO(b"an offer")) == first
    assert [(found.sha256, found.size) for found in store.iterate()] == [(first.sha256, 8)]


def test_a_missing_blob_is_said_to_be_missing_before_anything_is_read(store: BlobStore) -> None:
    for name in ("0" * 64, "../../etc/passwd", "", "A" * 64):
        assert not store.exists(name)
        with pytest.raises(NotFound):
            store.open(name)


def test_a_file_over_the_limit_is_refused_while_it_streams_and_leaves_nothing(store: BlobStore) -> None:
    endless = threading.local()
    endless.given = 0

    class Endless:
        def read(self, size: int, /) -> bytes:
            endless.given += size
            return b"x" * size

    with pytest.raises(Invalid) as refusal:
        store.put(Endless(), limit=5 * 1024 * 1024)
    assert str(refusal.value) == "The file is larger than 5 MB."
    assert refusal.value.errors[0].field == "file"
    assert endless.given < 8 * 1024 * 1024
    assert list(store.iterate()) == []


def test_a_file_of_exactly_the_limit_is_taken(store: BlobStore) -> None:
    assert store.put(io.BytesIO(b"12345"), limit=5).size == 5


def test_the_collector_removes_the_old_and_spares_what_was_put_again(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b"orphan"))
    assert not store.delete(blob.sha256, older_than=datetime.now(UTC) + EARLIER)
    assert store.exists(blob.sha256)
    assert store.delete(blob.sha256, older_than=datetime.now(UTC) + LATER)
    assert not store.exists(blob.sha256)
    assert store.delete(blob.sha256)


def test_a_blob_lends_itself_as_a_file(store: BlobStore) -> None:
    blob = store.put(io.BytesIO(b"for a program that wants a path"))
    with store.as_file(blob.sha256) as path:
        assert path.read_bytes() == b"for a program that wants a path"
    with pytest.raises(NotFound), store.as_file("0" * 64):
        pass


def test_putting_bytes_again_renews_their_age_and_heals_damage(tmp_path: Path) -> None:
    store = open_store((tmp_path / "a b").as_uri())
    blob = store.put(io.BytesIO(b"sound"))
    stored = next(path for path in files_below(tmp_path) if path.name == blob.sha256)
    stored.write_bytes(b"rotten")
    os.utime(stored, (0, 0))
    assert not store.verify(blob.sha256)
    store.put(io.BytesIO(b"sound"))
    assert store.verify(blob.sha256)
    assert not store.delete(blob.sha256, older_than=datetime.now(UTC) + EARLIER)


def test_file_and_folder_are_flushed_before_put_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, flushed = open_store(str(tmp_path)), []
    real = os.fsync

    def noting(descriptor: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    blob = store.put(io.BytesIO(b"durable"))
    assert flushed[0].endswith(".part")
    assert flushed[1:] == [str(tmp_path / "blobs"), str(tmp_path / "blobs" / blob.sha256[:2])]


def test_a_full_disk_is_a_clear_refusal_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(str(tmp_path))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull, match="no room left"):
        store.put(io.BytesIO(b"too much"))
    assert files_below(tmp_path) == []


def test_a_file_size_limit_of_the_system_is_a_clear_refusal_too(tmp_path: Path) -> None:
    script = """
        import io, resource, sys
        from caseroom.libraries.blobs import open_store
        from caseroom.lists.errors import StorageFull
        store = open_store(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            store.put(io.BytesIO(bytes(5_000_000)))
        except StorageFull:
            print("refused", len(list(store.iterate())))
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "refused 0\n"
    assert files_below(tmp_path) == []


def test_a_crash_while_uploading_leaves_only_a_staged_file_that_is_cleared_later(tmp_path: Path) -> None:
    script = """
        import os, sys
        from caseroom.libraries.blobs import open_store
        class Crashing:
            given = 0
            def read(self, size):
                self.given += 1
                if self.given > 3:
                    os._exit(7)
                return b"x" * size
        open_store(sys.argv[1]).put(Crashing())
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(tmp_path)], check=False)
    assert ran.returncode == 7
    store = open_store(str(tmp_path))
    assert list(store.iterate()) == []
    assert [path.suffix for path in files_below(tmp_path)] == [".part"]
    assert store.clear_staging(datetime.now(UTC) + EARLIER) == 0
    assert store.clear_staging(datetime.now(UTC) + LATER) == 1
    assert files_below(tmp_path) == []


def test_a_large_file_takes_constant_memory(tmp_path: Path) -> None:
    script = """
        import sys
        sys.path.insert(0, sys.argv[2])
        import memory
        from caseroom.libraries.blobs import open_store
        class Zeros:
            left = 150
            def read(self, size):
                self.left -= 1
                return bytes(1024 * 1024) if self.left >= 0 else b""
        store = open_store(sys.argv[1])
        before = memory.begin()
        blob = store.put(Zeros())
        assert sum(len(chunk) for chunk in store.open(blob.sha256)) == blob.size == 150 * 1024 * 1024
        print(memory.peak() - before)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path), str(Path(memory.__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(ran.stdout) < 40_000  # kB


def test_many_writers_of_the_same_bytes_and_a_collector_lose_nothing(tmp_path: Path) -> None:
    store, failures = open_store(str(tmp_path)), []

    def write() -> None:
        for _ in range(20):
            try:
                store.put(io.BytesIO(b"shared"))
            except OSError as error:
                failures.append(error)

    def collect() -> None:
        for _ in range(50):
            for found in store.iterate():
                store.delete(found.sha256, older_than=datetime.now(UTC) + EARLIER)

    threads = [threading.Thread(target=target) for target in (write, write, write, collect)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.verify(hashlib.sha256(b"shared").hexdigest())


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "s3://bucket?secret=1", "file://elsewhere/x"])
def test_an_address_of_no_known_kind_is_refused_in_words(url: str) -> None:
    with pytest.raises(Invalid, match=r"“.*” names another|cannot be kept at|is no address"):
        open_store(url)
