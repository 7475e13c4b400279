"""The recording that is shipped with the product: see `tools/make_demo.py` for what it is made of."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from integrations.sandbox.recording import Recording, read


@contextmanager
def demo_recording() -> Iterator[Recording]:
    """Open the shipped recording; its entries can be read while the context is open."""
    packed = files("integrations.sandbox").joinpath("data", "demo.jsonl.gz")
    with packed.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:
        yield read(io.TextIOWrapper(unpacked, encoding="utf-8"))
