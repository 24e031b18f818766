"""The tokens of a case as SpiffWorkflow's workflow, sub-workflows and tasks: adding, finding, taking out."""

from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow

from engine.spiff.node import COMPLETED, FUTURE, FlowNode, Level, Scopes, ScopeSpec, Token

ROOT = -1
"""The id of the task that the tokens of a sub-workflow hang under; the case's own is 1, the row `process`."""


class NoScripts:
    """In place of SpiffWorkflow's script engine, so that no text of a diagram can reach Python's `eval`."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"SpiffWorkflow asked its script engine for {name}")


NO_SCRIPTS = NoScripts()


class _Flat:
    """A flat tree: every token of the scope hangs on the root, instances of a multi-instance activity on their body."""

    task_tree: Token

    def live(self) -> list[Token]:
        """The tokens directly in the scope, oldest first."""
        tokens: list[Token] = self.task_tree.children
        return tokens

    def _task_completed_notify(self, task: Token) -> None:
        """Nothing: SpiffWorkflow would look at every waiting task, and take an element named `End` for the end."""


class Inside(_Flat, BpmnSubWorkflow):
    """What runs inside `host`: a sub-process, an event sub-process, a called process."""

    def __init__(self, host: Token, spec: ScopeSpec) -> None:
        self.host = host
        super().__init__(spec, host.id, host.workflow.top_workflow, deserializing=True)
        self.task_tree = Token(self, spec.start, None, COMPLETED, ROOT)

    def _calculate_depth(self) -> int:
        return int(self.host.workflow.depth) + 1

    def _task_removed_notify(self, task: Token) -> None:
        self.top_workflow._task_removed_notify(task)


class Tree(_Flat, BpmnWorkflow):
    """The case's own scope, and through it all others."""

    def __init__(self, scopes: Scopes, process: str, next_id: int) -> None:
        self.next_id = next_id
        self.emptied: dict[int, Token] = {}
        super().__init__(scopes[process], scopes, NO_SCRIPTS, deserializing=True)
        self.host = self.task_tree = Token(self, self.spec.start, None, COMPLETED, 1)
        self.by_id: dict[int, Token] = {1: self.host}

    def put(self, level: Any, node: FlowNode, number: int, *, state: int = FUTURE, parent: Token | None = None) -> Token:
        """A task for the token `number` at `node`."""
        token = Token(level, node, parent or level.task_tree, state, number)
        self.by_id[number] = token
        return token

    def new_token(self, level: Level, node: FlowNode, *, body: Token | None = None) -> Token:
        """A task for a token that did not exist before."""
        self.next_id += 1
        return self.put(level, node, self.next_id - 1, parent=body)

    def open_level(self, host: Token, scope: ScopeSpec) -> Inside:
        """The sub-workflow that runs inside `host`."""
        level: Inside = Inside(host, scope)
        self.subprocesses[host.id] = level
        return level

    def scope_spec(self, name: str) -> ScopeSpec | None:
        """A scope of the bundle by name."""
        scope: ScopeSpec | None = self.subprocess_specs.get(name)
        return scope

    def has(self, token: Token) -> bool:
        """Whether the token is still there."""
        return self.by_id.get(token.number) is token

    def within(self, token: Token) -> list[Token]:
        """The tokens directly in a token: its instances, or those of its scope."""
        level: Level | None = self if token is self.host else self.subprocesses.get(token.id)
        if level is not None:
            return level.live()
        return list(token.children) if token._children else []

    def everything(self, token: Token) -> list[Token]:
        """A token and all inside it, however deep, inner ones first; without recursion, since processes may call themselves."""
        found, todo = [], [token]
        while todo:
            found.append(todo.pop())
            todo += self.within(found[-1])
        return found[::-1]

    def remove(self, token: Token) -> None:
        """Take one token out, and notice when its scope has none left."""
        level = token.workflow
        level._remove_task(token.id)
        if not level.task_tree._children:
            self.emptied[level.host.number] = level.host

    def _task_removed_notify(self, task: Token) -> None:
        self.by_id.pop(task.number, None)
        self.subprocesses.pop(task.id, None)
