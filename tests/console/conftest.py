"""The console's app on a small estate, asked over HTTP without a network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from console.app import create_app
from tests.console.town import Town, town


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """An estate in running order, one for each file of tests."""
    with town(tmp_path_factory.mktemp("town")) as made:
        made.live_day()
        yield made


@pytest.fixture(scope="module")
def client(place: Town) -> Iterator[TestClient]:
    """A client with no credentials."""
    app = create_app(place.context(), pages=False)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as made:
        yield made


class Asking:
    """A client with a token, that knows the API's prefix."""

    def __init__(self, client: TestClient, word: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {word}-token"}

    def get(self, path: str, **params: object):  # type: ignore[no-untyped-def]
        return self._client.get(f"/api/v1/{path}", params=params, headers=self._headers)

    def post(self, path: str, *, language: str = "en", **body: object):  # type: ignore[no-untyped-def]
        headers = {**self._headers, "Accept-Language": language}
        return self._client.post(f"/api/v1/{path}", json=body, headers=headers)


@pytest.fixture
def desk(client: TestClient) -> Asking:
    """An operator's program."""
    return Asking(client, "operator")


@pytest.fixture
def wall(client: TestClient) -> Asking:
    """A viewer's."""
    return Asking(client, "viewer")


@pytest.fixture
def elsewhere(client: TestClient) -> Asking:
    """An operator's of another estate."""
    return Asking(client, "elsewhere")


@pytest.fixture
def nobody(client: TestClient) -> Asking:
    """A known token whose role has no rights."""
    return Asking(client, "nobody")
