"""Code lists and the tree of departments: what orders are described with. Codes are retired, never deleted."""

from datetime import date
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from db.base import Base, Numbered, word
from db.vocabulary import DepartmentKind, InstallationKind, PlaceKind, Refusal, SkillKind


class Installation(Base):
    """One row that says whether this database holds made-up or real orders."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[InstallationKind] = mapped_column(word(InstallationKind))


class Department(Numbered, Base):
    """A handling unit (承办单位) of any kind, in a tree; after its last day, `active_to`, it takes no orders."""

    __tablename__ = "departments"
    __table_args__ = (
        CheckConstraint("active_to is null or active_to >= active_from", name="active_in_order"),
        CheckConstraint("parent_id is null or parent_id <> id", name="not_its_own_parent"),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(160))
    kind: Mapped[DepartmentKind] = mapped_column(word(DepartmentKind))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    ranking_group: Mapped[str | None] = mapped_column(String(40))
    active_from: Mapped[date] = mapped_column(Date)
    active_to: Mapped[date | None] = mapped_column(Date)
    sample: Mapped[bool] = mapped_column(Boolean, default=False)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}


class DepartmentAlias(Numbered, Base):
    """Another spelling of a department; `source` limits it to one source of orders ('' = all of them)."""

    __tablename__ = "department_aliases"
    __table_args__ = (UniqueConstraint("source", "alias"),)

    source: Mapped[str] = mapped_column(String(40), default="")
    alias: Mapped[str] = mapped_column(String(160))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)


class Place(Numbered, Base):
    """A district or a street as a place; old names stay, with the last day on which they were in force."""

    __tablename__ = "places"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(160))
    kind: Mapped[PlaceKind] = mapped_column(word(PlaceKind))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("places.id"), index=True)
    active_from: Mapped[date] = mapped_column(Date)
    active_to: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str | None] = mapped_column(String(200))


class PlaceAlias(Numbered, Base):
    """Another spelling of a place; `source` as for departments."""

    __tablename__ = "place_aliases"
    __table_args__ = (UniqueConstraint("source", "alias"),)

    source: Mapped[str] = mapped_column(String(40), default="")
    alias: Mapped[str] = mapped_column(String(160))
    place_id: Mapped[int] = mapped_column(ForeignKey("places.id"), index=True)


class Category(Numbered, Base):
    """What an order is about, in three levels."""

    __tablename__ = "categories"
    __table_args__ = (
        CheckConstraint("level between 1 and 3", name="three_levels"),
        CheckConstraint("(level = 1) = (parent_id is null)", name="only_the_top_has_no_parent"),
    )

    code: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(160))
    level: Mapped[int] = mapped_column(Integer)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"), index=True)
    active_to: Mapped[date | None] = mapped_column(Date)


class CategoryAlias(Numbered, Base):
    """Another spelling of a category; `source` as for departments."""

    __tablename__ = "category_aliases"
    __table_args__ = (UniqueConstraint("source", "alias"),)

    source: Mapped[str] = mapped_column(String(40), default="")
    alias: Mapped[str] = mapped_column(String(160))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"), index=True)


class _Code:
    """What the plain code lists have in common; `version` counts the edits that people made."""

    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str | None] = mapped_column(String(160))
    active_to: Mapped[date | None] = mapped_column(Date)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805  (SQLAlchemy hands over the class of the table)
        return {"version_id_col": cls.version}


class OrderType(Numbered, _Code, Base):
    """Consultation, help, complaint, report, suggestion."""

    __tablename__ = "order_types"


class Channel(Numbered, _Code, Base):
    """How an order or a rating came in."""

    __tablename__ = "channels"


class Reason(Numbered, _Code, Base):
    """Why a citizen is dissatisfied, in two levels; the attributes say what follows from it.

    `order_types` and `grades` are codes to which the reason is limited; null is all of them.
    """

    __tablename__ = "reasons"

    parent_id: Mapped[int | None] = mapped_column(ForeignKey("reasons.id"), index=True)
    attributable: Mapped[bool] = mapped_column(Boolean)
    calls_for_rework: Mapped[bool] = mapped_column(Boolean)
    needs_evidence: Mapped[bool] = mapped_column(Boolean)
    needs_text: Mapped[bool] = mapped_column(Boolean, default=False)
    order_types: Mapped[list[str] | None] = mapped_column(ARRAY(String(40)))
    grades: Mapped[list[str] | None] = mapped_column(ARRAY(String(40)))


class Disposition(Numbered, _Code, Base):
    """How one attempt to call ended (AAPOR codes), with the behaviour that each code carries.

    `retry_minutes` is the shortest wait before the next attempt (null: the policy's), `another_number` says that the
    citizen's next number is tried, `refusal` how final a refusal is.
    """

    __tablename__ = "dispositions"

    aapor_group: Mapped[str] = mapped_column(String(4))
    final: Mapped[bool] = mapped_column(Boolean)
    contacted: Mapped[bool] = mapped_column(Boolean)
    eligible: Mapped[bool] = mapped_column(Boolean)
    note_required: Mapped[bool] = mapped_column(Boolean)
    retry_minutes: Mapped[int | None] = mapped_column(Integer)
    another_number: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    refusal: Mapped[Refusal | None] = mapped_column(word(Refusal))


class Skill(Numbered, _Code, Base):
    """What an agent can do that a case may need: a language, or a skill such as winning back who refused."""

    __tablename__ = "skills"

    kind: Mapped[SkillKind] = mapped_column(word(SkillKind))


class RatingScale(Numbered, _Code, Base):
    """A scale on which citizens rate; what each grade counts as is the rule set's decision."""

    __tablename__ = "rating_scales"


class Grade(Numbered, Base):
    """One grade of a scale, best first."""

    __tablename__ = "grades"
    __table_args__ = (UniqueConstraint("scale_id", "code"), UniqueConstraint("scale_id", "position"))

    scale_id: Mapped[int] = mapped_column(ForeignKey("rating_scales.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str | None] = mapped_column(String(80))
    position: Mapped[int] = mapped_column(Integer)


class CalendarDay(Base):
    """Whether a day is worked, and why (workday, adjusted_workday, weekend, holiday)."""

    __tablename__ = "calendar_days"
    __table_args__ = (
        CheckConstraint("kind in ('workday', 'adjusted_workday', 'weekend', 'holiday')", name="kind"),
        CheckConstraint("is_workday = (kind in ('workday', 'adjusted_workday'))", name="kind_agrees"),
    )

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    is_workday: Mapped[bool] = mapped_column(Boolean)
    kind: Mapped[str] = mapped_column(String(20))
    holiday: Mapped[str | None] = mapped_column(String(40))


class _Versioned:
    """A document that takes effect on a date; a new idea is a new version."""

    code: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    effective_from: Mapped[date] = mapped_column(Date)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fingerprint: Mapped[str] = mapped_column(String(64))


class RuleSet(Numbered, _Versioned, Base):
    """What a city decided, from a date on; `assumption` where no source gave the values."""

    __tablename__ = "rule_sets"
    __table_args__ = (UniqueConstraint("code", "version"), UniqueConstraint("code", "effective_from"))

    assumption: Mapped[bool] = mapped_column(Boolean)


class CallbackPolicy(Numbered, _Versioned, Base):
    """When, how often and in which order citizens are called, from a date on."""

    __tablename__ = "callback_policies"
    __table_args__ = (UniqueConstraint("code", "version"), UniqueConstraint("code", "effective_from"))

    assumption: Mapped[bool] = mapped_column(Boolean)


class Questionnaire(Numbered, Base):
    """The questions of a callback, by version. Without a date it is a draft; with one it is locked, by a trigger."""

    __tablename__ = "questionnaires"
    __table_args__ = (UniqueConstraint("code", "version"),)

    code: Mapped[str] = mapped_column(String(40))
    version: Mapped[int] = mapped_column(Integer)
    effective_from: Mapped[date | None] = mapped_column(Date)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fingerprint: Mapped[str] = mapped_column(String(64))
    edits: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
