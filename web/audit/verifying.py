"""What `flask verify` looks at, and how far it is."""

import time
from collections.abc import Iterator

import click

from engine.audit import checkpoint_verification, verification
from engine.audit.verification import Finding
from engine.unit_of_work import UnitOfWork

PATIENCE = 1.0  # seconds between two lines on standard error


def of_all(uow: UnitOfWork) -> Iterator[Finding]:
    """Everything; on standard error how far it is, once that takes longer than a moment."""
    last = time.monotonic()

    def tell(done: int, number: int) -> None:
        nonlocal last
        if time.monotonic() - last > PATIENCE:
            last = time.monotonic()
            click.echo(f"{done} / {number}", err=True)

    yield from verification.verify(uow, tell)
    yield from checkpoint_verification.verify(uow)


def of_case(uow: UnitOfWork, case_id: str) -> Iterator[Finding]:
    """One case. `NotFound`."""
    row = uow.lock_instance(case_id)
    yield from verification.verify_case(uow, row)
    yield from checkpoint_verification.verify_case(uow, case_id)
