"""Uploads on disk: kept under names of our own, counted while they are written."""

import fcntl
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from services.intake.problems import FileRefused, Refusal
from services.intake.views import Incoming

HELD = "held"
"""A file beside the uploads that a process locks while it works on them; however it ends, the lock ends with it."""

_PIECE = 1 << 20


def stored_name(position: int) -> str:
    """The name under which an upload is kept: never one that its sender chose."""
    return f"{position:05d}"


def store_files(folder: Path, files: Sequence[Incoming], limit: int) -> tuple[list[tuple[Path, str]], str]:
    """Write the files under names of our own, stopping at the limit; give them with their joint SHA-256."""
    if not files:
        raise FileRefused(Refusal.FILE_MISSING, file="")
    digest, stored = hashlib.sha256(), list[tuple[Path, str]]()
    for position, file in enumerate(files):
        path, size = folder / stored_name(position), 0
        with path.open("wb") as out:
            while piece := file.content.read(_PIECE):
                size += len(piece)
                if size > limit:
                    raise FileRefused(Refusal.FILE_TOO_LARGE, file=file.name, size=size, limit=limit)
                digest.update(piece)
                out.write(piece)
        if size == 0:
            raise FileRefused(Refusal.FILE_EMPTY, file=file.name)
        stored.append((path, file.name))
    return stored, digest.hexdigest()


def estimate_rows(stored: Sequence[tuple[Path, str]]) -> int | None:
    """Estimate the rows by the line breaks; a workbook does not tell before it is read."""
    lines = 0
    for path, _ in stored:
        with path.open("rb") as file:
            if file.read(2) == b"PK":
                return None
            while piece := file.read(_PIECE):
                lines += piece.count(b"\n")
    return lines


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Hold the uploads in a folder for the length of a block; says no where somebody does, or they are not here."""
    try:
        file = (folder / HELD).open("w")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
