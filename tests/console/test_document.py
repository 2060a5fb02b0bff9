"""The OpenAPI document: what it says is so (schemathesis asks everything), and docs/api.md says the same."""

from __future__ import annotations

import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.console.town import Town
from tests.support.examples import TIMES
from tests.support.parts import ROOT

EXAMPLES = 6
OPERATOR = {"Authorization": "Bearer operator-token"}


def test_every_operation_answers_as_the_document_says(place: Town, client: TestClient) -> None:
    place.alert("garage")
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", client.app)
    # A stream never ends: tests/console/test_stream.py asks it.
    asked = schema.exclude(path="/v1/stream")
    checked = 0
    for found in asked.get_all_operations():
        for mode in GenerationMode:
            _ask(found.ok().as_strategy(generation_mode=mode))
        checked += 1
    assert checked >= 14


def _ask(cases: SearchStrategy[schemathesis.Case]) -> None:
    @given(case=cases)
    @settings(
        max_examples=EXAMPLES * TIMES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        # No schema says which cursors are ours, or which hour is not over yet.
        case.call_and_validate(headers=OPERATOR, excluded_checks=[positive_data_acceptance])

    ask()


def test_the_page_of_the_document_needs_nothing_from_afar(client: TestClient) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert "src=" not in page.text
    assert "https://" not in page.text
    for path in client.get("/api/openapi.json").json()["paths"]:
        assert path in page.text


def test_docs_list_every_operation(client: TestClient) -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    for path, operations in client.get("/api/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            assert f"`{method.upper()} /api{path}`" in text, f"docs/api.md doesn't have {method} {path}"
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    assert f"`{parameter['name']}`" in text, f"docs/api.md doesn't say {parameter['name']}"
