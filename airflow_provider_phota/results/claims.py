"""Which instance of a mapped task a name belongs to, where two of them could land on one another.

A claim is a small object next to where the picture will be, which one instance alone can create. It is never
removed: an instance that begins when another one has ended must find it too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place

#: Where they lie, beside the pictures.
CLAIMS = ".phota-claims"


@dataclass(frozen=True)
class Claimant:
    """One of the instances of a mapped task.

    Attributes:
        run: what its siblings have in common with it, and nothing else has.
        name: what tells it from its siblings, for messages too.
    """

    run: str
    name: str


def claim_of(stem: Place, claimant: Claimant) -> Place:
    """Where the claim of a file lies that several instances may want.

    Args:
        stem: the name of the file, without its extension.
        claimant: one of them.
    """
    digest = hashlib.sha256(f"{claimant.run}\x00{stem.name}".encode()).hexdigest()
    return stem.parent / CLAIMS / digest[:32]


def holder_of(claim: Place, claimant: Claimant) -> str:
    """The name of the instance that has a claim: the claimant's own, unless a sibling has it already."""
    if claim.protocol not in OBJECT_STORES:
        claim.fs.makedirs(claim.folder, exist_ok=True)
    if objects.create(claim, claimant.name.encode()):
        return claimant.name
    return objects.read(claim).decode()
