"""Claims a name for one instance of a mapped task, so that another instance does not land on it.

A claim is a small object next to where the picture will be, which one instance alone can create. It is never
removed: an instance that begins when another one has ended must find it too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place

#: The folder they are in, next to the pictures.
CLAIMS = ".phota-claims"


@dataclass(frozen=True)
class Claimant:
    """Is one of the instances of a mapped task.

    Attributes:
        run: identifies the instance and its siblings, and nothing else.
        name: tells it from its siblings, in messages too.
    """

    run: str
    name: str


def claim_of(stem: Place, claimant: Claimant) -> Place:
    """Returns the place of the claim to a file that several instances may want.

    Args:
        stem: the name of the file, without its extension.
        claimant: one of them.
    """
    digest = hashlib.sha256(f"{claimant.run}\x00{stem.name}".encode()).hexdigest()
    return stem.parent / CLAIMS / digest[:32]


def holder_of(claim: Place, claimant: Claimant) -> str:
    """Returns the name of the instance that has a claim: the claimant, unless a sibling was first."""
    if claim.protocol not in OBJECT_STORES:
        claim.fs.makedirs(claim.folder, exist_ok=True)
    if objects.create(claim, claimant.name.encode()):
        return claimant.name
    return objects.read(claim).decode()
