"""All operations of the API, gathered: importing them writes them down."""

from __future__ import annotations

from app.web.api import changes, operate, reads
from app.web.api.blueprint import api, blueprint

__all__ = ["api", "blueprint", "changes", "operate", "reads"]
