"""What a database needs before the first order: the newest schema, the reference rows, the rules and the questions."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import reference_rows
from db.reference import Questionnaire, RuleSet
from db.vocabulary import Event
from services.access import Access, Work
from services.rules import questionnaire, ruleset
from services.rules.permissions import Permission

RULES = "guangzhou_default.toml"
QUESTIONS = "questionnaires"


@dataclass(frozen=True, slots=True)
class Prepared:
    """How many rows of each table were new or had news; none of them when everything had been there."""

    rows: Mapping[str, int]

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(self.rows.values())


def load_reference(access: Access) -> Prepared:
    """Store the shipped reference rows, rule set and questionnaires where they are missing or have news."""
    with access.write(Permission.SETUP) as work:
        rows = reference_rows.load(work.session)
        rows |= {"rule_sets": _store_rules(work), "questionnaires": _store_questions(work)}
        prepared = Prepared(MappingProxyType(rows))
        if prepared.changed:
            rules = work.session.scalars(select(RuleSet).order_by(RuleSet.id).limit(1)).one()
            work.record(Event.REFERENCE_LOADED, rules, after={name: count for name, count in rows.items() if count})
        else:
            work.repeated = True
        return prepared


def shipped_questionnaires() -> tuple[dict[str, Any], ...]:
    """Return the questionnaires that come with the program, in the order of their files."""
    folder = files("services.rules").joinpath(QUESTIONS)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(_shipped(f"{QUESTIONS}/{name}") for name in names)


# ---------------------------------------------------------------------------------------------------------------------


def _store_rules(work: Work) -> int:
    """Store the shipped rule set, unless this version of it is there: what results rest on is never rewritten."""
    document = _shipped(RULES)
    rules = ruleset.parse(document)
    row = {
        "code": rules.code,
        "version": rules.version,
        "effective_from": rules.effective_from,
        "document": document,
        "fingerprint": rules.fingerprint,
        "assumption": bool(rules.assumptions),
    }
    return _store(work, RuleSet, row)


def _store_questions(work: Work) -> int:
    """Store the shipped questionnaires unless they are there, those without a day as drafts to begin from."""
    stored = 0
    for document in shipped_questionnaires():
        asked = questionnaire.parse(document)
        row = {
            "code": asked.code,
            "version": asked.version,
            "effective_from": asked.effective_from,
            "document": document,
            "fingerprint": asked.fingerprint,
        }
        stored += _store(work, Questionnaire, row)
    return stored


def _store(work: Work, kind: type[RuleSet] | type[Questionnaire], row: dict[str, Any]) -> int:
    statement = insert(kind).values(row).on_conflict_do_nothing(index_elements=["code", "version"])
    return len(work.session.execute(statement.returning(kind.id)).all())


def _shipped(name: str) -> dict[str, Any]:
    return tomllib.loads(files("services.rules").joinpath(name).read_text("utf-8"))
