"""Finds the Chromium that the browser journeys drive, or installs one, or says why there is none.

Imported, `find()` answers with a path or nothing, and changes nothing. Run as a script, it installs what is
missing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEBIAN_PACKAGES = ("chromium", "fonts-noto-cjk")


def find() -> str | None:
    """Answer with the Chromium on the path, or with the one that Playwright downloaded."""
    for name in NAMES:
        if (path := shutil.which(name)) and _runs(path):
            return path
    return _playwright_browser()


def chinese_is_drawn() -> bool:
    """Say whether a Chinese font is installed; without one, screenshots would show boxes for characters."""
    if shutil.which("fc-list") is None:
        return sys.platform != "linux"
    fonts = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    return bool(fonts.stdout.strip())


def main() -> int:
    """Make sure of a Chromium and a Chinese font, and print where the Chromium is."""
    if find() is None or not chinese_is_drawn():
        _install()
    browser = find()
    if browser is None:
        _say(
            "No Chromium: none on the path, and neither apt-get nor Playwright's own download brought one. "
            "Install Chromium and run again; the browser journeys are not skipped."
        )
        return 1
    if not chinese_is_drawn():
        _say("No Chinese font is installed (Debian: fonts-noto-cjk): the screenshots will show empty boxes.")
    sys.stdout.write(f"Chromium: {browser}\n")
    return 0


# ---


def _install() -> None:
    if _may_use_apt():
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        _try(["apt-get", "update", "-qq"], environment)
        _try(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *DEBIAN_PACKAGES], environment)
    if find() is None:
        _try([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def _runs(path: str) -> bool:
    """Ask it for its version: some distributions put a script of that name where the browser is not."""
    asked = subprocess.run([path, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return asked.returncode == 0


def _may_use_apt() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def _try(command: list[str], environment: dict[str, str]) -> None:
    """Run one step; a step that fails is told, and what it was to bring is looked for afterwards anyway."""
    _say("$ " + " ".join(command))
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        _say(f"  failed with exit code {done.returncode}")


def _playwright_browser() -> str | None:
    """Look where Playwright keeps its browsers, without starting its driver."""
    roots = [Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"]
    if named := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        roots.insert(0, Path(named))
    patterns = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
    for root in roots:
        for pattern in patterns:
            if found := sorted(root.glob(pattern)):
                return str(found[-1])
    return None


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
