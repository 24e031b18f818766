"""Merkle trees as RFC 6962 has them: leaves and nodes are hashed under prefixes of their own, so neither passes for the other."""

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashed leaves; of none the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = _half(len(leaves))
    return _node(root(leaves[:half]), root(leaves[half:]))


def path(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """The hashes that lead from the leaf at `position` to the root, nearest first (RFC 6962 §2.1.1)."""
    if len(leaves) == 1:
        return []
    half = _half(len(leaves))
    if position < half:
        return [*path(leaves[:half], position), root(leaves[half:])]
    return [*path(leaves[half:], position - half), root(leaves[:half])]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _half(number: int) -> int:
    """The largest power of two that is smaller than `number`."""
    return 1 << (number - 1).bit_length() - 1
