"""Request bodies into pydantic models, with errors that name fields and never values."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ledger_service.errors import BadRequest

Model = TypeVar("Model", bound=BaseModel)
MAX_PROBLEMS = 10


def parse_model(model: type[Model], value: Any) -> Model:
    """`value` as `model`. Raises BadRequest listing the places that do not fit."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise BadRequest(places(error.errors(include_input=False, include_url=False, include_context=False))) from None


def places(errors: Any) -> str:
    """`field: kind` for each error, at most ten."""
    listed = [f"{'.'.join(str(part) for part in item['loc'])[:80]}: {item['type']}" for item in errors[:MAX_PROBLEMS]]
    return "; ".join(listed)
