"""The OpenAPI document with our problems in it, and a page of it that needs nothing from the internet."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from console.api.shapes import Problem
from console.look import asset
from console.problems import MEDIA_TYPE

_METHODS = ("get", "post")
_ALWAYS = ("401", "403", "404", "405", "413", "422", "429", "500", "503")
_FOR_COMMANDS = ("400", "409", "504")
_SERVERS = [{"url": "/api"}]
_DESCRIPTION = (
    "The HTTP API of Gatehouse. Lists answer `{items, next}`. Every error is a problem document (RFC 9457). "
    "Send `Authorization: Bearer TOKEN`, or use the session of the pages. `docs/api.md` says more."
)


def describe(app: FastAPI) -> None:
    """Makes `app.openapi()` give the completed document."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _completed(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="Gatehouse", version=app.version, description=_DESCRIPTION, routes=app.routes, servers=_SERVERS
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = Problem.model_json_schema()
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {"Problem": {"description": "What is wrong", "content": content}}
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "gatehouse_session"},
    }
    made["security"] = [{"token": []}, {"session": []}]
    for operations in made["paths"].values():
        for method, operation in operations.items():
            if method in _METHODS:
                _complete(operation, method)
    return made


def _complete(operation: dict[str, Any], method: str) -> None:
    for status in (*_ALWAYS, *(_FOR_COMMANDS if method == "post" else ())):
        operation["responses"][status] = {"$ref": "#/components/responses/Problem"}


def page(document: dict[str, Any], url: str) -> str:
    """The document as one plain page."""
    parts = [
        f"<h1>Gatehouse API</h1><p>{_text(document['info']['description'])}</p>"
        f'<p>The document itself, for tools: <a href="{escape(url)}">{escape(url)}</a></p>'
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                parts.append(_section(path, method, operation, document))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Gatehouse API</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{asset('api/docs.css')}</style></head><body>{''.join(parts)}</body></html>"
    )


def _section(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    rows = [
        _row(one["name"], one["in"], _kind(one.get("schema", {})), one.get("description", ""))
        for one in operation.get("parameters", ())
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in body:
        schema = document["components"]["schemas"][body["$ref"].rpartition("/")[2]]
        needed = schema.get("required", ())
        rows += [
            _row(name, "body", _kind(field), "required" if name in needed else "")
            for name, field in schema["properties"].items()
        ]
    text = _text(operation.get("description", ""))
    table = f"<table>{''.join(rows)}</table>" if rows else ""
    return (
        f"<section><h2><b>{method.upper()}</b> /api{escape(path)}</h2>"
        f"<div>{_text(operation.get('summary', ''))}</div><div class=muted>{text}</div>{table}</section>"
    )


def _row(name: str, place: str, kind: str, words: str) -> str:
    cells = (f"<code>{escape(name)}</code>", escape(place), escape(kind), _text(words))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"several: {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", ""))


def _text(words: str) -> str:
    return escape(words).replace("\n\n", "<br>")
