"""What the safe parser lets in and what it refuses."""

import pytest

from engine.xml import XmlRefused, parse

ENTITIES = "".join(f'<!ENTITY {name} "{ref * 20}">' for name, ref in (("x", "0123456789"), ("y", "&x;"), ("z", "&y;")))
BOMB = f"<!DOCTYPE a [{ENTITIES}]><a>&z;</a>"


@pytest.mark.parametrize(("data", "code"), [
    (b"", "xml_malformed"),
    (b"\x89PNG\r\n", "xml_not_utf8"),
    (b"<a><b></a>", "xml_malformed"),
    (b"<a>" * 300 + b"</a>" * 300, "xml_malformed"),
    ("<a>你好</a>".encode("gbk"), "xml_not_utf8"),
    ("<a/>".encode("utf-16"), "xml_not_utf8"),
    ("<a/>".encode("utf-16-be"), "xml_not_utf8"),
    (b'<?xml version="1.0" encoding="utf-7"?><a/>', "xml_not_utf8"),
    (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "xml_not_utf8"),
    (b"<!DOCTYPE a><a/>", "xml_doctype"),
    (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml_doctype"),
    (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "xml_doctype"),
    (b"<a>" + b"<b/>" * 5000 + b"</a>", "xml_too_many_elements"),
    (b"<a>" + b" " * 2_000_000 + b"</a>", "xml_too_large"),
])
def test_hostile_or_broken_xml_is_refused_with_its_code(data: bytes, code: str) -> None:
    with pytest.raises(XmlRefused) as refusal:
        parse(data, "f.bpmn")
    assert refusal.value.code == code
    assert refusal.value.facts["file"] == "f.bpmn"


def test_entity_bomb_is_refused() -> None:
    with pytest.raises(XmlRefused):
        parse(BOMB.encode(), "f.bpmn")


def test_external_entity_is_never_read(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    data = f'<!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><a>&x;</a>'.encode()
    with pytest.raises(XmlRefused) as refusal:
        parse(data, "f.bpmn")
    assert "s3cret" not in str(refusal.value)


def test_malformed_says_the_line() -> None:
    with pytest.raises(XmlRefused) as refusal:
        parse(b"<a>\n<b>\n</a>", "f.bpmn")
    assert refusal.value.facts["line"] == 3


@pytest.mark.parametrize("data", [
    "<a>安装</a>".encode(), b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?><a>x</a>", b"<a><!-- c --><?p x?>y</a>",
])
def test_utf8_is_read_without_comments(data: bytes) -> None:
    root = parse(data, "f.bpmn")
    assert root.tag == "a"
    assert len(root) == 0
