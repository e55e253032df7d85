"""The words that are stored in columns; what a word means is decided in services.rules.

Renaming a member is a migration, which is why these words live with the tables. Compare members with ``==``: Streamlit
may import an edited module again, and two copies of one enumeration are equal but not identical.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a person may be; `system` is the program itself (sign-in, import by command line, demo rows)."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    UNIT = "unit"
    ASSESSOR = "assessor"
    ADMIN = "admin"
    VIEWER = "viewer"
    SYSTEM = "system"


class Status(StrEnum):
    """Where an order stands in the loop; the moves between them are in services.rules.lifecycle."""

    OPEN = "open"
    CLOSED = "closed"
    DUE = "due"
    DISSATISFIED = "dissatisfied"
    RETURNED = "returned"
    ESCALATED = "escalated"
    ARCHIVED = "archived"


class Satisfaction(StrEnum):
    """What a raw grade counts as under a rule set."""

    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    DISSATISFIED = "dissatisfied"


class Solved(StrEnum):
    """The citizen's answer to 'is it solved?'."""

    SOLVED = "solved"
    PARTLY = "partly"
    UNSOLVED = "unsolved"


class Contacted(StrEnum):
    """The citizen's answer to 'did the department contact you?'."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Outcome(StrEnum):
    """What an order amounts to in the end; silence has words of its own and is never satisfaction."""

    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    DISSATISFIED = "dissatisfied"
    UNREACHED = "unreached"
    UNASKED = "unasked"


class DepartmentKind(StrEnum):
    """The kinds of handling unit in the tree."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    DEPARTMENT = "department"
    SUBUNIT = "subunit"
    COMPANY = "company"


class PlaceKind(StrEnum):
    """The levels of a place."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"


class DayKind(StrEnum):
    """Why a day is worked or not; an adjusted workday is a weekend day made up for a holiday (调休)."""

    WORKDAY = "workday"
    ADJUSTED_WORKDAY = "adjusted_workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"


class RatingSource(StrEnum):
    """Who wrote a rating down: the citizen, or an agent on the telephone."""

    SELF = "self"
    CALLBACK = "callback"


class FindingKind(StrEnum):
    """Facts about the handling that a callback brings to light."""

    CONTACT_DENIED = "contact_denied"


class Refusal(StrEnum):
    """How a citizen refuses: softly (somebody else may try again later) or once and for all."""

    SOFT = "soft"
    HARD = "hard"


class SkillKind(StrEnum):
    """What an agent can do that a case may need."""

    LANGUAGE = "language"
    SKILL = "skill"


class CaseEnd(StrEnum):
    """How a case left the callback queue; one that left because the order itself went on has none of these."""

    ANSWERED = "answered"
    EXHAUSTED = "exhausted"
    FINAL = "final"
    LAPSED = "lapsed"
    OPTED_OUT = "opted_out"


class AppointmentEnd(StrEnum):
    """How an appointment ended."""

    KEPT = "kept"
    REPLACED = "replaced"
    CANCELLED = "cancelled"


class OptOutKind(StrEnum):
    """What a citizen does not want any more: calls to this number, or to be asked at all."""

    DO_NOT_CALL = "do_not_call"
    NO_SURVEY = "no_survey"


class NoticeKind(StrEnum):
    """What somebody is told inside the portal."""

    CASE_REFERRED = "case_referred"
    REFERRAL_ANSWERED = "referral_answered"
    APPOINTMENT_GIVEN = "appointment_given"
    REASON_RECODED = "reason_recoded"


class ImportKind(StrEnum):
    """What a sheet holds."""

    ORDERS = "orders"
    RATINGS = "ratings"


class JobState(StrEnum):
    """Where a piece of long work stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class InstallationKind(StrEnum):
    """Whether a database holds made-up or real orders; the demo sign-in opens only the first."""

    DEMO = "demo"
    PRODUCTION = "production"


class Event(StrEnum):
    """Everything that the trail can say happened."""

    SIGNED_IN = "person.signed_in"
    SIGNED_OUT = "person.signed_out"
    PERSON_ADDED = "person.added"
    PERSON_CHANGED = "person.changed"
    PERSON_DISABLED = "person.disabled"
    PERSON_ENABLED = "person.enabled"
    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    DEPARTMENT_CHANGED = "department.changed"
    REFERENCE_LOADED = "reference.loaded"
    DEMO_LOADED = "demo.loaded"
    IMPORT_STARTED = "import.started"
    IMPORT_CANCELLED = "import.cancelled"
    IMPORT_FAILED = "import.failed"
    ORDERS_IMPORTED = "orders.imported"
    RATINGS_IMPORTED = "ratings.imported"
    ORDER_ASSIGNED = "order.assigned"
    CALLBACK_RECORDED = "callback.recorded"
    CALLBACK_CORRECTED = "callback.corrected"
    CALLBACK_LAPSED = "callback.lapsed"
    CASE_TAKEN = "case.taken"
    CASE_REFERRED = "case.referred"
    REFERRAL_ANSWERED = "referral.answered"
    APPOINTMENT_BOOKED = "appointment.booked"
    APPOINTMENT_CANCELLED = "appointment.cancelled"
    NUMBER_ADDED = "number.added"
    NUMBER_DIALLED = "number.dialled"
    CALL_REPORTED = "call.reported"
    OPT_OUT_RECORDED = "opt_out.recorded"
    OPT_OUT_ENDED = "opt_out.ended"
    REASON_RECODED = "reason.recoded"
    QUESTIONNAIRE_DRAFTED = "questionnaire.drafted"
    QUESTIONNAIRE_PUBLISHED = "questionnaire.published"
    CODE_ADDED = "code.added"
    CODE_CHANGED = "code.changed"
    SKILLS_CHANGED = "skills.changed"
    CONTACT_REVEALED = "contact.revealed"
    ORDER_RETURNED = "order.returned"
    ORDER_ARCHIVED = "order.archived"
    REWORK_SUBMITTED = "rework.submitted"
