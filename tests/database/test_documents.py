"""Photos and files: type by content, upright and without place, kept once, in the database or an object store over HTTP."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from minio import Minio
from moto.server import ThreadedMotoServer
from PIL import Image

from engine import document_store, documents, uploads
from engine.audit import deciding, erasure
from engine.errors import AlreadyChanged, Forbidden, InvalidValue, NotFound
from engine.tables import candidate_group, document, document_content, history_event
from engine.unit_of_work import SYSTEM, ProcessEngine
from engine.uploads import Upload
from tests.diagram_text import diagram, end, flows, start, user
from tests.small_company import Small

LIMIT = 20_000_000
ORIENTATION, GPS, MAKE = 0x0112, 0x8825, 0x010F


@pytest.fixture
def case_id(small: Small) -> str:
    small.deploy(diagram(start(), user("write"), end(), flows("begin", "write", "done")))
    return small.start()


def photo(kind: str = "JPEG", size: tuple[int, int] = (60, 40), *, turned: bool = False, **options: Any) -> bytes:
    """A picture whose left half is red; `turned`: as a phone held upright writes it, with the place it was taken at."""
    picture = Image.new("RGB", size, "white")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    if turned:
        exif = Image.Exif()
        exif[ORIENTATION], exif[MAKE] = 6, "SecretPhone"
        exif.get_ifd(GPS)[2] = (28.0, 11.0, 49.0)
        options["exif"] = exif
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def archive(*parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for part in parts:
            made.writestr(part, "x")
    return out.getvalue()


def examined(name: str, data: bytes, limit: int = LIMIT) -> Upload:
    return uploads.examine(name, data, limit=limit)


# ------------------------------------------------------------------ examining
def test_photo_is_stood_upright_and_loses_place_and_device() -> None:
    found = examined("现场.jpg", photo(turned=True))
    assert (found.width, found.height, found.media_type) == (40, 60, "image/jpeg")
    with Image.open(io.BytesIO(found.data)) as kept:
        assert dict(kept.getexif()) == {}
        assert kept.convert("RGB").getpixel((20, 5))[1] < 60, "the red half is at the top"
    assert b"SecretPhone" not in found.data
    assert found.sha256 == hashlib.sha256(found.data).hexdigest()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_kind_of_picture_has_a_small_one(kind: str) -> None:
    found = examined("big", photo(kind, (900, 600)))
    assert (found.width, found.height) == (900, 600)
    with Image.open(io.BytesIO(found.thumbnail or b"")) as small:
        assert (small.format, max(small.size)) == ("JPEG", uploads.THUMBNAIL)


@pytest.mark.parametrize(("data", "kind"), [
    (b"MZ" + b"\0" * 200, "a Windows program"), (b"\x7fELF" + b"\0" * 200, "a Linux program"),
    (b"#!/bin/sh\nrm -rf /", "a script"), (b"<html><script>alert(1)</script>", "a web page or vector drawing"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a web page or vector drawing"), (b"GIF89a" + b"\0" * 30, "a GIF picture"),
    (b"\0\0\0\x18ftypheic" + b"\0" * 30, "a HEIC photo"), (archive("a.exe"), "an archive"),
    (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "an archive"),
    (b"\x01\x02\x03", "of an unknown kind"),
])
def test_renamed_file_is_refused_by_name_of_what_it_is(data: bytes, kind: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        examined("photo.jpg", data)
    assert (refused.value.code, refused.value.facts["value"]) == ("file_type", "photo.jpg")
    assert str(refused.value.facts["kind_en"]).startswith(kind)


@pytest.mark.parametrize(("name", "data", "media_type"), [
    ("报告.pdf", b"%PDF-1.7\n", "application/pdf"), ("说明.txt", "开机无显示".encode(), "text/plain"),
    ("list.csv", "型号,数量".encode("gb18030"), "text/plain"),
    ("a.docx", archive("[Content_Types].xml", "word/document.xml"), "wordprocessingml.document"),
    ("a.xlsx", archive("[Content_Types].xml", "xl/workbook.xml"), "spreadsheetml.sheet"),
])
def test_documents_of_the_office_are_taken(name: str, data: bytes, media_type: str) -> None:
    found = examined(name, data)
    assert (found.name, found.data) == (name, data)
    assert found.media_type.endswith(media_type)


def test_script_that_calls_itself_text_is_refused() -> None:
    for data in (b"#!/bin/sh", b"<script>", b"a\0b"):
        with pytest.raises(InvalidValue):
            examined("notes.txt", data)


def test_file_beyond_the_limit_is_refused_naming_both() -> None:
    with pytest.raises(InvalidValue) as refused:
        examined("大照片.jpg", bytes(30_000_000))
    facts = refused.value.facts
    assert (refused.value.code, facts["value"], facts["size"], facts["limit"]) == ("file_too_large", "大照片.jpg", "30.0", "20")


def test_bomb_broken_and_empty_pictures_are_refused() -> None:
    big = Image.new("1", (8_000, 8_000))
    out = io.BytesIO()
    big.save(out, "PNG")
    broken = photo(size=(400, 400))[:900]
    for data, code in ((out.getvalue(), "picture_too_large"), (broken, "picture_broken"), (b"", "file_empty")):
        with pytest.raises(InvalidValue) as refused:
            examined("x.png", data)
        assert refused.value.code == code


@pytest.mark.parametrize(("given", "kept"), [
    ("../../etc/passwd", "passwd"), ("C:\\temp\\现场 照片.jpg", "现场 照片.jpg"), ("a\x00b\r\n.txt", "ab.txt"),
    ("修好了😀👨‍🔧.png", "修好了😀👨‍🔧.png"),
    ("\u202egpj.exe", "gpj.exe"), ("...", "file"), ("", "file"), ("长" * 300 + ".pdf", "长" * 116 + ".pdf"),
])
def test_names_are_cleaned(given: str, kept: str) -> None:
    assert uploads.clean_name(given) == kept


def test_name_gets_the_ending_of_what_the_file_is() -> None:
    assert examined("photo.exe", photo()).name == "photo.exe.jpg"


# ------------------------------------------------------------------ keeping
def added(small: Small, case_id: str, upload: Upload, who: str = "ann", **more: Any) -> str:
    documents.put_away(small.engine.settings, upload)
    return str(small.do(who, documents.add, case_id, upload, **more))


def content(small: Small, document_id: str, who: str = "ann") -> bytes:
    return documents.bytes_of(small.engine.settings, small.do(who, documents.content, document_id))


def test_document_is_kept_read_and_on_the_record(small: Small, case_id: str) -> None:
    upload = examined("a.jpg", photo())
    task_id = small.task("write").id
    made = added(small, case_id, upload, task_id=task_id)
    assert content(small, made, "bob") == upload.data
    assert small.do("bob", documents.thumbnail, made).data == upload.thumbnail
    event = small.rows(sa.select(history_event).where(history_event.c.command == "add_document"))[0]
    assert (event.actor, event.element) == ("ann", "write")


def test_same_content_is_stored_once_and_the_same_file_is_there_once(small: Small, case_id: str) -> None:
    upload, other = examined("a.jpg", photo()), small.start()
    first = added(small, case_id, upload)
    assert added(small, case_id, upload, who="bob") == first
    added(small, other, upload)
    assert len(small.rows(sa.select(document))) == 2
    assert len(small.rows(sa.select(document_content.c.sha256))) == 1


def test_removed_document_needs_a_reason_keeps_its_row_and_is_not_sent(small: Small, case_id: str) -> None:
    made = added(small, case_id, examined("a.jpg", photo()))
    with pytest.raises(InvalidValue):
        small.do("ann", documents.remove, made, reason="  ")
    with pytest.raises(Forbidden):
        small.do("bob", documents.remove, made, reason="not mine")
    small.do("root", documents.remove, made, reason="wrong machine")
    row = small.rows(sa.select(document))[0]
    assert (row.removed_by, row.removed_reason) == ("root", "wrong machine")
    for verb in (documents.content, documents.thumbnail):
        with pytest.raises(AlreadyChanged) as refused:
            small.do("ann", verb, made)
        assert refused.value.facts["who"] == "root"
    with pytest.raises(AlreadyChanged):
        small.do("ann", documents.remove, made, reason="again")


def test_who_may_not_see_the_case_gets_and_adds_nothing(small: Small, case_id: str) -> None:
    made = added(small, case_id, examined("a.jpg", photo()))
    for verb in (documents.content, documents.thumbnail):
        with pytest.raises(Forbidden):
            small.do("eva", verb, made)
    with pytest.raises(Forbidden):
        added(small, case_id, examined("b.jpg", photo(size=(9, 9))), who="eva")
    with pytest.raises(NotFound):
        small.do("ann", documents.content, "nothing")


# ------------------------------------------------------------------ object store
@pytest.fixture
def s3(engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Minio]:
    """A server that speaks S3 over HTTP, its bucket `fuwuflow`, and the engine set to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    client = Minio(f"{host}:{port}", access_key="key", secret_key="secret", secure=False, region="us-east-1")
    client.make_bucket("fuwuflow")
    engine.settings = replace(engine.settings, document_store=f"s3://fuwuflow?endpoint=http://{host}:{port}&prefix=files/",
                              document_store_key="key", document_store_secret="secret")
    yield client
    server.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_object_store_has_the_bytes_and_the_database_the_rest(s3: Minio, small: Small, case_id: str) -> None:
    upload = examined("a.jpg", photo())
    made = added(small, case_id, upload)
    assert [found.object_name for found in s3.list_objects("fuwuflow", recursive=True)] == [f"files/{upload.sha256}"]
    [row] = small.rows(sa.select(document_content))
    assert (row.bytes, row.thumbnail) == (None, upload.thumbnail)
    assert content(small, made) == upload.data
    s3.remove_object("fuwuflow", f"files/{upload.sha256}")
    with pytest.raises(NotFound):
        content(small, made)


def test_erased_bytes_go_from_the_object_store_too(s3: Minio, small: Small, case_id: str) -> None:
    added(small, case_id, examined("a.jpg", photo()))
    small.complete("write")
    with small.engine.transaction(SYSTEM) as uow:
        uow.execute(sa.update(candidate_group).values(audits=True))
    decision = small.do("root", erasure.propose, numbers=[small.case(case_id).business_key], reason="asked for")
    for who in ("ann", "bob"):
        with small.engine.reading(SYSTEM) as uow:
            digest = deciding.seen(uow, deciding.get(uow, decision))
        small.do(who, deciding.confirm, decision, seen_digest=digest, reason="checked")
    assert len(list(s3.list_objects("fuwuflow", recursive=True))) == 1
    small.run()
    assert list(s3.list_objects("fuwuflow", recursive=True)) == []
    assert small.rows(sa.select(document_content)) == []


@pytest.mark.parametrize("address", ["s3://bucket", "http://host/bucket", "s3://?endpoint=https://host", "s3://b?endpoint=host"])
def test_address_of_a_store_that_makes_no_sense_is_refused(small: Small, address: str) -> None:
    with pytest.raises(ValueError, match="DOCUMENT_STORE"):
        document_store.store(replace(small.engine.settings, document_store=address))
