"""The migrated schema is the one that the code speaks to, and it keeps the record whole."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from engine import history, migrate, tables
from engine.settings import ROOT
from engine.unit_of_work import SYSTEM, ProcessEngine, create_database
from tests.conftest import Databases


def company_versions() -> list[Path]:
    return [ROOT / "handlers" / "migrations" / "versions"]


def test_migrated_schema_is_the_metadata(engine: ProcessEngine):
    """One that differs lacks a migration: `flask --app web new-migration`."""
    from handlers import tables as company

    with engine.database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, [tables.metadata, company.metadata]) == []


def test_migrating_again_changes_nothing(engine: ProcessEngine):
    migrate.upgrade(engine.database, company_versions())
    with engine.database.connect() as connection:
        assert len(MigrationContext.configure(connection).get_current_heads()) == 2


def test_engine_migrates_without_the_company(databases: Databases):
    url = databases.new()
    database = create_database(url)
    migrate.upgrade(database)
    assert sa.inspect(database).has_table("process_instance")
    database.dispose()
    databases.drop(url)


@pytest.mark.parametrize(("email", "owners"), [("management_representative@fuwuflow.example", 2), ("boss@example.com", 0)])
def test_database_of_before_drafts_gets_the_roles_and_a_demonstration_its_people(databases: Databases, email: str, owners: int):
    url = databases.new()
    database = create_database(url)
    with database.connect().execution_options(writes=True) as connection, connection.begin():
        command.upgrade(migrate.configuration(connection), "engine_0002")
        connection.execute(sa.text("INSERT INTO candidate_group (id, name, name_en, by_office, leads) "
                                   "VALUES ('management_representative', 'm', 'm', false, false)"))
        connection.execute(sa.text(
            "INSERT INTO user_account (id, name, name_en, email, password_hash, is_admin, sees_all, acts_everywhere, "
            "language, is_active, revision) "
            "VALUES ('management_representative', 'm', 'm', :email, 'h', false, true, false, 'zh', true, 1)"),
            {"email": email})
    migrate.upgrade(database)
    migrate.upgrade(database)
    with database.connect() as connection:
        groups = {row.id: (row.models, row.approves) for row in connection.execute(sa.select(tables.candidate_group))}
        assert groups == {"management_representative": (False, True), "process_owner": (True, False)}
        made = connection.execute(sa.select(tables.user_account.c.password_hash).where(
            tables.user_account.c.id.like("process_owner%"))).all()
        assert [row.password_hash for row in made] == ["h"] * owners
        assert len(connection.execute(sa.select(tables.membership)).all()) == owners
    database.dispose()
    databases.drop(url)


@pytest.mark.parametrize("table", [tables.history_event, tables.history_body])
@pytest.mark.parametrize("change", [sa.update, sa.delete])
def test_the_database_refuses_to_change_the_record(engine: ProcessEngine, table: sa.Table, change):
    with engine.transaction(SYSTEM) as uow:
        history.record(uow, "case", history.Head(0, history.GENESIS), command="start", element=None, bundle_id="b", body={})
    statement = change(table)
    if change is sa.update:
        statement = statement.values(instance_id="another")
    with pytest.raises(sa.exc.DBAPIError, match=f"{table.name} is append-only"), engine.transaction(SYSTEM) as uow:
        uow.execute(statement)
    with engine.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(table.c.instance_id)) == "case"
