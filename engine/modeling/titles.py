"""What people call the files of a draft: the processes, the form or the decisions in each, not the name on the disk. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from engine import forms
from engine.diagram.check import File
from engine.diagram.deployment import Deployment

Both = tuple[str, str]


def titles(files: Sequence[File]) -> Mapping[str, Both]:
    """File name → what is in it, in Chinese and English; files that cannot be read or name nothing are left out."""
    read = Deployment()
    for file in files:
        read.read(file)
    found: dict[str, list[Both]] = {}
    for (kind, key), name in read.files.items():
        zh, en = _words(read, kind, key)
        if zh:
            found.setdefault(name, []).append((zh, en or zh))
    return {name: (_joined(zh for zh, _ in words), _joined(en for _, en in words)) for name, words in found.items()}


def _words(read: Deployment, kind: str, key: str) -> Both:
    if kind == "form":
        return forms.called(read.forms[key])
    if kind == "decision":
        return read.decisions[key].name, read.decisions[key].name_en
    processes = (each for source in read.sources for each in source.processes)
    return next(((each.name, each.name_en) for each in processes if kind == "process" and each.id == key), ("", ""))


def _joined(names: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(names))
