"""Makes the service's certificate, and the list of authorities that every contestant trusts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import certifi
import trustme


@dataclass(frozen=True)
class Trust:
    """Names two PEM files.

    Attributes:
        certificate: the service's certificate and key.
        bundle: the usual public authorities, and the one that signed `certificate`. It is as long as in
            production: reading it takes tens of milliseconds, which some contestants spend for every wait.
    """

    certificate: Path
    bundle: Path


@contextmanager
def new_trust() -> Iterator[Trust]:
    authority = trustme.CA()
    with TemporaryDirectory(prefix="bench-") as folder:
        trust = Trust(Path(folder) / "service.pem", Path(folder) / "authorities.pem")
        authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(
            str(trust.certificate)
        )
        ours = authority.cert_pem.bytes().decode()
        trust.bundle.write_text(f"{Path(certifi.where()).read_text()}\n{ours}")
        yield trust
