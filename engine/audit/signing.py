"""The key that signs checkpoints: Ed25519 in a file outside the database; the one importer of `cryptography`."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from engine.errors import EngineError


class NoKey(EngineError):
    """The signing key cannot be read or made; `path` and `reason` say which and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__("no_signing_key", path=path, reason=reason)


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key: its id is the first 16 digits of the SHA-256 of its public half, `public` that half as PEM."""

    id: str
    public: str
    fingerprint: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> str:
        """The signature in hexadecimal."""
        return self.private.sign(message).hex()


@dataclass(frozen=True, slots=True)
class Public:
    """The public half of a key."""

    id: str
    fingerprint: str
    key: Ed25519PublicKey

    def has_signed(self, signature: str, message: bytes) -> bool:
        """Whether the signature (hexadecimal) is valid."""
        try:
            self.key.verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True


def known_public(path: str) -> Public | None:
    """The public half of the key in a file, made by nobody: None where it cannot be read."""
    try:
        key = serialization.load_pem_public_key(Path(f"{path}.pub").read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(key, Ed25519PublicKey):
        return None
    digest = hashlib.sha256(key.public_bytes_raw()).hexdigest()
    return Public(digest[:16], digest, key)


def load(path: str) -> Key:
    """The key in a file, made (readable by its owner only, the public half beside it as `.pub`) if there is none. `NoKey`."""
    try:
        file = Path(path)
        if not file.exists():
            _make(file)
        return _read(file)
    except (OSError, ValueError, TypeError) as problem:
        raise NoKey(path, str(problem)) from problem


def _read(file: Path) -> Key:
    private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("it is no Ed25519 key")
    public = private.public_key()
    digest = hashlib.sha256(public.public_bytes_raw()).hexdigest()
    return Key(digest[:16], _pem(private), digest, private)


def _make(file: Path) -> None:
    """Write a new key; where another process was quicker, its key stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    data = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    unseen = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(unseen, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(data)
        os.fsync(stream.fileno())
    try:
        os.link(unseen, file)
    except FileExistsError:
        return
    finally:
        unseen.unlink()
    file.with_name(f"{file.name}.pub").write_text(_pem(private), "ascii")


def _pem(private: Ed25519PrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.public_key().public_bytes(*form).decode("ascii")
