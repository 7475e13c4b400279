"""Histories as files: plain or packed, told by what is in them, read and written a line at a time."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

LONGEST_LINE = 32 * 1024 * 1024
"""Bytes of one line: no item is as long, and what is must not fill the memory."""
PACKED = b"\x1f\x8b"


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file. Raises ValueError, in words, where it cannot be read to its end."""
    with path.open("rb") as raw:
        packed = raw.read(2) == PACKED
        raw.seek(0)
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
        try:
            while line := stream.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise ValueError(f"a line is longer than {LONGEST_LINE // 2**20} MiB")
                yield line
        except (EOFError, zlib.error) as error:
            raise ValueError("the packed file is cut off or damaged") from error
        except gzip.BadGzipFile as error:
            raise ValueError("the packed file is damaged") from error


def write(lines: Iterable[str], path: Path) -> None:
    """Write a file whole or not at all; packed where its name ends in .gz."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as raw:
            if path.name.endswith(".gz"):
                with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as stream:
                    put(lines, cast("IO[bytes]", stream))
            else:
                put(lines, raw)
        part.replace(path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def put(lines: Iterable[str], stream: IO[bytes]) -> None:
    """Write lines to a stream of bytes."""
    for line in lines:
        stream.write(line.encode())
        stream.write(b"\n")
