"""People, what they may be for which department, and their demo sign-ins."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Numbered, word
from db.vocabulary import Role


class Person(Numbered, Base):
    """Somebody who signs in, known by the provider's (issuer, subject); `auth_epoch` ends every older sign-in."""

    __tablename__ = "people"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        CheckConstraint("language in ('zh_CN', 'en')", name="language"),
    )

    issuer: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    auth_epoch: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(String(8), default="zh_CN")
    extension: Mapped[str | None] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}


class RoleGrant(Numbered, Base):
    """A role held by a person; a unit user's names the department."""

    __tablename__ = "role_grants"
    __table_args__ = (
        CheckConstraint("(role = 'unit') = (department_id is not null)", name="only_units_have_a_department"),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    role: Mapped[Role] = mapped_column(word(Role))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    active: Mapped[bool] = mapped_column(Boolean, default=True)


Index(
    "uq_role_grants_active",
    RoleGrant.person_id,
    RoleGrant.role,
    RoleGrant.department_id,
    unique=True,
    postgresql_where=RoleGrant.active.is_(True),
    postgresql_nulls_not_distinct=True,
)


class PersonSkill(Numbered, Base):
    """A skill that somebody has; taken back by `active`, never deleted."""

    __tablename__ = "person_skills"
    __table_args__ = (UniqueConstraint("person_id", "skill_id"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    skill_id: Mapped[int] = mapped_column(ForeignKey("skills.id"))
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class SignIn(Numbered, Base):
    """A demo sign-in: a server-side session known to the browser by a token of which only the hash is kept."""

    __tablename__ = "sign_ins"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
