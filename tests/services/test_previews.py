"""What a preview says is what then happens: the flags of now, and what going live writes."""

from __future__ import annotations

from app.services.previews import ask, work
from app.services.previews.told import Result, question_of
from app.store.views.scope import Visible
from app.time import real_now
from rules.catalog.registry import TYPES
from rules.rulefile import RuleDraft, parse
from tests.services.test_order import HISTORY
from tests.world import World

START = min(hook.at for hook in HISTORY)
END = max(hook.at for hook in HISTORY)
EVERYTHING = Visible(secured=True)
PARAMS: dict[str, str] = {}


def drafts(mode: str) -> list[str]:
    return [f"{{name: {type_.name}, type: {type_.name}, mode: {mode}, severity: urgent}}" for type_ in TYPES]


def draft_of(text: str) -> RuleDraft:
    (found,) = parse(f"rules:\n- {text}\n", source="test")
    return found


def preview(world: World, draft: RuleDraft, *, visible: Visible = EVERYTHING, replaces: str | None = None) -> Result:
    """Ask, let the worker do it, and read what it says."""
    question = question_of(draft, replaces=replaces, visible=visible)
    preview_id = ask.ask(world.db, world.bells, question, who="ann", real=real_now())
    assert ("preview", preview_id) in world.bells.rung
    assert work.work_out(world.db, preview_id, ringer=world.bells)
    seen = ask.look(world.db, preview_id, who="ann", visible=visible)
    assert seen is not None
    assert (seen.state, seen.detail, seen.progress) == ("done", "", 1.0)
    return seen.result
