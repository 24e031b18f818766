"""The schema brought up to date: Alembic, configured here rather than in a file."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

ENGINE_VERSIONS = Path(__file__).parent / "migrations" / "versions"
"""The migrations of `engine/tables.py` (branch `engine`). Who composes the product gives the company's folder (`company`)."""

MIGRATION_LOCK = 14_012_002  # any number: two processes that start at once migrate one after the other


def upgrade(database: sa.Engine, versions: Sequence[Path] = ()) -> None:
    """Run every missing migration of the engine and of the folders `versions`, all in one transaction."""
    with database.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        command.upgrade(configuration(connection, versions), "heads")


def configuration(connection: sa.Connection, versions: Sequence[Path] = (),
                  metadata: Sequence[sa.MetaData] = ()) -> Config:
    """Alembic's configuration on an open connection; `metadata` is only read to write a new migration."""
    config = Config(attributes={"connection": connection, "metadata": list(metadata)})
    config.set_main_option("script_location", str(ENGINE_VERSIONS.parent))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(folder) for folder in (ENGINE_VERSIONS, *versions)))
    return config


def new_migration(database: sa.Engine, branch: str, message: str, metadata: Sequence[sa.MetaData],
                  versions: Sequence[Path] = ()) -> list[Path]:
    """Write the migration from the database's schema to `metadata` into the folder of `branch`; returns the files."""
    with database.connect() as connection:
        config = configuration(connection, versions, metadata)
        written = command.revision(config, message, autogenerate=True, head=f"{branch}@head")
    scripts = written if isinstance(written, list) else [written]
    return [Path(script.path) for script in scripts if script is not None]
