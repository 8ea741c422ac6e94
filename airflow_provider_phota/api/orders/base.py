"""Defines what the rest of the package knows of an order, whichever model it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol, Self

#: Models, as the vendor's pages name them.
EDIT_MODEL = "phota-image-edit"
GENERATE_MODEL = "phota-image"
ENHANCE_MODEL = "phota-image-enhance"
PROFILE_MODEL = "phota-create-profile"
PHOTA_MODELS = (EDIT_MODEL, GENERATE_MODEL, ENHANCE_MODEL, PROFILE_MODEL)


class Order(Protocol):
    """Asks for one PHOTA task; it is checked, and nothing of it was sent yet.

    An order is a frozen dataclass whose `checked` makes it from what a user gave.

    Attributes:
        model: the PHOTA model that it asks for.
        files_argument: the argument by which a user names its files, for messages.
    """

    model: ClassVar[str]
    files_argument: ClassVar[str]

    @property
    def files(self) -> tuple[str, ...]:
        """The pictures or archives that the service reads, by the URLs or paths that name them."""

    @property
    def outputs(self) -> int:
        """How many pictures it asks for; each is billed on its own. A profile has no pictures."""

    @property
    def profile_ids(self) -> tuple[str, ...]:
        """The profiles that the result depends on."""

    def with_files(self, names: Mapping[str, str]) -> Self:
        """Returns the same order with its files under other names, such as the URLs they were published at.

        Args:
            names: the new name by the old one; a file that is not in it keeps its name.
        """

    def body(self) -> bytes:
        """Returns the JSON that the service gets, with the defaults of what the user left out.

        What has no default, such as `creativity`, is in it only if the user gave it. With its files named by
        their content, the body is what the ledger recognises the order by: if the body of an order changes,
        the next version no longer finds what this one paid for.
        """
