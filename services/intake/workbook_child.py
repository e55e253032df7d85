"""The jail: a process of its own that may use little memory and time and write no file parses one workbook.

Run as `python -I workbook_child.py FILE SHEET`; prints one JSON list a row, then one object that says how it ended.
"""

import json
import resource
import sys
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

_MEMORY = 2 * 1024**3
_CPU_SECONDS = 60


def main(path: str, sheet: str) -> None:
    """Close the jail, then parse."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Imported only here, so that the parser's own native code already runs inside the limits.
    from python_calamine import SheetVisibleEnum, load_workbook  # noqa: PLC0415

    try:
        book = load_workbook(path)
        names = [found.name for found in book.sheets_metadata if found.visible == SheetVisibleEnum.Visible]
        if not names or (sheet and sheet not in names):
            _say({"state": "no_sheet", "sheets": names})
            return
        for row in book.get_sheet_by_name(sheet or names[0]).iter_rows():
            _say([_text(cell) for cell in row])
    except MemoryError:
        _say({"state": "memory"})
    except Exception as error:
        _say({"state": type(error).__name__})
    else:
        _say({"state": "done"})


def _say(what: Iterable[str] | dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=True) + "\n")


def _text(cell: object) -> str:
    """Write a cell as a person would read it: whole numbers without a point, days without midnight."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        text = cell.strftime("%Y-%m-%d %H:%M:%S")
        return text.removesuffix(" 00:00:00")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return str(cell)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
