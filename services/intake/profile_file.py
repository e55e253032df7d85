"""Import profiles: a TOML file that says which column is which field, checked to the last key.

[profile]      name, source
[reading]      formats, encodings, separators, header, columns, sheet
[cells]        time_zone, dates, empty
[orders]       fields, constants, values.<field>, empty.<field>, closing, deadline, lookup.<field>
[ratings]      fields, constants, values.<field>, empty.<field>, answers.<question>, lookup.<field>
[ratings.order] the same as [orders], for answers that name no order: each row makes a closed order of its own

A column is a header (text), a position (a number from 1), `{ first = [...] }` for the first that is filled, or
`{ levels = [...] }` for the levels of a category or place.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from db.vocabulary import ImportKind
from services.intake.cleaning import ENCODINGS, same_name
from services.intake.moments import DateForm
from services.intake.problems import FileRefused, Refusal
from services.intake.profile import (
    CHOICES,
    FIELDS,
    LEVELLED,
    LOOKED_UP,
    NEEDED,
    OF_ANSWERS,
    AnswerColumn,
    Closing,
    Column,
    FileFormat,
    Lookup,
    Profile,
    Sheet,
    Unknown,
)
from services.rules.deadlines import CITY
from services.rules.document import CODE

T = TypeVar("T")

SHIPPED = Path(__file__).parent / "profiles"
"""Where the profiles lie that come with the portal."""


def shipped_profiles() -> tuple[str, ...]:
    """Name the profiles that come with the portal."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load_profile(name: str) -> Profile:
    """Read a shipped profile by name, or any other by its path."""
    path = SHIPPED / f"{name}.toml" if name in shipped_profiles() else Path(name)
    if not path.is_file():
        raise FileRefused(Refusal.PROFILE_MISSING, profile=name, shipped=", ".join(shipped_profiles()))
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _malformed(path.name, "", "not_toml", str(error)) from None
    return _Reader(path.name).profile(document)


# ----------------------------------------------------------------------------------------------------------


_FAULTS: Mapping[str, str] = {
    "missing": "error.import.profile.missing",
    "needed_with_map": "error.import.profile.needed_with_map",
    "needed_without_header": "error.import.profile.needed_without_header",
    "no_levels_here": "error.import.profile.no_levels_here",
    "not_a_choice": "error.import.profile.not_a_choice",
    "not_a_column": "error.import.profile.not_a_column",
    "not_a_header": "error.import.profile.not_a_header",
    "not_a_list": "error.import.profile.not_a_list",
    "not_a_position": "error.import.profile.not_a_position",
    "not_a_table": "error.import.profile.not_a_table",
    "not_a_zone": "error.import.profile.not_a_zone",
    "not_toml": "error.import.profile.not_toml",
    "too_long": "error.import.profile.too_long",
    "unknown_key": "error.import.profile.unknown_key",
    "unknown_word": "error.import.profile.unknown_word",
    "wrong_type": "error.import.profile.wrong_type",
}
"""What may be wrong with a key of a profile, and the words that say so."""


def _malformed(file: str, key: str, why: str, found: object = "", expected: str = "") -> FileRefused:
    """Make the refusal of one key: `why` leads to the remedy, `expected` lists what would be accepted."""
    refusal = FileRefused(Refusal.PROFILE_MALFORMED, file=file, key=key, why=why, found=str(found), expected=expected)
    refusal.code = _FAULTS[why]
    return refusal


class _Reader:
    """Reads a document and knows the file's name for its complaints."""

    def __init__(self, file: str) -> None:
        self.file = file

    def profile(self, document: Mapping[str, Any]) -> Profile:
        """Check the whole document and give the profile."""
        self._only(document, "", ("profile", "reading", "cells", "orders", "ratings"))
        head = self._table(document, "profile", "profile", ("name", "source"))
        reading = self._table(
            document, "reading", "reading", ("formats", "encodings", "separators", "header", "columns", "sheet")
        )
        cells = self._table(document, "cells", "cells", ("time_zone", "dates", "empty"))
        header = self._typed(reading, "reading", "header", bool, True)
        columns = self._typed(reading, "reading", "columns", int, 0)
        if not header and columns < 1:
            raise _malformed(self.file, "reading.columns", "needed_without_header")
        for key, longest in (("name", 80), ("source", 40)):
            if len(given := self._needed(head, "profile", key)) > longest:
                raise _malformed(self.file, f"profile.{key}", "too_long", given, str(longest))
        kinds = {
            kind: self._sheet(document[kind.value], kind, header, columns)
            for kind in ImportKind
            if kind.value in document
        }
        if not kinds:
            raise _malformed(self.file, "", "missing", expected="orders, ratings")
        return Profile(
            name=self._needed(head, "profile", "name"),
            source=self._needed(head, "profile", "source"),
            formats=tuple(
                FileFormat(word)
                for word in self._words(
                    reading, "reading", "formats", [form.value for form in FileFormat], ["csv", "xlsx"]
                )
            ),
            encodings=tuple(self._words(reading, "reading", "encodings", ENCODINGS, list(ENCODINGS))),
            separators=tuple(self._words(reading, "reading", "separators", (",", ";", "\t", "|"), [","])),
            header=header,
            columns=columns,
            sheet=self._typed(reading, "reading", "sheet", str, "") or None,
            zone=self._zone(cells),
            dates=tuple(
                DateForm(word)
                for word in self._words(cells, "cells", "dates", [form.value for form in DateForm], ["ymd", "excel"])
            ),
            empty=frozenset(self._texts(cells, "cells", "empty")) | {""},
            kinds=kinds,
        )

    def _sheet(self, table: object, kind: ImportKind, header: bool, columns: int) -> Sheet:
        """Check the part for orders or for ratings, and within the ratings the part for orders of their own."""
        if not isinstance(table, dict):
            raise _malformed(self.file, kind.value, "not_a_table", table)
        if kind == ImportKind.ORDERS:
            return self._part(table, kind.value, kind, NEEDED[kind], header, columns)
        if "order" not in table:
            return self._part(table, kind.value, kind, NEEDED[kind], header, columns)
        where, own = f"{kind.value}.order", table["order"]
        if not isinstance(own, dict):
            raise _malformed(self.file, where, "not_a_table", own)
        order = self._part(own, where, ImportKind.ORDERS, OF_ANSWERS, header, columns)
        needed = [name for name in NEEDED[kind] if name != "number"]
        return replace(self._part(table, kind.value, kind, needed, header, columns), order=order)

    def _part(
        self, table: Mapping[str, Any], where: str, kind: ImportKind, needed: Sequence[str], header: bool, columns: int
    ) -> Sheet:
        """Check one part of a profile; `needed` are the fields that it must have."""
        known = FIELDS[kind]
        more = ("closing", "deadline") if kind == ImportKind.ORDERS else ("answers", "order")
        self._only(table, where, ("fields", "constants", "values", "empty", "lookup", *more))
        fields = {
            name: self._column(given, f"{where}.fields.{name}", header, columns, name in LEVELLED)
            for name, given in self._table(table, "fields", f"{where}.fields", known).items()
        }
        constants = {
            name: self._text(given, f"{where}.constants.{name}")
            for name, given in self._table(table, "constants", f"{where}.constants", (*known, "scale")).items()
        }
        for name in needed:
            if name not in fields and name not in constants:
                raise _malformed(self.file, f"{where}.fields.{name}", "missing")
        values = {
            name: self._map(given, f"{where}.values.{name}")
            for name, given in self._table(table, "values", f"{where}.values", known).items()
        }
        for name in set(CHOICES) & set(values):
            for given in values[name].values():
                if given not in ("yes", "no"):
                    raise _malformed(self.file, f"{where}.values.{name}", "not_a_choice", given, "yes, no")
        empty = {
            name: frozenset(self._list(given, f"{where}.empty.{name}"))
            for name, given in self._table(table, "empty", f"{where}.empty", known).items()
        }
        lookups = {
            name: self._lookup(given, f"{where}.lookup.{name}")
            for name, given in self._table(table, "lookup", f"{where}.lookup", LOOKED_UP).items()
        }
        deadline = self._table(table, "deadline", f"{where}.deadline", ("missing", "before_acceptance"))
        return Sheet(
            fields,
            constants,
            values,
            empty,
            lookups,
            self._closing(table, where, header, columns),
            self._word(deadline, f"{where}.deadline", "missing", ("compute", "none"), "none") == "compute",
            self._word(deadline, f"{where}.deadline", "before_acceptance", ("warn", "reject"), "warn") == "reject",
            self._answers(table, where, header, columns),
        )

    def _answers(self, table: Mapping[str, Any], where: str, header: bool, columns: int) -> dict[str, AnswerColumn]:
        """Read the further answers of a rating, by the code under which each is kept."""
        given, where = table.get("answers", {}), f"{where}.answers"
        if not isinstance(given, dict):
            raise _malformed(self.file, where, "not_a_table", given)
        answers = {}
        for code in given:
            if not CODE.fullmatch(code):
                raise _malformed(self.file, f"{where}.{code}", "unknown_key", code, CODE.pattern)
            one = self._table(given, code, f"{where}.{code}", ("column", "scale", "from", "to"))
            column = self._column(one.get("column"), f"{where}.{code}.column", header, columns, False)
            scale = self._typed(one, f"{where}.{code}", "scale", str, "") or None
            answers[code] = AnswerColumn(column, scale, self._limits(one, f"{where}.{code}"))
        return answers

    def _limits(self, one: Mapping[str, Any], where: str) -> tuple[int, int] | None:
        """Read the whole numbers between which an answer lies: both of them, or none."""
        if "from" not in one and "to" not in one:
            return None
        for key in ("from", "to"):
            if key not in one:
                raise _malformed(self.file, f"{where}.{key}", "missing")
        return self._typed(one, where, "from", int, 0), self._typed(one, where, "to", int, 0)

    def _column(self, given: object, where: str, header: bool, columns: int, levelled: bool) -> Column:
        """Read where a field stands."""
        names, levels = [given], False
        if isinstance(given, dict):
            if len(given) != 1 or not {"first", "levels"} >= set(given):
                raise _malformed(self.file, where, "not_a_column", given, "first, levels")
            levels = "levels" in given
            (listed,) = given.values()
            if not isinstance(listed, list) or not listed:
                raise _malformed(self.file, where, "not_a_list", listed)
            names = listed
        if levels and (not levelled or len(names) > 3):
            raise _malformed(self.file, where, "no_levels_here", expected="category, place")
        for name in names:
            if header and not (isinstance(name, str) and name.strip()):
                raise _malformed(self.file, where, "not_a_header", name)
            if not header and not (type(name) is int and 1 <= name <= columns):
                raise _malformed(self.file, where, "not_a_position", name, f"1-{columns}")
        return Column(tuple(name for name in names if isinstance(name, str | int)), levels)

    def _lookup(self, given: object, where: str) -> Lookup:
        """Read how unknown names are treated, and the aliases under which known ones appear."""
        if not isinstance(given, dict):
            raise _malformed(self.file, where, "not_a_table", given)
        self._only(given, where, ("unknown", "to", "known", "aliases"))
        unknown = Unknown(self._word(given, where, "unknown", [word.value for word in Unknown], "reject"))
        target = self._typed(given, where, "to", str, "") or None
        if (unknown == Unknown.MAP) != (target is not None):
            raise _malformed(self.file, f"{where}.to", "needed_with_map")
        aliases = self._map(given.get("aliases", {}), f"{where}.aliases")
        known = frozenset(self._list(given.get("known", []), f"{where}.known"))
        return Lookup(unknown, target, known, {same_name(alias): name for alias, name in aliases.items()})

    def _closing(self, table: Mapping[str, Any], where: str, header: bool, columns: int) -> Closing | None:
        """Read the column that says whether an order is closed."""
        if "closing" not in table:
            return None
        given = self._table(table, "closing", f"{where}.closing", ("column", "closed", "open"))
        if "column" not in given:
            raise _malformed(self.file, f"{where}.closing.column", "missing")
        column = self._column(given["column"], f"{where}.closing.column", header, columns, False)
        words = [frozenset(self._texts(given, f"{where}.closing", key)) for key in ("closed", "open")]
        if not words[0]:
            raise _malformed(self.file, f"{where}.closing.closed", "missing")
        return Closing(column, words[0], words[1])

    def _zone(self, cells: Mapping[str, Any]) -> ZoneInfo:
        """Read the time zone of local times."""
        name = self._typed(cells, "cells", "time_zone", str, CITY.key)
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise _malformed(self.file, "cells.time_zone", "not_a_zone", name, "Asia/Shanghai, UTC") from None

    def _table(self, parent: Mapping[str, Any], key: str, where: str, known: Sequence[str]) -> Mapping[str, Any]:
        """Give a table whose keys are all known; a missing one is empty."""
        table = parent.get(key, {})
        if not isinstance(table, dict):
            raise _malformed(self.file, where, "not_a_table", table)
        self._only(table, where, known)
        return table

    def _only(self, table: Mapping[str, Any], where: str, known: Sequence[str]) -> None:
        """Refuse a key that nobody would read: it is a spelling mistake."""
        for key in table:
            if key not in known:
                raise _malformed(self.file, f"{where}.{key}".lstrip("."), "unknown_key", key, ", ".join(known))

    def _typed(self, table: Mapping[str, Any], where: str, key: str, kind: type[T], default: T) -> T:
        given = table.get(key, default)
        if type(given) is not kind:
            raise _malformed(self.file, f"{where}.{key}", "wrong_type", given, kind.__name__)
        return given

    def _needed(self, table: Mapping[str, Any], where: str, key: str) -> str:
        """Give a text that must be there."""
        text = self._typed(table, where, key, str, "").strip()
        if not text:
            raise _malformed(self.file, f"{where}.{key}", "missing")
        return text

    def _text(self, given: object, where: str) -> str:
        if not isinstance(given, str):
            raise _malformed(self.file, where, "wrong_type", given, "str")
        return given

    def _list(self, given: object, where: str) -> list[str]:
        if not isinstance(given, list):
            raise _malformed(self.file, where, "not_a_list", given)
        return [self._text(item, where) for item in given]

    def _texts(self, table: Mapping[str, Any], where: str, key: str) -> list[str]:
        return [word.strip() for word in self._list(table.get(key, []), f"{where}.{key}")]

    def _map(self, given: object, where: str) -> dict[str, str]:
        if not isinstance(given, dict):
            raise _malformed(self.file, where, "not_a_table", given)
        return {key: self._text(value, f"{where}.{key}") for key, value in given.items()}

    def _word(self, table: Mapping[str, Any], where: str, key: str, known: Sequence[str], default: str) -> str:
        word = self._typed(table, where, key, str, default)
        if word not in known:
            raise _malformed(self.file, f"{where}.{key}", "unknown_word", word, ", ".join(known))
        return word

    def _words(
        self, table: Mapping[str, Any], where: str, key: str, known: Sequence[str], default: list[str]
    ) -> list[str]:
        words = self._list(table.get(key, default), f"{where}.{key}")
        if not words:
            raise _malformed(self.file, f"{where}.{key}", "missing", expected=", ".join(known))
        for word in words:
            if word not in known:
                raise _malformed(self.file, f"{where}.{key}", "unknown_word", word, ", ".join(known))
        return words
