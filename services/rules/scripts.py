"""What the agent says: a script with blanks, filled with the facts of one order.

>>> order = Called(number="GZ-1", title="路灯不亮", department="市城管局", name="王**", confidential=False)
>>> filled("{name}您好，关于{title}（{number}）", order, nameless="诉求人")
'王**您好，关于路灯不亮（GZ-1）'

The name is said only where the order is not confidential: somebody else may be listening.

>>> from dataclasses import replace
>>> filled("{name}您好", replace(order, confidential=True), nameless="诉求人")
'诉求人您好'
"""

import re
from dataclasses import dataclass

VARIABLES = ("number", "title", "department", "name")
_BLANK = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Called:
    """The facts of the order that a call is about, in the language that is spoken."""

    number: str
    title: str
    department: str
    name: str | None
    confidential: bool


def problem_of(script: str) -> str | None:
    """Return what is wrong with the blanks of a script, or None."""
    if any(name not in VARIABLES for name in _BLANK.findall(script)):
        return "unknown_variable"
    return "stray_brace" if re.search(r"[{}]", _BLANK.sub("", script)) else None


def filled(script: str, called: Called, *, nameless: str) -> str:
    """Return the script with its blanks filled once; braces in a title stay what the citizen wrote."""
    facts = {"number": called.number, "title": called.title, "department": called.department}
    facts["name"] = nameless if called.confidential or not called.name else called.name
    return _BLANK.sub(lambda blank: facts.get(blank[1], blank[0]), script)
