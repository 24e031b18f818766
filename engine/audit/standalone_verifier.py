"""Stand-alone verifier of a Fuwuflow record 服务流程独立校验程序: this one file, Python 3.11+ and the package `cryptography`.

    python -m pip install cryptography
    python standalone_verifier.py DATABASE|DOSSIER [--checkpoints FILE] [--key PUBFILE] [--case NUMBER]

DATABASE is an SQLite file or a postgresql:// address (read through `psql`), DOSSIER the ZIP of a case. FILE is the file of
checkpoints kept outside the database, PUBFILE the public key (PEM; several may follow each other), NUMBER the number or id of
a case. One line a finding: kind, chain, number of the first bad row, sentence; then, on standard error, what was looked at and
what was not. The exit code is 0 if all agrees, else 1. It shares no code with what writes.
"""

import argparse
import hashlib
import json
import re
import secrets
import shutil
import sqlite3
import subprocess
import sys
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
except ImportError:
    sys.exit("缺少 cryptography 包，请先安装 · the package cryptography is missing, install it first:\n"
             f"  {sys.executable} -m pip install cryptography")

GENESIS = "0" * 64
GRACE = timedelta(minutes=10)
ORGANIZATION, ACCESS = "organization", "access"
HEADER = ("instance_id", "seq", "at", "actor", "on_behalf_of", "command", "element", "bundle_id", "body_digest", "prev", "hash")
ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
WORDS = {
    "link": ("此行不接续前一行：有行被改、删除、插入或调换",
             "this row does not continue the one before: a row was changed, removed, inserted or swapped"),
    "header": ("此行的内容与其哈希不符", "this row's header does not give its hash"),
    "body": ("此行的正文与其摘要不符", "this row's body does not give its digest"),
    "body_gone": ("此行的正文不见了，变更记录里没有销毁它的事件",
                  "this row's body is gone and no event of the record of changes says that just these bodies were destroyed"),
    "head": ("链的末尾与工单上记的链头不符", "the chain does not end at the head on its row"),
    "no_head": ("这些事件没有所属的工单", "these events belong to no case"),
    "signed_otherwise": ("检查点签过的内容与现在不同：自此行起被改写",
                         "a checkpoint signed otherwise: the rows from here on were rewritten"),
    "truncated": ("检查点签过的行已不在：链被截短", "a checkpoint signed rows that are gone: the chain was cut short"),
    "gone": ("检查点签过的整条链已不在", "a checkpoint signed this chain, and all of it is gone"),
    "late": ("此行的时间早于上一个检查点，当时却不存在：事后补入",
             "this row is dated before a checkpoint that did not see it: it was written afterwards"),
    "checkpoint": ("检查点与其签名、哈希或叶子不符", "a checkpoint does not agree with its hash, its leaves or the one before"),
    "signature": ("检查点的签名无效", "the signature of a checkpoint is not valid"),
    "unknown_key": ("检查点由未提供的密钥签名", "a checkpoint is signed by a key that was not given"),
    "rolled_back": ("外部文件里的检查点在数据库中没有或不同：数据库被回退",
                    "the file outside knows a checkpoint that the database lacks or has otherwise: the database was rolled back"),
    "file": ("外部文件的一行无效", "a line of the file outside is not valid"),
    "access": ("查阅日志与检查点签过的不符", "the access log is not what a checkpoint signed"),
    "resource": ("存储的流程图或表单字节已改变", "the stored bytes of a diagram or form were changed"),
    "document": ("存储的照片或文件字节已改变", "the stored bytes of a photo or file were changed"),
    "definition": ("定义或定义包与事件所引用的不符", "a definition or bundle is not the one that events refer to"),
    "manifest": ("档案中的文件与清单不符", "a file of the dossier is not the one of its list"),
    "unreadable": ("无法读取", "it cannot be read"),
    "no_case": ("没有这个工单", "there is no such case"),
}


@dataclass(frozen=True)
class Finding:
    """What does not agree: `seq` is the number of the first bad row; `acknowledged`: somebody has answered for it, signed."""

    kind: str
    chain: str
    seq: int | None
    detail: str = ""
    acknowledged: bool = False

    def line(self) -> str:
        """What is printed."""
        zh, en = WORDS[self.kind]
        kind = f"acknowledged:{self.kind}" if self.acknowledged else self.kind
        detail = f" [{self.detail}]" if self.detail else ""
        return f"{kind}\t{self.chain or '-'}\t{self.seq if self.seq is not None else '-'}\t{en} · {zh}{detail}"


@dataclass
class Signed:
    """What the checkpoints say, once checked: by number the time, and the earliest time of what each may be first to see."""

    log: str = ""
    only: bool = False
    last: int = 0
    at: dict[int, str] = field(default_factory=dict)
    floor: dict[int, str] = field(default_factory=dict)
    answered: list[int] = field(default_factory=list)
    gaps: set[tuple[str, int, str]] = field(default_factory=set)

    def tail_floor(self) -> str:
        """What is older than this must be in a leaf by now."""
        return earlier(self.at[max(self.at)]) if self.at else ""

    def is_answered(self, seq: int) -> bool:
        """Whether somebody answered for what came late to checkpoint `seq` or before."""
        return bool(self.answered) and seq <= self.answered[-1]


def canonical(value: Any) -> str:
    """Canonical JSON (RFC 8785) of strings, whole numbers, lists and objects with ASCII keys."""
    return ENCODER.encode(value)


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def earlier(at: str) -> str:
    """A time of the record less the grace that a late commit has."""
    moment = datetime.fromisoformat(at) - GRACE
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def leaf_hash(chain: str, seq: int, head: str) -> bytes:
    """The hash of a leaf (RFC 6962)."""
    return hashlib.sha256(b"\x00" + canonical([chain, seq, head]).encode()).digest()


def merkle_root(hashes: list[bytes]) -> str:
    """The root (RFC 6962), level by level: a last node without a partner goes up as it is, which gives the same tree."""
    level = hashes or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        paired = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = paired + ([level[-1]] if len(level) % 2 else [])
    return level[0].hex()


def root_by_path(leaf: bytes, position: int, count: int, path: Sequence[str]) -> str:
    """The root that a path of siblings leads to (RFC 9162 §2.1.3.2); "" for a path that does not fit."""
    number, last, found = position, count - 1, leaf
    for sibling in (bytes.fromhex(each) for each in path):
        if last == 0:
            return ""
        if number % 2 or number == last:
            found = hashlib.sha256(b"\x01" + sibling + found).digest()
            while not number % 2 and number:
                number, last = number >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + sibling).digest()
        number, last = number >> 1, last >> 1
    return found.hex() if last == 0 else ""


# ------------------------------------------------------------------ keys and statements
Keys = Mapping[str, Ed25519PublicKey]


def read_keys(text: str) -> Keys:
    """The public keys of a PEM file, by id."""
    found = {}
    for block in text.split("-----END PUBLIC KEY-----")[:-1]:
        key = load_pem_public_key(f"{block}-----END PUBLIC KEY-----\n".lstrip().encode())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("not an Ed25519 key")
        found[sha256(key.public_bytes_raw())[:16]] = key
    if not found:
        raise ValueError("no public key in PEM")
    return found


def is_signed(key: Ed25519PublicKey, signature: str, message: bytes) -> bool:
    """Whether the signature, in small hexadecimal digits, is valid."""
    if signature != signature.lower():
        return False
    try:
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_statement(keys: Keys | None, statement: str, digest: str, signature: str, key_id: str) -> tuple[dict[str, Any], str]:
    """What a statement says, and the kind of finding if it does not hold ("" if it does)."""
    message = f"fuwuflow/checkpoint/1\n{statement}".encode()
    try:
        told = json.loads(statement)
        is_whole = canonical(told) == statement and sha256(message) == digest and told["key"] == key_id
        told["seq"], told["at"], told["log"], told["prev"], told["root"], told["leaves"]
    except (ValueError, KeyError, TypeError):
        return {}, "checkpoint"
    if not is_whole:
        return told, "checkpoint"
    if keys is None:
        return told, ""
    if key_id not in keys:
        return told, "unknown_key"
    return told, "" if is_signed(keys[key_id], signature, message) else "signature"


# ------------------------------------------------------------------ a database
OF_CASE = "seq IN (SELECT checkpoint_seq FROM checkpoint_leaf WHERE chain_id = '{only}')"
# name → (what the columns are: t text, i whole number, b bytes; the query, in which {at:…} and {b:…} are a time and bytes in this
# database's words; what it is narrowed by when only one case is looked at)
QUERIES = {
    "chains": ("t", """
        SELECT id FROM (SELECT id FROM process_instance UNION SELECT id FROM record_chain
        UNION SELECT DISTINCT instance_id FROM history_event UNION SELECT DISTINCT chain_id FROM checkpoint_leaf) every_chain
        ORDER BY id""", ""),
    "heads": ("tit", """
        SELECT id, head_seq, head_hash FROM (SELECT id, head_seq, head_hash FROM process_instance
        UNION ALL SELECT id, head_seq, head_hash FROM record_chain) every_head {narrow} ORDER BY id""", "id = '{only}'"),
    "events": ("titttttttttbbtt", """
        SELECT e.instance_id, e.seq, {at:e.at}, e.actor, e.on_behalf_of, e.command, e.element, e.bundle_id, e.body_digest,
        e.prev, e.hash, {b:b.salt}, {b:b.body}, t.body_digest, t.destruction_id FROM history_event e
        LEFT JOIN history_body b ON b.instance_id = e.instance_id AND b.seq = e.seq
        LEFT JOIN tombstone t ON t.instance_id = e.instance_id AND t.seq = e.seq {narrow} ORDER BY e.instance_id, e.seq""",
               "e.instance_id = '{only}'"),
    "leaves_by_chain": ("tiit", """
        SELECT chain_id, checkpoint_seq, head_seq, head_hash FROM checkpoint_leaf {narrow}
        ORDER BY chain_id, checkpoint_seq""", "chain_id = '{only}'"),
    "leaves": ("itit", """
        SELECT checkpoint_seq, chain_id, head_seq, head_hash FROM checkpoint_leaf {narrow}
        ORDER BY checkpoint_seq, position""", f"checkpoint_{OF_CASE}"),
    "checkpoints": ("ittttttt", """
        SELECT seq, {at:at}, statement, hash, signature, key_id,
        (SELECT {at:p.at} FROM checkpoint p WHERE p.seq < c.seq ORDER BY p.seq DESC LIMIT 1),
        (SELECT p.hash FROM checkpoint p WHERE p.seq < c.seq ORDER BY p.seq DESC LIMIT 1)
        FROM checkpoint c {narrow} ORDER BY seq""", OF_CASE),
    "newest": ("it", "SELECT seq, {at:at} FROM checkpoint ORDER BY seq DESC LIMIT 1", ""),
    "known": ("it", "SELECT seq, hash FROM checkpoint ORDER BY seq", ""),
    "access": ("ttttttt", "SELECT id, {at:at}, actor, kind, subject, instance_id, detail FROM access_log ORDER BY id", ""),
    "resources": ("tb", "SELECT sha256, {b:bytes} FROM resource", ""),
    "documents": ("tb", "SELECT sha256, {b:bytes} FROM document_content WHERE bytes IS NOT NULL", ""),
    "bundles": ("ttt", "SELECT id, root, members FROM bundle", ""),
    "definitions": ("tttt", """
        SELECT d.id, d.kind, d.sha256, r.sha256 FROM definition d LEFT JOIN resource r ON r.sha256 = d.sha256""", ""),
    "used_bundles": ("t", "SELECT DISTINCT bundle_id FROM history_event WHERE bundle_id <> ''", ""),
    "organization": ("ttb", """
        SELECT e.element, e.command, {b:b.body} FROM history_event e JOIN history_body b
        ON b.instance_id = e.instance_id AND b.seq = e.seq WHERE e.instance_id = 'organization' ORDER BY e.seq""", ""),
}
CASE_ID = "SELECT id FROM process_instance WHERE business_key = '{only}'"
OF_ONE = ("heads", "events", "leaves_by_chain", "leaves", "checkpoints", "newest", "known", "organization")
ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Database:
    """Reads one state of a database, row by row; only the case `only` if one is given."""

    def __init__(self, only: str | None = None) -> None:
        self.only = only
        if only is not None and not ID.fullmatch(only):
            raise ValueError("a case's id has letters, digits and hyphens")

    def rows(self, name: str) -> Iterator[tuple[Any, ...]]:
        """The rows of one of `QUERIES`."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of it."""
        raise NotImplementedError

    def text(self, name: str, at: str, blob: str) -> str:
        """The query in this database's words."""
        _, sql, narrow = QUERIES[name]
        sql = " ".join(sql.split())
        sql = sql.replace("{narrow}", f" WHERE {narrow.format(only=self.only)}" if self.only and narrow else "")
        sql = re.sub(r"\{at:([\w.]+)\}", lambda found: at.format(found[1]), sql)
        return re.sub(r"\{b:([\w.]+)\}", lambda found: blob.format(found[1]), sql)


class Sqlite(Database):
    """A file, opened for reading only, in one transaction."""

    def __init__(self, path: str, only: str | None = None) -> None:
        super().__init__(only)
        self.connection = self.opened(path, "mode=ro")
        try:
            self.connection.execute("SELECT 1 FROM sqlite_master").fetchall()
        except sqlite3.OperationalError:  # a copy on a medium that takes no files beside it; nothing is written to it, then
            if Path(f"{path}-wal").exists() or not Path(path).is_file():
                raise
            self.connection.close()
            self.connection = self.opened(path, "mode=ro&immutable=1")
        self.connection.execute("BEGIN")
        found = self.connection.execute(CASE_ID.format(only=only)).fetchone() if only else None
        self.only = found[0] if found else only

    def opened(self, path: str, options: str) -> sqlite3.Connection:
        """The file, for reading only."""
        return sqlite3.connect(f"file:{quote(path)}?{options}", uri=True, isolation_level=None)

    def rows(self, name: str) -> Iterator[tuple[Any, ...]]:
        """Rows as SQLite gives them."""
        yield from self.connection.execute(self.text(name, "replace(substr({0}, 1, 23), ' ', 'T') || 'Z'", "{0}"))

    def close(self) -> None:
        """Give the file back."""
        self.connection.close()


class Postgresql(Database):
    """A server's database through `psql`: all queries on one snapshot, each in a process of its own; those of a case in one."""

    def __init__(self, url: str, only: str | None = None) -> None:
        super().__init__(only)
        self.program = shutil.which("psql") or ""
        if not self.program:
            raise OSError("psql is not installed")
        self.url = url.replace("postgresql+psycopg://", "postgresql://")
        if only:
            self.only = self.case_of(only)
            self.read = self.read_at_once(secrets.token_hex(16))
        else:
            self.leader = self.started("SELECT pg_export_snapshot();\n")
            self.snapshot = output(self.leader).readline().decode().strip()
            if not self.snapshot:
                raise OSError(f"the database does not answer (psql ended with {self.leader.wait()})")

    def case_of(self, only: str) -> str:
        """The id of a case, which may be named by its number."""
        process = self.started(f"{CASE_ID.format(only=only)};\n")
        close(process.stdin)
        with process:
            return output(process).read().decode().strip() or only

    def read_at_once(self, mark: str) -> dict[str, list[bytes]]:
        """The lines of every query about one case, from one process."""
        process = self.started("".join(f"{self.copied(name)}\\echo {mark}\n" for name in OF_ONE))
        close(process.stdin)
        with process:
            parts = output(process).read().split(f"{mark}\n".encode())
        if process.returncode:
            raise OSError(f"psql ended with {process.returncode}")
        return {name: part.splitlines(keepends=True) for name, part in zip(OF_ONE, parts, strict=False)}

    def started(self, script: str) -> "subprocess.Popen[bytes]":
        """`psql` that runs a script in a transaction that only reads; its input stays open."""
        process = subprocess.Popen(  # noqa: S603 - the address is the caller's own
            [self.program, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if process.stdin is not None:
            process.stdin.write(f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{script}".encode())
            process.stdin.flush()
        return process

    def copied(self, name: str) -> str:
        """The command that sends a query's rows."""
        at = "to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
        sql = self.text(name, at, "encode({0}, 'hex')")
        return f"COPY ({sql}) TO STDOUT WITH (ENCODING 'UTF8');\n"

    def rows(self, name: str) -> Iterator[tuple[Any, ...]]:
        """Rows from COPY … TO STDOUT."""
        if self.only:
            yield from map(self.form(name), self.read[name])
            return
        process = self.started(f"SET TRANSACTION SNAPSHOT '{self.snapshot}';\n"
                               f"SET enable_sort = off;\nSET enable_hashjoin = off;\n{self.copied(name)}")
        close(process.stdin)
        with process:
            yield from map(self.form(name), output(process))
        if process.returncode:
            raise OSError(f"psql ended with {process.returncode}")

    def form(self, name: str) -> Callable[[bytes], tuple[Any, ...]]:
        """How a line becomes a row."""
        forms: dict[str, Callable[[bytes], Any]] = {"t": text_of, "i": int, "b": bytes_of}
        take = [forms[kind] for kind in QUERIES[name][0]]
        return lambda line: tuple(each(value) for each, value in zip(take, line[:-1].split(b"\t"), strict=True))

    def close(self) -> None:
        """End the transaction that keeps the snapshot."""
        if not self.only:
            close(self.leader.stdin)
            with self.leader:
                self.leader.wait()


def output(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    """What a process says."""
    if process.stdout is None:
        raise OSError("psql says nothing")
    return process.stdout


def close(stream: IO[bytes] | None) -> None:
    """Say that nothing more comes."""
    if stream is not None:
        stream.close()


ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def text_of(value: bytes) -> str | None:
    """A field of COPY's text format."""
    if value == b"\\N":
        return None
    text = value.decode()
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text) if "\\" in text else text


def bytes_of(value: bytes) -> bytes | None:
    """A field of hexadecimal digits."""
    return None if value == b"\\N" else bytes.fromhex(value.decode())


# ------------------------------------------------------------------ what the checks share
class Grouped:
    """A stream of rows ordered by their first column, taken chain by chain in the same order."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self.rows = rows
        self.next = next(rows, None)

    def of(self, chain: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a chain; what of them is not taken stays."""
        while self.next is not None and self.next[0] == chain:
            row, self.next = self.next, next(self.rows, None)
            yield row

    def skip(self, chain: str) -> int:
        """Pass over what is left of a chain; says how many rows that were."""
        return sum(1 for _ in self.of(chain))


def link_problem(event: tuple[Any, ...], seq: int, prev: str) -> str:
    """What is wrong with an event that should be number `seq` after the hash `prev`; "" if nothing is."""
    instance_id, number, at, actor, behalf, command, element, bundle, digest, before, own, salt, body, tomb = event[:14]
    if number != seq or before != prev:
        return "link"
    header = {"instance_id": instance_id, "seq": number, "actor": actor, "on_behalf_of": behalf, "command": command,
              "element": element, "bundle_id": bundle, "prev": before, "body_digest": digest, "at": at}
    if sha256(canonical(["fuwuflow/history/1", header]).encode()) != own:
        return "header"
    if body is None or salt is None:
        return "" if tomb is not None and tomb == digest else "body_gone"
    return "" if isinstance(body, bytes) and isinstance(salt, bytes) and sha256(salt + body) == digest else "body"


@dataclass
class Progress:
    """Says on standard error how far a long check has come, and at its end what was looked at: rows of so many chains, `newest`
    the last checkpoint, `unsigned` rows that none has signed yet."""

    tell: Callable[[int], None] | None = None
    events: int = 0
    chains: int = 0
    newest: str = ""
    unsigned: int = 0

    def summary(self) -> str:
        """What an answer stands on."""
        if not self.newest:
            return (f"{self.events} rows of {self.chains} chains; there is no checkpoint: nothing is signed · "
                    f"{self.events} 行，{self.chains} 条链；没有检查点：任何一行都没有签名")
        return (f"{self.events} rows of {self.chains} chains; newest checkpoint {self.newest}, {self.unsigned} rows not signed "
                f"yet · {self.events} 行，{self.chains} 条链；最新检查点 {self.newest}，{self.unsigned} 行尚未签名")

    def step(self) -> None:
        """One more event."""
        self.events += 1
        if self.tell is not None and not self.events % 20_000:
            self.tell(self.events)


# ------------------------------------------------------------------ the checks of a database
def verify(source: Database, keys: Keys | None, outside: Sequence[bytes] = (),
           progress: Progress | None = None) -> Iterator[Finding]:
    """Every disagreement in a database; `outside`: the lines of the file of checkpoints, read before the database."""
    signed, progress = Signed(only=source.only is not None), progress or Progress()
    yield from verify_checkpoints(source, keys, signed)
    yield from verify_outside(source, keys, outside, signed)
    progress.newest = f"{max(signed.at)} ({signed.at[max(signed.at)]})" if signed.at else ""
    yield from verify_chains(source, signed, progress)
    if source.only is None:
        yield from verify_access(source, signed)
        yield from verify_definitions(source)
    for kind, name in (("resource", "resources"), ("document", "documents")) if source.only is None else ():
        for digest, data in source.rows(name):
            if sha256(data) != digest:
                yield Finding(kind, "", None, digest)


def verify_checkpoints(source: Database, keys: Keys | None, signed: Signed) -> Iterator[Finding]:
    """Each checkpoint: hash, signature, root over its leaves, the one before. Fills `signed`."""
    leaves = Grouped(source.rows("leaves"))
    for seq, at, statement, digest, signature, key_id, at_before, before in source.rows("checkpoints"):
        told, problem = check_statement(keys, statement, digest, signature, key_id)
        hashes = [leaf_hash(*leaf[1:]) for leaf in leaves.of(seq)]
        if problem:
            yield Finding(problem, "checkpoints", seq)
        elif not is_next(told, (seq, at, before), signed) or (told["leaves"], told["root"]) != (len(hashes), merkle_root(hashes)):
            yield Finding("checkpoint", "checkpoints", seq)
        note(signed, (seq, at, at_before), told)
    newest = next(source.rows("newest"), None)
    if newest is not None:
        signed.at[newest[0]] = newest[1]
    if leaves.next is not None:
        yield Finding("checkpoint", "checkpoints", leaves.next[0])


def is_next(told: Mapping[str, Any], row: tuple[int, str, str | None], signed: Signed) -> bool:
    """Whether a statement is that of its row, and names the one before; a number is left out only where a gap is answered for."""
    seq, at, before = row
    skipped = [gap["seq"] for gap in told.get("acknowledged", {}).get("gaps", []) if gap["log"] == told["log"]]
    last = max([signed.last, *skipped])
    follows = signed.only or seq == last + 1
    return bool(follows and (told["seq"], told["at"]) == (seq, at) and told["prev"] == (before or GENESIS)
                and told["log"] == (signed.log or told["log"]))


def note(signed: Signed, row: tuple[int, str, str | None], told: Mapping[str, Any]) -> None:
    """Keep what later checks ask of a checkpoint."""
    seq, at, at_before = row
    signed.last, signed.at[seq], signed.floor[seq] = seq, at, earlier(at_before) if at_before else ""
    signed.log = signed.log or str(told.get("log", ""))
    if "acknowledged" in told:
        signed.answered.append(seq)
        signed.gaps |= {(gap["log"], gap["seq"], gap["hash"]) for gap in told["acknowledged"].get("gaps", [])}


def verify_outside(source: Database, keys: Keys | None, lines: Sequence[bytes], signed: Signed) -> Iterator[Finding]:
    """The file outside: each line valid, each in the database as it is here."""
    known = dict(source.rows("known")) if lines else {}
    lost: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            told, problem = check_statement(keys, row["statement"], row["hash"], row["signature"], row["key"])
        except (ValueError, KeyError, TypeError):
            told, problem = {}, "" if is_torn(line) else "file"
        if problem:
            yield Finding("file", "checkpoints", None, f"{number}: {problem}")
        elif told and known.get(told["seq"]) != row["hash"]:
            lost.setdefault(told["log"], []).append((told["seq"], row["hash"]))
    for log, missing in lost.items():
        answered = max((each[0] for each in missing if (log, *each) in signed.gaps), default=0)
        for is_answered in (True, False):
            found = [seq for seq, _ in missing if (seq <= answered) == is_answered]
            if found:
                yield Finding("rolled_back", "checkpoints", found[0], f"{len(found)}, log {log}", acknowledged=is_answered)


def is_torn(line: bytes) -> bool:
    """Whether a line ends in the middle, as one does when the machine went down while it was written; it is written again."""
    return line.startswith(b'{"hash":"') and not line.rstrip().endswith(b"}")


def verify_chains(source: Database, signed: Signed, progress: Progress) -> Iterator[Finding]:
    """Every chain: its links, its head, its leaves, its time; then the destructions that it names."""
    events, heads, leaves = (Grouped(source.rows(name)) for name in ("events", "heads", "leaves_by_chain"))
    walk = Walk(signed, progress)
    if source.only and (heads.next, events.next, leaves.next) == (None, None, None):
        yield Finding("no_case", source.only, None)
        return
    for (chain,) in [(source.only,)] if source.only else list(source.rows("chains")):
        head = [row[1:] for row in heads.of(chain)]
        signed_heads = [row[1:] for row in leaves.of(chain)]
        if chain == ACCESS and not head:
            continue
        problem = walk.follow(chain, events, head, signed_heads)
        events.skip(chain)
        if problem is not None:
            yield problem
    yield from walk.answered()
    if walk.destroyed:
        yield from verify_destructions(source, walk.destroyed)


class Walk:
    """Goes along chains; remembers what was destroyed, and what came late and was answered for."""

    def __init__(self, signed: Signed, progress: Progress) -> None:
        self.signed, self.progress = signed, progress
        self.tail_floor = signed.tail_floor()
        self.destroyed: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self.late: dict[int, list[tuple[str, int]]] = {}

    def follow(self, chain: str, events: Grouped, heads: list[tuple[int, str]],
               leaves: list[tuple[int, int, str]]) -> Finding | None:
        """The first row of a chain that does not hold; `leaves` are (checkpoint, number, hash)."""
        seq, prev, place, sure = 0, GENESIS, 0, 0
        self.progress.chains += 1
        for event in events.of(chain):
            seq += 1
            self.progress.step()
            if problem := link_problem(event, seq, prev):
                return Finding(problem, chain, min(seq, event[1]))
            prev = event[10]
            if event[12] is None:
                self.destroyed.setdefault((event[14], chain), []).append((seq, event[8]))
            while place < len(leaves) and leaves[place][1] < seq:
                place += 1
            if place < len(leaves) and leaves[place][1] == seq:
                if leaves[place][2] != prev:
                    return Finding("signed_otherwise", chain, sure + 1, f"checkpoint {leaves[place][0]}")
                sure = seq
            if self.is_late(chain, seq, event[2], leaves[place][0] if place < len(leaves) else None):
                return Finding("late", chain, seq)
        self.progress.unsigned += seq - max((leaf[1] for leaf in leaves if leaf[1] <= seq), default=0)
        return end_problem(chain, (seq, prev), sure, heads, leaves)

    def is_late(self, chain: str, seq: int, at: str, checkpoint: int | None) -> bool:
        """Whether a row is older than what its checkpoint may be first to see (None: no checkpoint saw it)."""
        if checkpoint is None:
            return at < self.tail_floor
        if at >= self.signed.floor.get(checkpoint, ""):
            return False
        if self.signed.is_answered(checkpoint):
            self.late.setdefault(checkpoint, []).append((chain, seq))
            return False
        return True

    def answered(self) -> Iterator[Finding]:
        """What came late and was answered for, a line a checkpoint."""
        for checkpoint, rows in self.late.items():
            yield Finding("late", rows[0][0], rows[0][1], f"{len(rows)}, checkpoint {checkpoint}", acknowledged=True)


def end_problem(chain: str, end: tuple[int, str], sure: int, heads: list[tuple[int, str]],
                leaves: list[tuple[int, int, str]]) -> Finding | None:
    """What is wrong with where a chain ends; rows up to `sure` are as a checkpoint signed them."""
    signed = max((leaf[1] for leaf in leaves), default=0)
    if signed > end[0]:
        return Finding("truncated" if end[0] or heads else "gone", chain, sure + 1, f"{end[0]} < {signed}")
    if not heads:
        return Finding("no_head", chain, 1)
    return None if heads == [end] else Finding("head", chain, end[0])


def verify_destructions(source: Database, destroyed: Mapping[tuple[str, str], list[tuple[int, str]]]) -> Iterator[Finding]:
    """Bodies may be gone only by an event `destroy` of the chain `organization` that counts and digests just these.

    `destroyed`: (destruction, chain) → `(number, body digest)` of the rows without a body. What was proposed or rejected is none.
    """
    told = set()
    for element, command, body in source.rows("organization"):
        after = json.loads(body).get("after") or {} if command == "destroy" else {}
        if "bodies" in after:
            told.add((element.partition(":")[2], after["case"], after["bodies"], after["bodies_digest"]))
    for (destruction, chain), bodies in destroyed.items():
        if (destruction, chain, len(bodies), sha256(canonical([list(each) for each in bodies]).encode())) not in told:
            yield Finding("body_gone", chain, bodies[0][0], f"destruction {destruction}")


def verify_access(source: Database, signed: Signed) -> Iterator[Finding]:
    """The access log against the digests that checkpoints signed."""
    leaves = [row[1:] for row in source.rows("leaves_by_chain") if row[0] == ACCESS]
    number, digest, place = 0, GENESIS, 0
    floor = earlier(signed.tail_floor()) if signed.at else ""
    for row in source.rows("access"):
        names = ("id", "at", "actor", "kind", "subject", "instance_id", "detail")
        number, digest = number + 1, sha256(canonical(["fuwuflow/access/1", digest, dict(zip(names, row, strict=True))]).encode())
        if place < len(leaves) and leaves[place][1] == number:
            if leaves[place][2] != digest:
                yield Finding("access", ACCESS, leaves[place - 1][1] + 1 if place else 1, f"checkpoint {leaves[place][0]}")
                return
            place += 1
        elif place == len(leaves) and row[1] < floor:
            yield Finding("late", ACCESS, number, str(row[0]))
            return
    if place < len(leaves):
        yield Finding("access", ACCESS, number + 1, f"checkpoint {leaves[place][0]}")


def verify_definitions(source: Database) -> Iterator[Finding]:
    """Every bundle that events name is there and is what its id says, down to the bytes of its definitions."""
    definitions = {row[0]: row[1:] for row in source.rows("definitions")}
    bundles = {row[0]: row[1:] for row in source.rows("bundles")}
    deployed = deployed_files(body for _, command, body in source.rows("organization") if command == "deploy")
    for (bundle,) in source.rows("used_bundles"):
        root, members = bundles.get(bundle, ("", "{}"))
        if bundle_problem(bundle, root, json.loads(members), set(definitions)):
            yield Finding("definition", "", None, bundle)
    for definition, (kind, digest, stored) in definitions.items():
        is_named = kind != "process" or digest[:12] == definition[-12:]
        if stored is None or deployed.get(definition, digest) != digest or not is_named:
            yield Finding("definition", "", None, definition)


def bundle_problem(bundle: str, root: str, members: dict[str, dict[str, str]], definitions: set[str]) -> bool:
    """Whether a bundle is not what its id says, or refers to a definition that is not there."""
    reached = {each for kind in members.values() for each in kind.values()}
    return sha256(canonical({"root": root, "members": members}).encode()) != bundle or not reached <= definitions


def deployed_files(bodies: Iterable[bytes]) -> dict[str, str]:
    """Definition id → SHA-256, as the record of deployments says."""
    found: dict[str, str] = {}
    for body in bodies:
        found |= (json.loads(body).get("after") or {}).get("definitions", {})
    return found


# ------------------------------------------------------------------ a dossier
def verify_dossier(path: Path, keys: Keys | None) -> Iterator[Finding]:
    """The ZIP of a case: its list of files, its chain, its checkpoints, its definitions and documents."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        files = {name: archive.read(name) for name in names}
    if len(names) != len(files):
        yield Finding("manifest", "", None, "a name is there twice")
    if keys is None:
        keys = read_keys(files["key.pub"].decode())
        told = ", ".join(sha256(key.public_bytes_raw()) for key in keys.values())
        print("--key is missing: the dossier's own key is used; compare its fingerprint (SHA-256) · "
              f"没有给出 --key：使用档案里的公钥，请核对其指纹\n  {told}", file=sys.stderr)
    yield from verify_manifest(files, keys)
    proof = json.loads(files["proof.json"])
    bodies: list[str] = []
    yield from verify_dossier_chain(files, proof, keys, bodies)
    yield from verify_dossier_files(files, proof, "".join(bodies))


def verify_manifest(files: Mapping[str, bytes], keys: Keys) -> Iterator[Finding]:
    """Every file is the one of the signed list, and none is beside it."""
    signature = json.loads(files["manifest.signature.json"])
    key = keys.get(signature["key"])
    if key is None:
        yield Finding("unknown_key", "manifest.json", None, signature["key"])
    elif (canonical(signature).encode() != files["manifest.signature.json"]
          or not is_signed(key, signature["signature"], b"fuwuflow/dossier/1\n" + files["manifest.json"])):
        yield Finding("signature", "manifest.json", None)
    listed = json.loads(files["manifest.json"])["files"]
    for name in sorted(listed.keys() | files.keys() - {"manifest.json", "manifest.signature.json"}):
        if name not in files or sha256(files[name]) != listed.get(name):
            yield Finding("manifest", name, None)


def verify_dossier_chain(files: Mapping[str, bytes], proof: Mapping[str, Any], keys: Keys,
                         bodies: list[str]) -> Iterator[Finding]:
    """The events to the head, and the leaves by their paths to signed roots; fills `bodies`."""
    chain, seq, prev, hashes = proof["chain"], 0, GENESIS, {}
    for line in files["record.jsonl"].decode().splitlines():
        row = json.loads(line)
        body = b64decode(row["body"]) if row["body"] is not None else None
        salt = bytes.fromhex(row["salt"]) if row["salt"] is not None else None
        seq += 1
        problem = link_problem((*(row[name] for name in HEADER), salt, body, row["tombstone"]), seq, prev)
        if problem or row["instance_id"] != chain:
            yield Finding(problem or "header", chain, seq)
            return
        prev = hashes[seq] = row["hash"]
        bodies.append(body.decode() if body else "")
    if [seq, prev] != proof["head"]:
        yield Finding("head", chain, seq)
    if not proof["leaves"] or proof["leaves"][-1]["head_seq"] != seq:
        yield Finding("truncated", chain, seq, "no checkpoint has signed the end")
    for leaf in proof["leaves"]:
        problem = leaf_problem(leaf, chain, keys)
        if problem:
            yield Finding(problem, chain, leaf["head_seq"])
        elif hashes.get(leaf["head_seq"]) != leaf["head_hash"]:
            yield Finding("signed_otherwise", chain, leaf["head_seq"])


def leaf_problem(leaf: Mapping[str, Any], chain: str, keys: Keys) -> str:
    """What is wrong with a leaf, its path and the checkpoint that they lead to."""
    stated = leaf["checkpoint"]
    told, problem = check_statement(keys, stated["statement"], stated["hash"], stated["signature"], stated["key"])
    if problem:
        return problem
    hashed = leaf_hash(chain, leaf["head_seq"], leaf["head_hash"])
    return "" if root_by_path(hashed, leaf["position"], told["leaves"], leaf["path"]) == told["root"] else "checkpoint"


def verify_dossier_files(files: Mapping[str, bytes], proof: Mapping[str, Any], bodies: str) -> Iterator[Finding]:
    """The very bytes of definitions, as bundles name them, and of documents, as events name them."""
    definitions = proof["definitions"]
    for bundle, told in proof["bundles"].items():
        if bundle_problem(bundle, told["root"], told["members"], set(definitions)):
            yield Finding("definition", "", None, bundle)
    for definition, told in definitions.items():
        digest = sha256(files.get(told["file"], b""))
        if digest != told["sha256"] or (told["kind"] == "process" and digest[:12] != definition[-12:]):
            yield Finding("resource", "", None, told["file"])
    for name in proof["documents"]:
        if f'"sha256":"{sha256(files.get(name, b""))}"' not in bodies:
            yield Finding("document", "", None, name)


# ------------------------------------------------------------------ the command
def main(arguments: Sequence[str] | None = None) -> int:
    """Check what the command line names; 0 if all agrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subject", metavar="DATABASE|DOSSIER")
    parser.add_argument("--checkpoints", type=Path, metavar="FILE")
    parser.add_argument("--key", type=Path, metavar="PUBFILE")
    parser.add_argument("--case", metavar="NUMBER")
    asked = parser.parse_args(arguments)
    number = 0
    try:
        for finding in findings(asked):
            number += not finding.acknowledged
            print(finding.line(), flush=True)
    except (OSError, ValueError, KeyError, TypeError, sqlite3.Error, zipfile.BadZipFile, zlib.error) as problem:
        print(Finding("unreadable", asked.subject, None, f"{type(problem).__name__}: {problem}").line())
        return 1
    if not number:
        print("ok")
    return 1 if number else 0


def findings(asked: argparse.Namespace) -> Iterator[Finding]:
    """What does not agree in what was named; the file outside is read first, as the database only goes on."""
    keys = read_keys(asked.key.read_text("ascii")) if asked.key else None
    outside = asked.checkpoints.read_bytes().splitlines() if asked.checkpoints else []
    if "://" not in asked.subject and zipfile.is_zipfile(asked.subject):
        yield from verify_dossier(Path(asked.subject), keys)
        return
    if keys is None:
        print("--key is missing: signatures are not checked · 没有给出 --key：不核对签名", file=sys.stderr)
    if not outside:
        print("--checkpoints is missing or empty: whether the database was rolled back, or all of it made anew, is not checked · "
              "没有给出 --checkpoints 或文件为空：不核对数据库是否被回退或整个重做", file=sys.stderr)
    address = asked.subject.removeprefix("sqlite:///")
    source = Sqlite(address, asked.case) if "://" not in address else Postgresql(address, asked.case)
    progress = Progress(lambda events: print(f"\r{events:,}", end="", file=sys.stderr))
    try:
        yield from verify(source, keys, outside, progress)
        print(f"\r{progress.summary()}", file=sys.stderr)
    finally:
        source.close()


if __name__ == "__main__":
    sys.exit(main())
