"""Which role may do what with which table, and the column by which rows are cut: the one place of scope, as data.

The migration turned this table into grants and policies once; a test compares it with the live database, so that a new
table cannot be forgotten: it is scoped, or kept from departments, or shared with a reason.
"""

from dataclasses import dataclass

STAFF = "portal_staff"
DEPARTMENT = "portal_department"
LOGIN = "portal_login"

SELECT, INSERT, UPDATE = "SELECT", "INSERT", "UPDATE"


@dataclass(frozen=True, slots=True)
class Rule:
    """What the two roles may do with a table. Nobody may delete.

    `column` holds the department by which rows are cut for the department role; None means that there is no cut
    (`shared` then says why), and an empty `department` means that the role cannot touch the table at all.
    """

    staff: tuple[str, ...]
    department: tuple[str, ...]
    column: str | None = None
    shared: str | None = None


_CODE_LIST = "a code list: the same for everybody, and without people in it"

RULES: dict[str, Rule] = {
    "installation": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared="one row that says whether the data are made up"),
    "departments": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared="the tree of departments is public"),
    "department_aliases": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "places": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "place_aliases": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "categories": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "category_aliases": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "order_types": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "channels": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "reasons": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "dispositions": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "rating_scales": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "grades": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "calendar_days": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared="the working-day calendar is public"),
    "rule_sets": Rule((SELECT, INSERT), (SELECT,), shared="rules that departments are judged by are public"),
    "questionnaires": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared="the questions of a callback are public"),
    "callback_policies": Rule((SELECT, INSERT), (SELECT,), shared="when citizens are called is public"),
    "skills": Rule((SELECT, INSERT, UPDATE), (SELECT,), shared=_CODE_LIST),
    "person_skills": Rule((SELECT, INSERT, UPDATE), ()),
    "people": Rule((SELECT, INSERT, UPDATE), (SELECT,), column="(own colleagues)"),
    "role_grants": Rule((SELECT, INSERT, UPDATE), (SELECT,), column="department_id"),
    "sign_ins": Rule((SELECT, INSERT, UPDATE), ()),
    "orders": Rule((SELECT, INSERT, UPDATE), (SELECT, UPDATE), column="department_id"),
    "contacts": Rule((SELECT, INSERT, UPDATE), (SELECT,), column="department_id"),
    "rounds": Rule((SELECT, INSERT, UPDATE), (SELECT, UPDATE), column="department_id"),
    "attempts": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "ratings": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "answers": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "attempt_reasons": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "findings": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "returns": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "exclusions": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "events": Rule((SELECT, INSERT), (SELECT, INSERT), column="department_id"),
    "event_heads": Rule((SELECT,), (SELECT,), shared="the length and the hash of each chain, without any fact"),
    "imports": Rule((SELECT, INSERT, UPDATE), ()),
    "import_problems": Rule((SELECT, INSERT), ()),
    "callback_cases": Rule((SELECT, INSERT, UPDATE), ()),
    "appointments": Rule((SELECT, INSERT, UPDATE), ()),
    "other_numbers": Rule((SELECT, INSERT, UPDATE), ()),
    "opt_outs": Rule((SELECT, INSERT, UPDATE), ()),
    "callback_drafts": Rule((SELECT, INSERT, UPDATE), ()),
    "telephone_calls": Rule((SELECT, INSERT, UPDATE), ()),
    "referrals": Rule((SELECT, INSERT, UPDATE), ()),
    "notices": Rule((SELECT, INSERT, UPDATE), ()),
    "recodes": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "recode_reasons": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "rating_answers": Rule((SELECT, INSERT), (SELECT,), column="department_id"),
    "agent_days": Rule((SELECT,), ()),
    "outcome_counts": Rule((SELECT,), (SELECT,), column="department_id"),
    "agent_outcomes": Rule((SELECT,), ()),
    "reason_counts": Rule((SELECT,), (SELECT,), column="department_id"),
    "daily_counts": Rule((SELECT,), (SELECT,), column="department_id"),
}

REACHED = "(select string_to_array(current_setting('app.departments', true), ',')::int[])::int[]"
"""The departments of the session. The scalar sub-select is evaluated once a statement, so that the index is used."""
