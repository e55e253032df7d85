"""What is shown of a citizen's name and telephone number where nobody needs the whole of it."""


def masked_phone(phone: str | None) -> str | None:
    """Return a telephone number of which the middle cannot be read; a short one shows its last two digits only.

    >>> masked_phone("138-1234-5678"), masked_phone("12345"), masked_phone(None)
    ('138****5678', '****45', None)
    """
    digits = "".join(character for character in phone or "" if character.isalnum())
    if not digits:
        return None
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) > 8 else f"****{digits[-2:]}"


def masked_name(name: str | None) -> str | None:
    """Return the first character of a name, and at most three stars for the others.

    >>> masked_name("欧阳小明"), masked_name("王"), masked_name("")
    ('欧***', '王', None)
    """
    return name[0] + "*" * min(len(name) - 1, 3) if name else None
