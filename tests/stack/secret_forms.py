"""Knows the forms in which a secret may be seen."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus


def forms_of(secret: str) -> set[bytes]:
    """The key as it is, quoted, escaped, in repr, and in base64 wherever it may stand in a longer text."""
    texts = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    texts |= {repr(secret)[1:-1], secret.split("/", maxsplit=1)[0]}
    coded = {
        base64.b64encode(b"x" * before + secret.encode())[4 if before else 0 : -4].strip(b"=")
        for before in range(3)
    }
    return {text.encode() for text in texts} | coded
