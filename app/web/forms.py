"""Forms: what was typed, read into a pydantic model, and what is wrong with it in words, by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict

from rules.mistakes import in_words

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class Form:
    """A form on a page: the texts in its fields, and by field name what is wrong there."""

    values: Mapping[str, object] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """What stands in a field."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def has(self, name: str, value: object) -> bool:
        """Whether one of several boxes of a field is ticked."""
        found = self.values.get(name, ())
        return str(value) in (found if isinstance(found, list | tuple) else (found,))

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors


def read(model: type[M], sent: MultiDict[str, str], *, lists: Iterable[str] = ()) -> tuple[M | None, Form]:
    """Read what was sent into a model, and give the form to show again; None where something is wrong.

    Texts are trimmed; an empty one counts as not given. `lists` names fields that may be sent several times. Fields of
    the model that were not sent have their defaults; what the model does not know is left out.
    """
    many = set(lists)
    values: dict[str, object] = {
        name: [text.strip() for text in sent.getlist(name) if text.strip()] if name in many else sent[name].strip()
        for name in model.model_fields
        if name in sent or name in many
    }
    form = Form(values=values)
    try:
        return model.model_validate({name: value for name, value in values.items() if value != ""}), form
    except ValidationError as error:
        for detail in error.errors():
            form.errors.setdefault(str(detail["loc"][0]) if detail["loc"] else "", in_words(detail))
        return None, form
