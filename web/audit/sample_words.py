"""The words of audit samples: conditions, strata, answers, and how long a list of questions was typed."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _

from engine import canonical, identity
from engine.audit import sampling
from engine.audit.samples import Withdrawn
from engine.modeling import library
from engine.unit_of_work import UnitOfWork
from handlers import audit_samples
from web.layout import words

LONGEST_QUESTION = 300
SPARE = 2
"""So many empty lines stand below the questions."""


def processes(uow: UnitOfWork) -> dict[str, str]:
    """Every process that is known, by key, with its name."""
    rows = [each.version.row for each in library.entries(uow) if each.version.row.kind == "process"]
    return {row.key: words.in_words(row) for row in rows}


def offices(uow: UnitOfWork) -> dict[str, str]:
    """Every office by id, with its name."""
    return {row.id: words.in_words(row) for row in identity.offices(uow)}


def standings() -> dict[str, str]:
    """Which cases, by how they stand."""
    return {"finished": str(_("finished, however they ended")), "completed": str(_("finished at an end of the procedure")),
            "terminated": str(_("ended by hand")), "all": str(_("all, open ones too"))}


def splits() -> dict[str, str]:
    """What a population can be split by."""
    return {"none": str(_("not split")), "process": str(_("by process")), "office": str(_("by office")),
            "month": str(_("by month of beginning"))}


def answers() -> dict[str, str]:
    """The answers of a checklist."""
    return {"yes": str(_("Yes")), "no": str(_("No")), "not_applicable": str(_("Not applicable"))}


def statuses() -> dict[str, str]:
    """How an item of a sample stands."""
    return {"open": str(_("to be checked")), "conforms": str(_("conforms")), "finding": str(_("finding"))}


def columns() -> list[str]:
    """The heads of the table of cases: those before the questions, and the six after."""
    return [str(each) for each in ("#", _("Case"), _("Case id"), _("Stratum"), _("Status"), _("Note"), _("Decided by"),
                                   _("Decided at"), _("Corrective action"), _("Withdrawn findings"))]


def withdrawn(uow: UnitOfWork, one: Withdrawn) -> str:
    """A finding that was taken back, in a line."""
    return str(_("%(note)s (%(who)s, %(at)s); withdrawn by %(by)s, %(then)s: %(reason)s", note=one.note,
                 who=words.person(uow, one.found_by), at=words.moment(one.found_at), by=words.person(uow, one.by),
                 then=words.moment(one.at), reason=one.reason))


def seriousness() -> dict[str, str]:
    """How serious a finding is."""
    return {"observation": str(_("Observation: it might happen")), "minor": str(_("Minor")), "serious": str(_("Serious"))}


def stratum(uow: UnitOfWork, by: str, name: str) -> str:
    """A stratum in words; "" for that of a population that is not split."""
    known = processes(uow) if by == "process" else offices(uow) if by == "office" else {}
    return known.get(name, name)


def strata(uow: UnitOfWork, by: str, sizes: Mapping[str, int], taken: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each stratum with its words, how many cases it has and how many are taken."""
    known = processes(uow) if by == "process" else offices(uow) if by == "office" else {}
    return [{"name": known.get(each, each) or str(_("all cases")), "population": sizes[each], "sample": taken.get(each, 0)}
            for each in sorted(sizes)]


def asked(question: Mapping[str, str]) -> str:
    """A question in the reader's language, if it was put in it."""
    spoken = question.get("en") if words.language() == "en" else question.get("zh")
    return spoken or question.get("zh") or question.get("en") or ""


def criteria(uow: UnitOfWork, kept: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a sample was drawn from, as labelled facts."""
    period = " – ".join((kept.get("since") or "…", kept.get("until") or "…"))
    return [(str(_("Process")), processes(uow).get(kept.get("process", ""), kept.get("process") or str(_("all")))),
            (str(_("Office")), offices(uow).get(kept.get("office", ""), kept.get("office") or str(_("all")))),
            (str(_("Begun")), period if kept.get("since") or kept.get("until") else str(_("at any time"))),
            (str(_("Cases")), standings()[kept["standing"]])]


# ------------------------------------------------------------------ the questions as they were typed
def typed() -> list[dict[str, str]]:
    """The questions of the form that was sent, without the empty ones."""
    columns = [request.form.getlist(f"question_{name}") for name in ("clause", "zh", "en")]
    found = [{name: value.strip()[:LONGEST_QUESTION] for name, value in zip(("clause", "zh", "en"), row, strict=True)}
             for row in zip(*columns, strict=False)]
    kept = [each for each in found if each["zh"] or each["en"]][: sampling.MOST_QUESTIONS]
    return [{"id": f"q{number}", **each, "zh": each["zh"] or each["en"]} for number, each in enumerate(kept, 1)]


def questions_for(process: str, kept: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The questions to begin with for a process, and below them what the reader has typed themselves."""
    ours = {each["zh"] for key in ("", *audit_samples.QUESTIONS) for each in audit_samples.questions(key)}
    return [*audit_samples.questions(process), *(each for each in kept if each["zh"] not in ours)]


def of(sample: Any) -> list[dict[str, str]]:
    """The questions that a sample asks of each case."""
    return list(canonical.loads(sample.questions))
