"""What somebody uploads, on its way to the use cases: the choice of a source, and files that can be read again."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Protocol

from db.vocabulary import ImportKind
from services import exchange
from services.access import Access
from services.intake.profile_file import load_profile, shipped_profiles
from services.intake.views import Incoming, Preview, Started

OWN = "own"
"""The choice of a profile that the person brings along."""


class Uploaded(Protocol):
    """A file as Streamlit keeps it."""

    @property
    def name(self) -> str: ...
    @property
    def file_id(self) -> str: ...
    def getbuffer(self) -> memoryview: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """What is imported and how it is read: a shipped profile, or the uploaded one that `own` holds."""

    kind: ImportKind
    profile: str
    own: Uploaded | None = None

    @property
    def ready(self) -> bool:
        """Whether there is a profile to read by."""
        return self.profile in shipped_profiles() or (self.profile == OWN and self.own is not None)

    def key(self, files: Sequence[Uploaded]) -> tuple[str, ...]:
        """Everything that a preview depends on."""
        own = self.own.file_id if self.own else ""
        return (self.kind.value, self.profile, own, *(file.file_id for file in files))


def sources(kind: ImportKind) -> tuple[str, ...]:
    """Name the shipped profiles that hold such rows, our own template first, and behind them the person's own."""
    shipped = [name for name in shipped_profiles() if kind in _kinds(name)]
    return (*sorted(shipped, key=lambda name: (name != "huixiang", name)), OWN)


def preview(access: Access, *, files: Sequence[Uploaded], choice: Choice, rows: int) -> Preview:
    """Read the first rows of an upload; raises FileRefused."""
    with _profile(choice) as profile:
        return exchange.preview_import(access, files=_incoming(files), profile=profile, kind=choice.kind, rows=rows)


def start(access: Access, *, files: Sequence[Uploaded], choice: Choice, request_id: str) -> Started:
    """Queue the import of an upload; raises FileRefused."""
    with _profile(choice) as profile:
        return exchange.start_import(
            access, files=_incoming(files), profile=profile, kind=choice.kind, request_id=request_id
        )


# ---------------------------------------------------------------------------------------------------------------------


@cache
def _kinds(profile: str) -> frozenset[ImportKind]:
    return frozenset(load_profile(profile).kinds)


def _incoming(files: Sequence[Uploaded]) -> list[Incoming]:
    """Give the files from their beginning, under their bare names: a browser may send a path."""
    return [Incoming(plain_name(file.name), io.BytesIO(file.getbuffer())) for file in files]


def plain_name(name: str) -> str:
    """Give the last part of a name that may be a path of either system.

    >>> plain_name("../../etc/orders.csv"), plain_name(r"C:\\data\\orders.csv")
    ('orders.csv', 'orders.csv')
    """
    return PurePath(name.replace("\\", "/")).name or "-"


@contextmanager
def _profile(choice: Choice) -> Iterator[str]:
    """Give the profile's name, or for the length of a block the path at which the uploaded one lies."""
    if choice.own is None:
        yield choice.profile if choice.profile in shipped_profiles() else ""
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / plain_name(choice.own.name)
        path.write_bytes(choice.own.getbuffer())
        yield str(path)
