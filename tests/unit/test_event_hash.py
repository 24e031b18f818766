"""The hash of an event's header is that of its canonical JSON, whatever stands in it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from engine import canonical, history

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
COLUMNS = ("actor", "on_behalf_of", "command", "element", "bundle_id", "instance_id", "prev", "body_digest")


@given(st.fixed_dictionaries({name: st.none() | TEXT for name in COLUMNS}), st.integers(0, 2**53 - 1),
       st.datetimes(datetime.fromisoformat("1000-01-01"), datetime.fromisoformat("9999-12-31"), timezones=st.just(UTC)))
def test_hash_of_a_header_is_that_of_its_canonical_json(texts: dict[str, str | None], seq: int, at: datetime) -> None:
    event = {**texts, "seq": seq, "at": at}
    written = canonical.dumps([history.DOMAIN, {**event, "at": history.iso(event["at"])}])
    assert history.event_hash(event) == canonical.digest(written)
