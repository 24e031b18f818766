"""The settings, read from the environment once. Every one is listed in README.md (a test compares)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set from outside; the field's name in capitals is the environment variable."""

    database_url: str = f"sqlite:///{ROOT / 'var' / 'fuwuflow.db'}"
    port: int = 8000
    host: str = "127.0.0.1"
    demo_password: str = ""
    diagram_folder: str = str(ROOT / "bpmn")
    external_topics: str = ""
    smtp_url: str = ""
    mail_from: str = "fuwuflow@localhost"
    base_url: str = "http://127.0.0.1:8000"
    head_office: str = "head"
    max_upload_bytes: int = 20_000_000
    document_store: str = ""
    document_store_key: str = ""
    document_store_secret: str = ""
    max_steps: int = 20_000
    max_children: int = 1_000
    max_variable_bytes: int = 1_000_000
    feel_timeout_ms: int = 100
    feel_memory_mb: int = 64
    tick_seconds: float = 2.0
    secure_cookies: bool = False
    worker_in_server: bool = True
    checkpoint_key: str = str(ROOT / "var" / "checkpoint.key")
    checkpoint_file: str = str(ROOT / "var" / "checkpoints.jsonl")
    checkpoint_mail: str = ""

    @property
    def topics(self) -> frozenset[str]:
        """Topics that workers outside fetch over REST; the deploy gate lets them pass."""
        return frozenset(t.strip() for t in self.external_topics.split(",") if t.strip())


def from_env(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `Settings` from `environ` (default: the process's). Raises `ValueError` naming the variable that does not parse."""
    source = os.environ if environ is None else environ
    given: dict[str, Any] = {f.name: _parse(f.name.upper(), source[f.name.upper()], type(f.default))
             for f in fields(Settings) if source.get(f.name.upper())}
    return Settings(**given)


def _parse(name: str, text: str, kind: type) -> object:
    try:
        if kind is bool:
            return {"1": True, "true": True, "0": False, "false": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError) as problem:
        raise ValueError(f"{name}={text!r}: expected {kind.__name__}") from problem
