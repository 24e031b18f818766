"""The points at which a process is killed: during which piece of work, and at which statement, commit or mark."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Point:
    """`when` the kill comes: before a statement that begins with `what`, before a commit, after it, or at a mark named `what`.

    `during` is what the scenario does then; `number` counts the statements or commits that fit, from 1.
    """

    name: str
    during: str
    when: Literal["statement", "before commit", "after commit", "mark"]
    what: str = ""
    number: int = 1


POINTS = (
    Point("before a case's first row", "start", "statement", "INSERT INTO process_instance"),
    Point("between a case's row and its task", "start", "statement", "INSERT INTO task "),
    Point("before the commit of a start", "start", "before commit"),
    Point("after the commit of a start", "start", "after commit"),
    Point("before a completed task is closed", "ask", "statement", "UPDATE task"),
    Point("between a completion and its record", "ask", "statement", "INSERT INTO history_event"),
    Point("between the record and its body", "ask", "statement", "INSERT INTO history_body"),
    Point("before the tokens of a completion", "ask", "statement", "UPDATE process_instance"),
    Point("before the commit of a completion", "ask", "before commit"),
    Point("between a completion and its job", "ask", "after commit"),
    Point("before a job is claimed for good", "jobs", "before commit"),
    Point("between a job's claim and its work", "jobs", "after commit"),
    Point("inside a record, its row written", "jobs", "mark", "note written"),
    Point("before the commit of a record", "jobs", "before commit", number=2),
    Point("after the commit of a record", "jobs", "after commit", number=2),
    Point("between an effect and its commit", "jobs", "mark", "effect done"),
    Point("while a timer moves its case", "timer", "statement", "INSERT INTO activity_instance"),
    Point("before the commit of a timer", "timer", "before commit", number=2),
    Point("while a message moves its case", "message", "statement", "DELETE FROM subscription"),
    Point("before the commit of a message", "message", "before commit"),
    Point("before the end of a case is written", "close", "statement", "UPDATE process_instance"),
    Point("after the end of a case", "close", "after commit"),
)
