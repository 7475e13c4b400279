"""What our comments carry: the mark, unseen, by which they are known as ours, and the link to our page of the item."""

from __future__ import annotations


def marker(tag: str, item_id: int) -> str:
    """What our comment on an item carries, unseen: `<!-- plumbline:1:tag:item -->` once rendered."""
    return f"{marker_prefix(tag)}:{item_id:x}"


def marker_prefix(tag: str) -> str:
    """What every comment of this installation carries, whatever the item."""
    return f"plumbline:1:{tag}"


def page_of(base_url: str, item_id: int) -> str:
    """Our own page about an item."""
    return f"{base_url}/i/{item_id}"
