"""A received file made fit to keep: cleaned name, type known by content, picture upright and without metadata, thumbnail.

Pure: bytes in, bytes out. It takes a while, so it happens before a transaction begins.
"""

import hashlib
import io
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import puremagic
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.errors import InvalidValue

MEGAPIXELS = 60_000_000
"""Pixels of the largest picture: what one decoded picture may take of memory is four bytes of each."""
THUMBNAIL = 360
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # Cf has what turns text around
NAME = 120
"""Characters of a stored name."""
PICTURES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
SUFFIXES: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"), "image/png": (".png",), "image/webp": (".webp",), "application/pdf": (".pdf",),
    "text/plain": (".txt", ".csv", ".log", ".md"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (".docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (".xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (".pptx",),
}
"""Media type → the endings that its names may have; nothing else is kept."""
OFFICE = {"word/document.xml": ".docx", "xl/workbook.xml": ".xlsx", "ppt/presentation.xml": ".pptx"}
KNOWN_KINDS = (  # what a file begins with → what it is, in both languages
    (b"MZ", "Windows 程序", "a Windows program"), (b"\x7fELF", "Linux 程序", "a Linux program"),
    (b"\xcf\xfa\xed\xfe", "macOS 程序", "a macOS program"), (b"\xca\xfe\xba\xbe", "程序文件", "a program"),
    (b"#!", "脚本程序", "a script"), (b"\xd0\xcf\x11\xe0", "旧版 Office 文件或安装包", "an old Office file or an installer"),
    (b"GIF8", "GIF 动图", "a GIF picture"), (b"Rar!", "RAR 压缩包", "a RAR archive"),
    (b"7z\xbc\xaf", "7z 压缩包", "a 7z archive"), (b"PK\x03\x04", "压缩包", "an archive"),
)
HEIF = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypheim", b"ftyphevc")
MARKUP = (b"<!doctype", b"<html", b"<svg", b"<script", b"<?xml", b"<?php")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it will be stored; width, height and `thumbnail` (JPEG) only of a picture."""

    name: str
    media_type: str
    data: bytes
    sha256: str
    width: int | None = None
    height: int | None = None
    thumbnail: bytes | None = None


def examine(name: str, data: bytes, *, limit: int) -> Upload:
    """Check a file of at most `limit` bytes and make it fit to keep. `InvalidValue` says what it is and what is taken."""
    name = clean_name(name)
    if not data:
        raise InvalidValue("file_empty", field="file", value=name)
    if len(data) > limit:
        raise too_large(name, len(data), limit)
    picture = _picture(name, data)
    if picture is not None:
        return picture
    media_type = _document_type(name, data)
    if media_type is None:
        zh, en = what_it_is(data)
        raise InvalidValue("file_type", field="file", value=name, kind=zh, kind_en=en)
    return Upload(_with_suffix(name, media_type), media_type, data, hashlib.sha256(data).hexdigest())


def too_large(name: str, size: int, limit: int) -> InvalidValue:
    """The refusal of a file of `size` bytes: names the file and the limit in MB."""
    return InvalidValue("file_too_large", field="file", value=clean_name(name),
                        size=f"{size / 1e6:.1f}", limit=f"{limit / 1e6:g}")


def clean_name(name: str) -> str:
    """The last part of a path without control and direction characters; emoji stay. At most `NAME` characters, ending kept."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in unicodedata.normalize("NFC", last)
                   if unicodedata.category(c) not in UNSEEN or c == "\u200d")  # the joiner of emoji stays
    kept = kept.strip().strip(".").strip() or "file"
    suffix = PurePosixPath(kept).suffix if len(PurePosixPath(kept).suffix) <= 10 else ""
    return kept if len(kept) <= NAME else kept[:NAME - len(suffix)] + suffix


def what_it_is(data: bytes) -> tuple[str, str]:
    """What a file is by its content, in Chinese and English."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[4:12] in HEIF:
        return "HEIC 照片（请在手机相机设置中改为“兼容性最佳”，或另存为 JPEG）", \
               "a HEIC photo (set the camera to “Most Compatible”, or save it as JPEG)"
    if head.startswith(MARKUP):
        return "网页或矢量图", "a web page or vector drawing"
    for begin, zh, en in KNOWN_KINDS:
        if data.startswith(begin):
            return zh, en
    try:
        name = puremagic.magic_string(data[:65_536])[0].name
    except (puremagic.PureError, ValueError):
        return "无法识别的文件", "of an unknown kind"
    return name, name


def _picture(name: str, data: bytes) -> Upload | None:
    """The picture upright, re-encoded without what the camera wrote into it (place, device); None if it is no picture."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
            if opened.width * opened.height > MEGAPIXELS:
                raise _too_many_pixels(name)
            return _kept(name, opened)
    except UnidentifiedImageError:
        return None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise _too_many_pixels(name) from problem
    except (OSError, ValueError, SyntaxError, EOFError) as problem:
        raise InvalidValue("picture_broken", field="file", value=name) from problem


def _kept(name: str, opened: Image.Image) -> Upload:
    kind = "JPEG" if opened.format == "MPO" else opened.format or "PNG"
    colours = opened.info.get("icc_profile")
    upright = ImageOps.exif_transpose(opened)
    upright.info = {}  # the encoders copy some of it
    data = _encoded(upright, kind, colours)
    small = upright.convert("RGBA") if "A" in upright.getbands() or "transparency" in opened.info else upright.convert("RGB")
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    if small.mode == "RGBA":
        ground = Image.new("RGB", small.size, "white")
        ground.paste(small, mask=small.getchannel("A"))
        small = ground
    return Upload(_with_suffix(name, PICTURES[kind]), PICTURES[kind], data, hashlib.sha256(data).hexdigest(),
                  upright.width, upright.height, _encoded(small, "JPEG", None, quality=78))


def _encoded(picture: Image.Image, kind: str, colours: bytes | None, quality: int = 90) -> bytes:
    out = io.BytesIO()
    if kind == "JPEG" and picture.mode not in ("RGB", "L", "CMYK"):
        picture = picture.convert("RGB")
    options = {"optimize": True} if kind == "PNG" else {"quality": quality}
    picture.save(out, kind, icc_profile=colours, **options)
    return out.getvalue()


def _too_many_pixels(name: str) -> InvalidValue:
    return InvalidValue("picture_too_large", field="file", value=name, limit=MEGAPIXELS // 1_000_000)


def _document_type(name: str, data: bytes) -> str | None:
    """The media type of what is no picture, if it is of a kind that is kept."""
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"PK\x03\x04"):
        return _office_type(data)
    is_text = PurePosixPath(name).suffix.lower() in SUFFIXES["text/plain"] and _is_text(data)
    return "text/plain" if is_text else None


def _office_type(data: bytes) -> str | None:
    """A document of Office Open XML (ISO/IEC 29500) without macros, by the parts in the archive; nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return None
    if "[Content_Types].xml" not in parts or any(part.endswith("vbaProject.bin") for part in parts):
        return None
    suffix = next((ending for part, ending in OFFICE.items() if part in parts), None)
    return next((media_type for media_type, endings in SUFFIXES.items() if suffix in endings), None)


def _is_text(data: bytes) -> bool:
    if b"\x00" in data or data.startswith(b"#!") or data.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(MARKUP):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _with_suffix(name: str, media_type: str) -> str:
    """The name with an ending of its type, so that it opens as what it is."""
    endings = SUFFIXES[media_type]
    return name if name.lower().endswith(endings) else f"{name[:NAME - len(endings[0])]}{endings[0]}"
