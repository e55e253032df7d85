"""The documents at the root are true: their examples run, their map is whole, their settings are all there are."""

import doctest
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAPPED = ("alembic", "benchmarks", "db", "pages", "portal", "services", "streamlit_config")


def test_every_example_in_the_documents_is_true() -> None:
    failed = {}
    for document in sorted(ROOT.glob("*.md")):
        outcome = doctest.testfile(str(document), module_relative=False, encoding="utf-8")
        if outcome.failed:
            failed[document.name] = outcome.failed
    assert failed == {}


def test_the_map_names_every_folder_and_file_and_nothing_else() -> None:
    text = _read("ARCHITECTURE.md").partition("\n## The map\n")[2]
    mapped = re.findall(r"^- `([^`]+)`: \S", text, flags=re.MULTILINE)
    assert len(mapped) == len(set(mapped))
    assert sorted(set(mapped) ^ set(_mappable())) == []


def test_the_readme_tells_of_every_setting() -> None:
    code = "".join(
        path.read_text("utf-8") for package in ("portal", "services", "db") for path in _files(package, ".py")
    )
    assert {name for name in re.findall(r"\bPORTAL_[A-Z_]+\b", code) if f"`{name}`" not in _read("README.md")} == set()


def _mappable() -> Iterator[str]:
    for top in MAPPED:
        folders = {path.parent for path in _files(top)}
        folders |= {above for folder in folders for above in folder.parents if above != ROOT and ROOT in above.parents}
        yield from (f"{folder.relative_to(ROOT)}/" for folder in folders)
        yield from (str(path.relative_to(ROOT)) for path in _files(top, ".py", ".toml", ".js", ".css"))
    yield "tests/"
    inside = (path.relative_to(ROOT / "tests").parts for path in _files("tests"))
    yield from {f"tests/{parts[0]}/" for parts in inside if len(parts) > 1}


def _files(top: str, *endings: str) -> list[Path]:
    """Return the files of a folder as they are kept: nothing that Python, npm or a person's own settings left there."""
    return [
        path
        for path in (ROOT / top).rglob("*")
        if path.is_file()
        and (not endings or path.suffix in endings)
        and not {"__pycache__", "node_modules"} & set(path.parts)
        and path.name != "secrets.toml"
    ]


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")
