"""`/healthz`: whether the server can reach its database."""

import sqlalchemy as sa
from flask import Blueprint

from web.access import NOBODY, engine, needs

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@needs("public")
def healthz() -> tuple[str, int]:
    """200 `ok`, or 503 when the database does not answer."""
    try:
        with engine().reading(NOBODY) as uow:
            uow.scalar(sa.select(1))
    except sa.exc.SQLAlchemyError:
        return "database unreachable\n", 503
    return "ok\n", 200
