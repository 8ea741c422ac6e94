"""Reads the page that a browser gets from the emulator."""

from html.parser import HTMLParser

import requests
from emulator_client import Client

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Page(HTMLParser):
    """Collects the elements of a page and its text, as a browser would understand it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [has for name, has in self.tags if name == tag and wanted.items() <= has.items()]

    @property
    def cards(self) -> list[str]:
        return [str(has["id"]) for has in self.all("li") if "data-look" in has]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def words(self) -> str:
        """The text in one line, with a space between elements."""
        return " ".join(" ".join(self.pieces).split())


def front(client: Client, query: str = "") -> Page:
    answer = requests.get(f"{client.url}/{query}", headers=BROWSER, timeout=20)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return Page(answer.text)
