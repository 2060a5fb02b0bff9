"""All rows of all read models, to compare."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select

from projections.base import MODELS


def all_rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every model as its readers see it, in a fixed order."""
    with engine.connect() as connection:
        return {
            model.name: sorted((tuple(row) for row in connection.execute(select(model))), key=repr)
            for model in MODELS.sorted_tables
        }
