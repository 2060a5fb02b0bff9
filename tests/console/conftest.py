"""The console's app on a small estate, asked over HTTP without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from console.app import create_app
from tests.console.town import Town, town


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    """An estate in running order."""
    with town(tmp_path) as made:
        yield made


@pytest.fixture
def client(place: Town) -> Iterator[TestClient]:
    """A client with no credentials."""
    app = create_app(place.context(), pages=False)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def desk(place: Town) -> Iterator[TestClient]:
    """A client with an operator's token."""
    app = create_app(place.context(), pages=False)
    headers = {"Authorization": "Bearer operator-token"}
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False, headers=headers) as made:
        yield made
