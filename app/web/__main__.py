"""The web part: `python -m app.web`, which is what `plumbline web` becomes."""

from __future__ import annotations

from app.log import configure_logging
from app.process import die_with_parent
from app.settings import load_settings
from app.web.server import serve

if __name__ == "__main__":
    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    die_with_parent()
    serve(settings)
