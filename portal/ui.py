"""The script that Streamlit runs for every click; what it draws is in portal.layout."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Streamlit puts this script's folder first on the path; there our modules could stand before somebody else's.
sys.path[:] = [str(ROOT), *(entry for entry in sys.path if Path(entry) not in (ROOT, ROOT / "portal"))]

from portal.layout import draw  # noqa: E402  (only after the path is right)

draw()
