"""Figures that the procedure leaves open: a default here, a row of `company_setting` where the company chose otherwise."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from engine import canonical
from engine.errors import InvalidValue
from engine.unit_of_work import UnitOfWork
from handlers.tables import company_setting

DEFAULTS: Mapping[str, Any] = {
    # 5.1.17 n4c: λ of questions 1 to 8
    "survey.weights": {"1": 0, "2": 0.15, "3": 0.15, "4": 0.15, "5": 0.2, "6": 0.1, "7": 0.1, "8": 0.15},
    # the clause names the answers, not their scores: ours
    "survey.scores": {"satisfied": 1, "fairly": 0.8, "average": 0.6, "dissatisfied": 0},
    # 5.1.17 n4c: "did not attend" in question 6 is not counted as satisfied: left_out (ours) or zero
    "survey.did_not_attend": "left_out",
    # 5.1.17 n4d: a bound belongs to the higher class; below the lowest is dissatisfied
    "survey.bounds": {"satisfied": 0.85, "fairly": 0.7, "average": 0.6},
    # 5.1.17 n4a
    "survey.valid_response": 0.85,
    # how many days after a repair another one of the same machine is a repeat: ours
    "statistics.repeat_days": 90,
}


def setting(uow: UnitOfWork, key: str) -> Any:
    """The value of `key` that holds now. `InvalidValue` for a key there is none of."""
    if key not in DEFAULTS:
        raise InvalidValue("unknown_setting", field=key)
    text = uow.scalar(sa.select(company_setting.c.value).where(company_setting.c.key == key))
    return DEFAULTS[key] if text is None else canonical.loads(text)


def settings(uow: UnitOfWork, prefix: str) -> dict[str, Any]:
    """All settings whose key begins with `prefix`, as they hold now."""
    return {key: setting(uow, key) for key in DEFAULTS if key.startswith(prefix)}


def change(uow: UnitOfWork, key: str, value: Any) -> None:
    """Choose another value. `InvalidValue` for a key there is none of, or a value of another type than the default's."""
    if not _fits(DEFAULTS.get(key), value):
        raise InvalidValue("setting", field=key, value=value)
    row = {"value": canonical.dumps(value), "changed_by": uow.actor.id, "changed_at": uow.now}
    if not uow.execute(sa.update(company_setting).where(company_setting.c.key == key).values(row)).rowcount:
        uow.execute(sa.insert(company_setting).values(key=key, **row))


def _fits(default: Any, value: Any) -> bool:
    if isinstance(default, dict):
        return isinstance(value, dict) and value.keys() == default.keys() and all(_fits(default[k], value[k]) for k in default)
    if isinstance(default, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return isinstance(default, str) and isinstance(value, str)
