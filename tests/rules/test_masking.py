"""What of a citizen's name and number is shown where nobody needs the whole of it."""

import doctest

from services.rules import masking


def test_the_examples_of_the_module_are_true() -> None:
    outcome = doctest.testmod(masking)
    assert (outcome.failed, outcome.attempted) == (0, 2)


def test_the_middle_of_a_number_never_comes_through() -> None:
    for phone in ("13812345678", "020-83191234", "+86 138 1234 5678", "1234567", "12345"):
        shown = masking.masked_phone(phone) or ""
        assert "****" in shown
        assert phone not in shown
