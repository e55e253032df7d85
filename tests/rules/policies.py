"""Callback policies for tests: the shipped one, and others that differ from it in what a test names."""

import tomllib
from importlib.resources import files
from typing import Any

from services.rules import callback_policy
from services.rules.callback_policy import CallbackPolicy


def shipped() -> dict[str, Any]:
    """Return the shipped document."""
    return tomllib.loads(files("services.rules").joinpath("callback_policy.toml").read_text("utf-8"))


def policy(**values: object) -> CallbackPolicy:
    """Return the shipped policy with other values, such as policy(max_attempts=5)."""
    document = shipped()
    for key, value in values.items():
        document[key] = {"value": value, "assumption": True, "source": "Made up for a test."}
    return callback_policy.parse(document)
