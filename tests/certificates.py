"""Issues TLS certificates for servers of the tests."""

import hashlib
import ssl
from pathlib import Path

import trustme
from cryptography.x509 import Name, NameAttribute, load_pem_x509_certificate


class Certificates:
    """Signs certificates with an authority of its own."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.bundle = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.bundle)

    def hashed(self, folder: Path) -> Path:
        """Makes a folder that holds the authority under the name by which OpenSSL looks for it."""
        folder.mkdir()
        subject = load_pem_x509_certificate(self.bundle.read_bytes()).subject
        canonical = b"".join(
            Name([NameAttribute(part.oid, " ".join(str(part.value).lower().split()))]).public_bytes()[2:]
            for part in subject
        )
        number = int.from_bytes(hashlib.sha1(canonical, usedforsecurity=False).digest()[:4], "little")
        (folder / f"{number:08x}.0").write_bytes(self.bundle.read_bytes())
        return folder

    def server(self, *hosts: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*hosts).configure_cert(context)
        return context

    def file(self, *hosts: str) -> Path:
        """Writes one PEM file with a key and its certificate."""
        path = self._folder / f"{hosts[0]}.pem"
        self._authority.issue_cert(*hosts).private_key_and_cert_chain_pem.write_to_path(path)
        return path
