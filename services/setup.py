"""What a database needs before the first order: the newest schema, the reference rows, the rules and the questions."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from db import reference_rows
from db.reference import CallbackPolicy, Questionnaire, RuleSet
from db.vocabulary import Event
from services.access import Access, Work
from services.rules import callback_policy, questionnaire, ruleset
from services.rules.permissions import Permission

RULES = ("guangzhou_default.toml", "guangzhou_2.toml")
"""The versions of the rule set; a stored one never changes, so that news is a version more."""

POLICY = "callback_policy.toml"
QUESTIONS = "questionnaires"


_Document = RuleSet | CallbackPolicy | Questionnaire
_Parse = Callable[[Mapping[str, object]], ruleset.RuleSet | callback_policy.CallbackPolicy]


@dataclass(frozen=True, slots=True)
class Prepared:
    """How many rows of each table were new or had news; none of them when everything had been there."""

    rows: Mapping[str, int]

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return any(self.rows.values())


def load_reference(access: Access) -> Prepared:
    """Store what is shipped, reference rows and decided documents, where it is missing or has news."""
    with access.write(Permission.SETUP) as work:
        rows = reference_rows.load(work.session)
        rows |= {
            "rule_sets": sum(_store_decided(work, RuleSet, name, ruleset.parse) for name in RULES),
            "callback_policies": _store_decided(work, CallbackPolicy, POLICY, callback_policy.parse),
            "questionnaires": _store_questions(work),
        }
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


def _store_decided(work: Work, kind: type[RuleSet] | type[CallbackPolicy], name: str, parse: _Parse) -> int:
    """Store a shipped document, unless this version of it is there: what results rest on is never rewritten."""
    document = _shipped(name)
    decided = parse(document)
    row = {
        "code": decided.code,
        "version": decided.version,
        "effective_from": decided.effective_from,
        "document": document,
        "fingerprint": decided.fingerprint,
        "assumption": bool(decided.assumptions),
    }
    return _store(work, kind, row)


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


def _store(work: Work, kind: type[_Document], row: dict[str, Any]) -> int:
    statement = insert(kind).values(row).on_conflict_do_nothing(index_elements=["code", "version"])
    return len(work.session.execute(statement.returning(kind.id)).all())


def _shipped(name: str) -> dict[str, Any]:
    return tomllib.loads(files("services.rules").joinpath(name).read_text("utf-8"))
