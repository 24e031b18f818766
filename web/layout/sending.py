"""A file that is sent under a name of any language: a header has only Latin letters, so others go as RFC 6266 says."""

from urllib.parse import quote

from flask import Response


def named(response: Response, name: str, *, saves: bool = True) -> Response:
    """The response as a file of this name, that a browser saves, or shows if it `saves` not."""
    name = " ".join(name.split())  # a line feed would end the header
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in name)
    names = {"filename": plain} if plain == name else {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}
    response.headers.set("Content-Disposition", "attachment" if saves else "inline", **names)
    return response
