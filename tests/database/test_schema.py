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


@pytest.mark.parametrize(("email", "added"), [("management_representative@fuwuflow.example", 4), ("boss@example.com", 0)])
def test_older_database_gets_the_roles_and_a_demonstration_its_people(databases: Databases, email: str, added: int):
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
        groups = {row.id: (row.models, row.approves, row.audits) for row in connection.execute(sa.select(tables.candidate_group))}
        assert groups == {"management_representative": (False, True, True), "process_owner": (True, False, False),
                          "auditor": (False, False, True)}
        made = connection.execute(sa.select(tables.user_account.c.password_hash).where(
            tables.user_account.c.id.like("process_owner%") | tables.user_account.c.id.like("auditor%"))).all()
        assert [row.password_hash for row in made] == ["h"] * added
        assert len(connection.execute(sa.select(tables.membership)).all()) == added
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


def test_a_body_goes_only_where_its_tombstone_stands(engine: ProcessEngine):
    with engine.transaction(SYSTEM) as uow:
        for seq in (0, 1):
            history.record(uow, "case", history.Head(seq, history.GENESIS), command="start", element=None, bundle_id="b", body={})
        uow.execute(sa.insert(tables.destruction).values(id="d", kind="erasure", subject="", reason="", status="destroyed",
                                                         proposed_by="a", proposed_at=uow.now))
        uow.execute(sa.insert(tables.tombstone).values(instance_id="case", seq=1, body_digest="", destruction_id="d", at=uow.now))
        uow.execute(sa.delete(tables.history_body).where(tables.history_body.c.seq == 1))
    with pytest.raises(sa.exc.DBAPIError, match="history_body is append-only"), engine.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(tables.history_body))
    with engine.reading(SYSTEM) as uow:
        assert uow.scalar(sa.select(tables.history_body.c.seq)) == 2


@pytest.mark.parametrize("table", [tables.access_log, tables.tombstone])
def test_the_database_refuses_to_forget_what_auditors_rely_on(engine: ProcessEngine, table: sa.Table):
    with engine.transaction(SYSTEM) as uow:
        uow.execute(sa.insert(tables.destruction).values(id="d", kind="erasure", subject="", reason="", status="destroyed",
                                                         proposed_by="a", proposed_at=uow.now))
        uow.execute(sa.insert(tables.tombstone).values(instance_id="case", seq=1, body_digest="", destruction_id="d", at=uow.now))
        uow.execute(sa.insert(tables.access_log).values(id="l", at=uow.now, actor="a", kind="look", subject="case", detail="{}"))
    with pytest.raises(sa.exc.DBAPIError, match=f"{table.name} is append-only"), engine.transaction(SYSTEM) as uow:
        uow.execute(sa.delete(table))
