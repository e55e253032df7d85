"""The demonstration's own callback policy: whoever tries the portal does so at any hour, and calls nobody real."""

import tomllib
from datetime import date
from importlib.resources import files
from typing import Any

from db.reference import CallbackPolicy
from services.rules import callback_policy

CODE = "demonstration"
PARTS = (
    ("night", "00:00", "09:00"),
    ("morning", "09:00", "12:00"),
    ("noon", "12:00", "14:00"),
    ("afternoon", "14:00", "18:00"),
    ("evening", "18:00", "23:59"),
)


def policy_of(effective_from: date) -> CallbackPolicy:
    """Return the row of the shipped policy with the hours of the whole day, in force from a day on."""
    shipped = files("services.rules").joinpath("callback_policy.toml").read_text("utf-8")
    document: dict[str, Any] = tomllib.loads(shipped)
    document |= {"code": CODE, "version": 1, "effective_from": effective_from.isoformat()}
    document["day_parts"] = {
        "assumption": True,
        "source": "Only for the demonstration, in which nobody is called.",
        "value": [{"code": code, "from": begins, "to": ends} for code, begins, ends in PARTS],
    }
    parsed = callback_policy.parse(document)
    return CallbackPolicy(
        code=parsed.code,
        version=parsed.version,
        effective_from=parsed.effective_from,
        document=document,
        fingerprint=parsed.fingerprint,
        assumption=bool(parsed.assumptions),
    )
