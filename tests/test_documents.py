"""The examples in the documents at the root are run as they stand."""

import doctest
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_example_in_the_documents_is_true() -> None:
    failed = {}
    for document in sorted(ROOT.glob("*.md")):
        outcome = doctest.testfile(str(document), module_relative=False, encoding="utf-8")
        if outcome.failed:
            failed[document.name] = outcome.failed
    assert failed == {}
