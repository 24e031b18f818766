"""Where the bytes of documents are: in the database, or in an S3-compatible object store (`DOCUMENT_STORE`).

`DOCUMENT_STORE=s3://bucket?endpoint=https://host[:port][&region=…][&prefix=…]`; the key pair is `DOCUMENT_STORE_KEY` and
`DOCUMENT_STORE_SECRET`. An object is called by the SHA-256 of its content, so writing it twice is writing it once.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

import urllib3
from minio import Minio
from minio.error import S3Error

from engine.errors import NotFound
from engine.settings import Settings

TIMEOUT = urllib3.Timeout(connect=5, read=30)


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """One bucket."""

    client: Minio
    bucket: str
    prefix: str

    def put(self, sha256: str, data: bytes, media_type: str) -> None:
        """Keep `data` under its digest."""
        self.client.put_object(self.bucket, self.prefix + sha256, io.BytesIO(data), len(data), content_type=media_type)

    def get(self, sha256: str) -> bytes:
        """The bytes under a digest. `NotFound` if the store has lost them."""
        try:
            reply = self.client.get_object(self.bucket, self.prefix + sha256)
        except S3Error as problem:
            if problem.code in ("NoSuchKey", "NoSuchObject"):
                raise NotFound(kind="document_content", id=sha256) from problem
            raise
        try:
            return bytes(reply.read())
        finally:
            reply.close()
            reply.release_conn()

    def remove(self, sha256: str) -> None:
        """Destroy what is under a digest; nothing there is as good."""
        self.client.remove_object(self.bucket, self.prefix + sha256)


def store(settings: Settings) -> ObjectStore | None:
    """The object store that the settings name; None: the database keeps the bytes."""
    return _opened(settings.document_store, settings.document_store_key, settings.document_store_secret)


@lru_cache(maxsize=4)
def _opened(address: str, key: str, secret: str) -> ObjectStore | None:
    if not address:
        return None
    parts = urlsplit(address)
    options = {name: found[0] for name, found in parse_qs(parts.query).items()}
    endpoint = urlsplit(options.get("endpoint", ""))
    if parts.scheme != "s3" or not parts.netloc or endpoint.scheme not in ("http", "https") or not endpoint.netloc:
        raise ValueError(f"DOCUMENT_STORE={address!r}: expected s3://bucket?endpoint=https://host")
    client = Minio(endpoint.netloc, access_key=key, secret_key=secret, secure=endpoint.scheme == "https",
                   region=options.get("region", "us-east-1"),
                   http_client=urllib3.PoolManager(timeout=TIMEOUT, maxsize=10, retries=urllib3.Retry(2)))
    return ObjectStore(client, parts.netloc, options.get("prefix", ""))
