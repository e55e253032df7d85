"""Telephone numbers: how one is written so that it can be compared and dialled, and the link that dials it."""

import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from services.errors import PortalError

SHORTEST, LONGEST = 3, 20
"""Digits of a number that can be dialled: a service number of the city at least, an international one at most."""

DIAL_BY_DEFAULT = "tel:{number}"
SCHEMES = ("tel", "sip", "callto", "https")
VARIABLES = ("number", "reference", "extension", "order")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def bare(phone: str) -> str:
    """Return a number as it is dialled: its digits, after a plus where it is one from abroad.

    The country's own prefix is left out, so that one number is the same however it was written.

    >>> bare("138-1234 5678"), bare("+86 138 1234 5678"), bare("0086-20-1234-5678"), bare("+852 1234 5678")
    ('13812345678', '13812345678', '2012345678', '+85212345678')
    """
    text = unicodedata.normalize("NFKC", phone).strip()
    digits = "".join(character for character in text if character in string.digits)
    if text.startswith("+") or digits.startswith("00"):
        # What was brought into this form once stays as it is: a plus stands where the two noughts stood.
        digits = digits if text.startswith("+") else digits.removeprefix("00")
        return digits[2:] if digits.startswith("86") and len(digits) > 9 else f"+{digits}"
    return digits


def problem_of(phone: str) -> str | None:
    """Return what is wrong with a number that somebody wrote down, or None.

    >>> problem_of("138 1234 5678"), problem_of(""), problem_of("after six"), problem_of("1" * 30)
    (None, 'required', 'not_a_phone', 'not_a_phone')
    """
    text = unicodedata.normalize("NFKC", phone).strip()
    if not text:
        return "required"
    strange = set(text) - set(string.digits + "+-() ")
    length = len(bare(text).removeprefix("+"))
    return "not_a_phone" if strange or not SHORTEST <= length <= LONGEST else None


@dataclass(frozen=True, slots=True)
class DialTemplate:
    """What the desk opens in order to call: a link with blanks for the number and what the telephone system may need.

    >>> dial = DialTemplate.parse("https://pbx.example/dial?to={number}&ref={reference}")
    >>> dial.link({"number": "+85212345678", "reference": "a b", "extension": "", "order": "GZ-1"})
    'https://pbx.example/dial?to=%2B85212345678&ref=a%20b'
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> "DialTemplate":
        """Return the template, or raise PortalError with what is wrong with it.

        A plain http link is refused but for this machine: the number of a citizen would cross the network in the open.
        """
        try:
            fields = [field for field in string.Formatter().parse(text) if field[1] is not None]
            filled = [urlsplit(text.format_map(dict.fromkeys(VARIABLES, digit))) for digit in "12"]
            places = {(one.scheme.lower(), one.netloc) for one in filled}
            host = filled[0].hostname or ""
        except (ValueError, LookupError, AttributeError) as wrong:
            raise PortalError("error.dial_url", url=text) from wrong
        blanks, scheme = {name for _, name, _, _ in fields}, filled[0].scheme.lower()
        right = (
            text.isascii() and text.isprintable() and " " not in text,
            scheme in SCHEMES or (scheme == "http" and host in _LOOPBACK),
            # A blank in the scheme or the host would let a number decide where it is sent.
            len(places) == 1 and (bool(host) or not scheme.startswith("http")),
            "number" in blanks and blanks <= set(VARIABLES),
            not any(spec or how for _, _, spec, how in fields),
        )
        if not all(right):
            raise PortalError("error.dial_url", url=text)
        return cls(text)

    def link(self, facts: Mapping[str, str]) -> str:
        """Return the link for one call, every fact escaped so that it stays one word of the link."""
        keep = "+" if self.text.lower().startswith(("tel:", "callto:", "sip:")) else ""
        return self.text.format_map({name: quote(facts.get(name, ""), safe=keep) for name in VARIABLES})
