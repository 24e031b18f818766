"""What a person chose for themselves: columns of the inbox, favourites, which notices are mailed. A value is JSON."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine import canonical
from engine.errors import InvalidValue
from engine.tables import user_setting
from engine.unit_of_work import UnitOfWork

MOST = 20_000
"""Characters of one value: a setting is a choice, not a store."""


def chosen(uow: UnitOfWork, name: str, default: Any) -> Any:
    """What the actor chose under `name`, or `default`."""
    return chosen_by(uow, uow.actor.id, name, default)


def chosen_by(uow: UnitOfWork, user_id: str, name: str, default: Any) -> Any:
    """What the user `user_id` chose under `name`, or `default`."""
    text = uow.scalar(sa.select(user_setting.c.value).where(user_setting.c.user_id == user_id, user_setting.c.name == name))
    return default if text is None else canonical.loads(text)


def choose(uow: UnitOfWork, name: str, value: Any) -> None:
    """Keep the actor's choice under `name`; None forgets it. `InvalidValue` if it is no JSON or longer than `MOST` characters."""
    if value is None:
        uow.execute(sa.delete(user_setting).where(user_setting.c.user_id == uow.actor.id, user_setting.c.name == name))
        return
    text = canonical.dumps(value)
    if len(text) > MOST:
        raise InvalidValue("setting_too_long", field=name, value=text[:100], limit=MOST)
    insert = (sqlite.insert if uow.engine.is_sqlite else postgresql.insert)(user_setting)
    row = insert.values(user_id=uow.actor.id, name=name, value=text)
    uow.execute(row.on_conflict_do_update(index_elements=["user_id", "name"], set_={"value": text}))
