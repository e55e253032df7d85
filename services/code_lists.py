"""What can be written down about an order on a given day: the questions, the reasons and the ways a call can end.

They are code lists and documents in the database; here they are put together once, for people (with names in both
languages) and for the rules (`book`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from db.reference import Disposition, Grade, RatingScale, Reason
from db.vocabulary import Refusal, Satisfaction
from services.access import Look
from services.effective import Asked, InForce, InForcePolicy, policy_on, questions_on, rules_on
from services.rules import answers, survey
from services.rules.dispositions import Disposition as Ending
from services.rules.questions import NO_LIMITS, Answer, Kind, Limits, Questionnaire, Text, When
from services.rules.ruleset import RuleSet
from services.rules.survey import Book
from services.views import Named


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be given; grades of a scale have names, and count as something."""

    code: str
    named: Named | None = None
    counts_as: Satisfaction | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the callback, in words where the questionnaire has them.

    `decides` marks the graded one that says how satisfied the citizen is. Which questions are asked after which answers
    is told by `services.rules.questions.asked`, which reads these as they are.
    """

    code: str
    choices: tuple[Choice, ...]
    needed: bool
    kind: Kind = Kind.SINGLE
    decides: bool = False
    ask: Named | None = None
    help: Named | None = None
    script: Named | None = None
    limits: Limits = NO_LIMITS
    asked_if: tuple[When, ...] = ()
    required_if: tuple[When, ...] = ()


@dataclass(frozen=True, slots=True)
class ReasonChoice:
    """A reason that may be given, under its heading, with what follows from it.

    `grades` are those to which it is limited, and None where it goes with each.
    """

    named: Named
    heading: Named | None
    calls_for_rework: bool
    needs_text: bool
    grades: frozenset[str] | None = None

    def fits(self, grade: Answer) -> bool:
        """Say whether it may be given with a grade."""
        return self.grades is None or grade in self.grades


@dataclass(frozen=True, slots=True)
class DispositionChoice:
    """A way in which a call can end, with what follows from it."""

    named: Named
    answered: bool
    complete: bool
    final: bool
    note_required: bool
    another_number: bool
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class CodeLists:
    """The rules, the callback policy, the questions and the code lists of the day, by code."""

    in_force: InForce
    in_force_policy: InForcePolicy
    asked: Asked
    reasons: Mapping[str, Reason]
    dispositions: Mapping[str, Disposition]
    book: Book

    @classmethod
    def read(cls, look: Look) -> "CodeLists":
        """Read them as they are in force today."""
        in_force, asked = rules_on(look, look.today), questions_on(look, look.today)
        reasons = {row.code: row for row in look.session.scalars(select(Reason).order_by(Reason.code))}
        dispositions = {row.code: row for row in look.session.scalars(select(Disposition).order_by(Disposition.id))}
        headings = {row.parent_id for row in reasons.values()}
        book = Book(
            rules=in_force.rules,
            questionnaire=asked.questions,
            reasons={
                row.code: survey.Reason(
                    code=row.code,
                    attributable=row.attributable,
                    calls_for_rework=row.calls_for_rework,
                    needs_text=row.needs_text,
                    heading=row.parent_id is None or row.id in headings,
                    retired=row.active_to is not None and row.active_to < look.today,
                    order_types=_limited(row.order_types),
                    grades=_limited(row.grades),
                )
                for row in reasons.values()
            },
            dispositions={
                row.code: Ending(
                    code=row.code,
                    group=row.aapor_group,
                    final=row.final,
                    contacted=row.contacted,
                    eligible=row.eligible,
                    note_required=row.note_required,
                    retry_minutes=row.retry_minutes,
                    another_number=row.another_number,
                    refusal=row.refusal,
                    retired=row.active_to is not None and row.active_to < look.today,
                )
                for row in dispositions.values()
            },
        )
        return cls(in_force, policy_on(look, look.today), asked, reasons, dispositions, book)

    def reason_choices(self, order_type: str | None = None) -> tuple[ReasonChoice, ...]:
        """Return the reasons that may be given today for a type of order, each with its heading."""
        headings = {row.id: row for row in self.reasons.values()}
        return tuple(
            ReasonChoice(
                named=Named.of(row),
                heading=Named.of(headings[row.parent_id]) if row.parent_id else None,
                calls_for_rework=row.calls_for_rework,
                needs_text=row.needs_text,
                grades=_limited(row.grades),
            )
            for row in self.reasons.values()
            if not self.book.reasons[row.code].heading
            and not self.book.reasons[row.code].retired
            and self.book.reasons[row.code].fits(order_type, None)
        )

    def disposition_choices(self) -> tuple[DispositionChoice, ...]:
        """Return the ways in which a call can end today."""
        return tuple(
            DispositionChoice(
                named=Named.of(row),
                answered=known.interview,
                complete=known.complete,
                final=known.final,
                note_required=known.note_required,
                another_number=known.another_number,
                refusal=known.refusal,
            )
            for row in self.dispositions.values()
            if (known := self.book.dispositions[row.code]).is_call and not known.retired
        )

    def question_choices(self, look: Look) -> tuple[Question, ...]:
        """Return the questions in the order in which they are asked, each with its answers."""
        return questions_of(look, self.asked.questions, self.in_force.rules)

    @property
    def opening(self) -> Named | None:
        """What the agent says first."""
        return _named("opening", self.asked.questions.script)


def questions_of(look: Look, asked: Questionnaire, rules: RuleSet) -> tuple[Question, ...]:
    """Return the questions of a questionnaire as a screen draws them under a rule set."""
    found = look.session.execute(
        select(RatingScale.code, Grade).join(Grade, Grade.scale_id == RatingScale.id).order_by(Grade.position)
    )
    grades = {(scale, grade.code): Named.of(grade) for scale, grade in found}
    questions = []
    for branch in answers.branches(asked, rules):
        one = branch.question
        choices = tuple(Choice(choice.code, _named(choice.code, choice.name)) for choice in one.choices)
        if one.scale is not None:
            choices = tuple(
                Choice(graded.code, grades.get((one.scale, graded.code)), graded.counts_as)
                for graded in rules.grades(one.scale)
            )
        questions.append(
            Question(
                code=one.code,
                choices=choices,
                needed=one.needed,
                kind=one.kind,
                decides=one.code == asked.satisfaction,
                ask=_named(one.code, one.ask),
                help=_named(one.code, one.help),
                script=_named(one.code, one.script),
                limits=one.limits,
                asked_if=branch.asked_if,
                required_if=branch.required_if,
            )
        )
    return tuple(questions)


# ---------------------------------------------------------------------------------------------------------------------


def _limited(codes: Sequence[str] | None) -> frozenset[str] | None:
    return frozenset(codes) if codes is not None else None


def _named(code: str, text: Text | None) -> Named | None:
    return Named.text(code, text) if text is not None else None
