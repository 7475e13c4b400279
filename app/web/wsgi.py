"""What the server loads: `app.web.wsgi:application`."""

from __future__ import annotations

from app import bootstrap
from app.web.app import create_app

application = create_app(bootstrap.runtime())
