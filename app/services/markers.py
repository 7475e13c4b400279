"""What our comments carry, unseen, so that they are known as ours: whose they are, and on which item."""

from __future__ import annotations


def marker(tag: str, item_id: int) -> str:
    """What our comment on an item carries, unseen: `<!-- plumbline:1:tag:item -->` once rendered."""
    return f"{marker_prefix(tag)}:{item_id:x}"


def marker_prefix(tag: str) -> str:
    """What every comment of this installation carries, whatever the item."""
    return f"plumbline:1:{tag}"
