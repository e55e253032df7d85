"""What streamlit_config/ says, as the options that Streamlit's server is started with."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streamlit import config

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "streamlit_config"
DEMO_HEADER = "x-portal-sign-in"
"""The header by which the frame tells Streamlit which demo sign-in a websocket belongs to."""
DEMO_KEY = "portal_sign_in"
"""The name of the same fact in st.user."""

_known = config._config_options_template
"""Streamlit's list of options, the one that App.run checks against; there is no public way to it."""


def streamlit_options(
    environment: Mapping[str, str] = os.environ, *, demo: bool = False, port: int | None = None
) -> dict[str, Any]:
    """The options of the server: config.toml, then STREAMLIT_... variables, then what the command line says.

    App.run reads neither file nor variables by itself. In the demonstration the address is loopback whatever
    is configured, and only there a header is trusted, for only there something stands in front that sets it.
    """
    written = tomllib.loads((FOLDER / "config.toml").read_text("utf-8"))
    options = _flat(written)
    for name, option in _known.items():
        if not option.sensitive and option.env_var in environment:
            options[name] = _read(environment[option.env_var], option.default_val)
    if port is not None:
        options["server.port"] = port
    options.setdefault("secrets.files", [str(secrets_file(environment))])
    options["server.enableAgentApi"] = False
    options["server.trustedUserHeaders"] = {DEMO_HEADER: DEMO_KEY} if demo else {}
    if demo:
        options["server.address"] = "127.0.0.1"
        options["server.allowedHosts"] = ["localhost", "127.0.0.1"]
    return options


def secrets_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the provider's secrets and the mapping of claims are kept."""
    return Path(environment.get("PORTAL_SECRETS", FOLDER / "secrets.toml"))


# --------------------------------------------------------------------------------------------------


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if name in _known:
            flat[name] = value
        elif isinstance(value, Mapping):
            flat.update(_flat(value, f"{name}."))
        else:
            raise KeyError(f"streamlit_config/config.toml: unknown option {name}")
    return flat


def _read(raw: str, default: object) -> bool | int | str | list[str]:
    if isinstance(default, bool):
        return raw.strip().lower() in {"1", "true", "yes", "on"}
    if isinstance(default, int):
        return int(raw)
    if isinstance(default, list):
        return raw.replace(",", " ").split()
    return raw
