"""Merkle trees agree with RFC 6962's own vectors and with the stand-alone verifier, which builds them in another way."""

from hypothesis import given
from hypothesis import strategies as st

from engine import canonical
from engine.audit import merkle, standalone_verifier

# the leaves and roots of certificate-transparency's own tests of RFC 6962
LEAVES = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"]
ROOTS = {0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
         8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
VALUE = st.recursive(st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
                     lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                         st.text("abcdefghijklmnopqrstuvwxyz_", max_size=8), inner, max_size=4), max_leaves=20)


def test_roots_are_those_of_the_standard():
    for number, expected in ROOTS.items():
        hashed = [merkle.leaf_hash(leaf) for leaf in LEAVES[:number]]
        assert merkle.root(hashed).hex() == standalone_verifier.merkle_root(hashed) == expected


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_a_path_leads_from_its_leaf_to_the_root_and_no_other_leaf_takes_it(data: list[bytes], draw: st.DataObject):
    hashed = [merkle.leaf_hash(each) for each in data]
    position = draw.draw(st.integers(0, len(data) - 1))
    path = [each.hex() for each in merkle.path(hashed, position)]
    root = merkle.root(hashed).hex()
    assert standalone_verifier.merkle_root(hashed) == root
    assert standalone_verifier.root_by_path(hashed[position], position, len(data), path) == root
    assert standalone_verifier.root_by_path(merkle.leaf_hash(b"another"), position, len(data), path) != root
    assert standalone_verifier.root_by_path(hashed[position], position, len(data), [*path, "00" * 32]) != root


@given(VALUE)
def test_the_verifier_writes_canonical_json_as_we_do(value: object):
    assert standalone_verifier.canonical(value) == canonical.dumps(value)
