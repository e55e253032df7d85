"""Who may do what, and over which departments: three tables and two pure functions."""

from collections.abc import Iterable
from enum import StrEnum

from db.vocabulary import Role


class Permission(StrEnum):
    """What a use case asks for, as noun:verb; those that only look end in `:view`."""

    HOME_VIEW = "home:view"
    ORDER_VIEW = "order:view"
    ORDER_ASSIGN = "order:assign"
    ORDER_IMPORT = "order:import"
    IMPORT_VIEW = "import:view"
    CALLBACK_VIEW = "callback:view"
    CALLBACK_RECORD = "callback:record"
    CALLBACK_LAPSE = "callback:lapse"
    CASE_REFER = "case:refer"
    REFERRAL_VIEW = "referral:view"
    REFERRAL_ANSWER = "referral:answer"
    APPOINTMENT_MANAGE = "appointment:manage"
    OPT_OUT_VIEW = "opt-out:view"
    OPT_OUT_END = "opt-out:end"
    CALL_REPORT = "call:report"
    FIGURES_VIEW = "figures:view"
    AGENTS_VIEW = "agents:view"
    REASON_RECODE = "reason:recode"
    QUESTIONNAIRE_VIEW = "questionnaire:view"
    QUESTIONNAIRE_MANAGE = "questionnaire:manage"
    CONTACT_REVEAL = "contact:reveal"
    REVIEW_VIEW = "review:view"
    ORDER_RETURN = "order:return"
    ORDER_ARCHIVE = "order:archive"
    REWORK_VIEW = "rework:view"
    REWORK_SUBMIT = "rework:submit"
    SCORE_VIEW = "score:view"
    REFERENCE_VIEW = "reference:view"
    REFERENCE_MANAGE = "reference:manage"
    PERSON_VIEW = "person:view"
    PERSON_MANAGE = "person:manage"
    TRAIL_VIEW = "trail:view"
    SIGN_IN = "person:sign-in"
    SIGN_IN_VIEW = "sign-in:view"
    SELF_MANAGE = "self:manage"
    NOTICE_VIEW = "notice:view"
    SETUP = "setup:run"
    SETUP_VIEW = "setup:view"


P = Permission

_EVERYBODY = frozenset({P.HOME_VIEW, P.ORDER_VIEW, P.SCORE_VIEW, P.REFERENCE_VIEW, P.SELF_MANAGE})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: _EVERYBODY
    | {P.CALLBACK_VIEW, P.CALLBACK_RECORD, P.CONTACT_REVEAL}
    | {P.CASE_REFER, P.APPOINTMENT_MANAGE, P.FIGURES_VIEW, P.NOTICE_VIEW},
    Role.SUPERVISOR: _EVERYBODY
    | {P.CALLBACK_VIEW, P.REVIEW_VIEW, P.ORDER_RETURN, P.ORDER_ARCHIVE, P.ORDER_ASSIGN, P.REWORK_VIEW}
    | {P.CONTACT_REVEAL, P.TRAIL_VIEW}
    | {P.REFERRAL_VIEW, P.REFERRAL_ANSWER, P.APPOINTMENT_MANAGE, P.OPT_OUT_VIEW, P.OPT_OUT_END}
    | {P.FIGURES_VIEW, P.AGENTS_VIEW, P.REASON_RECODE, P.QUESTIONNAIRE_VIEW, P.NOTICE_VIEW},
    Role.UNIT: _EVERYBODY | {P.REWORK_VIEW, P.REWORK_SUBMIT, P.CONTACT_REVEAL, P.FIGURES_VIEW},
    Role.ASSESSOR: _EVERYBODY | {P.REVIEW_VIEW, P.REWORK_VIEW, P.TRAIL_VIEW} | {P.FIGURES_VIEW, P.QUESTIONNAIRE_VIEW},
    Role.ADMIN: _EVERYBODY
    | {P.ORDER_IMPORT, P.IMPORT_VIEW, P.PERSON_VIEW, P.PERSON_MANAGE, P.REFERENCE_MANAGE, P.TRAIL_VIEW}
    | {P.ORDER_ASSIGN, P.QUESTIONNAIRE_VIEW, P.QUESTIONNAIRE_MANAGE},
    Role.VIEWER: _EVERYBODY | {P.FIGURES_VIEW},
    Role.SYSTEM: frozenset(Permission),
}
"""Everything a role may do. Reading orders and scores is for all; scope decides which ones."""

PRECEDENCE: tuple[Role, ...] = (
    Role.UNIT,
    Role.VIEWER,
    Role.AGENT,
    Role.ASSESSOR,
    Role.SUPERVISOR,
    Role.ADMIN,
)
"""From least to most: where claims or grants conflict, the least powerful role is taken."""

SCOPED: frozenset[Role] = frozenset({Role.UNIT})
"""The roles that see only the departments granted to them, and what lies below these in the tree."""

OWN: frozenset[Permission] = frozenset({P.SELF_MANAGE})
"""What concerns nobody but the person who acts. Such a use case finds its row by the actor's own number; a department
has no say in it, and so the cut by department does not apply."""


def permissions_of(role: Role) -> frozenset[Permission]:
    """Return what the role may do."""
    return ROLE_PERMISSIONS[role]


def least(roles: Iterable[Role]) -> Role | None:
    """Return the least powerful of the roles, or None where there is none."""
    held = set(roles)
    return next((role for role in PRECEDENCE if role in held), None)


def reach(role: Role, departments: frozenset[int]) -> frozenset[int] | None:
    """Return the departments that the role may see, or None for the whole city.

    A scoped role without departments sees nothing at all: forgetting a grant never widens the view.
    """
    return departments if role in SCOPED else None
