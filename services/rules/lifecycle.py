"""The state machine of an order, as one table: refusals, buttons and tests all read it.

The Guangzhou loop, told once. A department closes an order. A citizen who rates it satisfied or basically satisfied
ends it; one who rates it dissatisfied, or (where the rule set asks everybody) says nothing, is called. Satisfied on
the telephone ends it too. Dissatisfied goes to a supervisor, who returns it for rework or archives it. Rework is a
new round, and the citizen is asked again; the rating of the last round is the one that counts. When the last allowed
round fails, the order is escalated. A citizen who cannot be reached is an outcome of its own.
"""

from dataclasses import dataclass

from db.vocabulary import Satisfaction, Status
from services.errors import IllegalMove
from services.rules.permissions import Permission

S = Status
P = Permission


@dataclass(frozen=True, slots=True)
class Move:
    """One arrow of the diagram.

    `before` are the statuses from which it starts, `after` the one in which it ends, `needs` the permission of the use
    case that makes it (the import makes the moves that belong to departments and citizens), `reason` whether a written
    reason is required.
    """

    name: str
    before: frozenset[Status]
    after: Status
    needs: Permission
    reason: bool = False


def _move(name: str, *before: Status, to: Status, needs: Permission, reason: bool = False) -> Move:
    return Move(name, frozenset(before), to, needs, reason)


CLOSE = _move("close", S.OPEN, to=S.CLOSED, needs=P.ORDER_IMPORT)
ASK = _move("ask", S.CLOSED, to=S.DUE, needs=P.ORDER_IMPORT)
CONTENT = _move("content", S.CLOSED, S.DUE, to=S.ARCHIVED, needs=P.ORDER_IMPORT)
COMPLAIN = _move("complain", S.CLOSED, S.DUE, to=S.DUE, needs=P.ORDER_IMPORT)
RETRY = _move("retry", S.DUE, to=S.DUE, needs=P.CALLBACK_RECORD)
PLEASE = _move("please", S.DUE, to=S.ARCHIVED, needs=P.CALLBACK_RECORD)
DISPLEASE = _move("displease", S.DUE, to=S.DISSATISFIED, needs=P.CALLBACK_RECORD, reason=True)
ESCALATE = _move("escalate", S.DUE, to=S.ESCALATED, needs=P.CALLBACK_RECORD, reason=True)
MISS = _move("miss", S.DUE, to=S.ARCHIVED, needs=P.CALLBACK_RECORD)
STAND = _move("stand", S.DUE, to=S.DISSATISFIED, needs=P.CALLBACK_RECORD)
STAND_ESCALATED = _move("stand_escalated", S.DUE, to=S.ESCALATED, needs=P.CALLBACK_RECORD)
LAPSE = _move("lapse", S.CLOSED, S.DUE, to=S.ARCHIVED, needs=P.CALLBACK_LAPSE)
LAPSE_STAND = _move("lapse_stand", S.DUE, to=S.DISSATISFIED, needs=P.CALLBACK_LAPSE)
LAPSE_ESCALATED = _move("lapse_escalated", S.DUE, to=S.ESCALATED, needs=P.CALLBACK_LAPSE)
CORRECT = _move("correct", S.DUE, S.ARCHIVED, S.DISSATISFIED, S.ESCALATED, to=S.DUE, needs=P.CALLBACK_RECORD)
RETURN = _move("return", S.DISSATISFIED, S.ESCALATED, to=S.RETURNED, needs=P.ORDER_RETURN, reason=True)
REDO = _move("redo", S.RETURNED, to=S.DUE, needs=P.REWORK_SUBMIT)
ARCHIVE = _move("archive", S.DISSATISFIED, S.ESCALATED, to=S.ARCHIVED, needs=P.ORDER_ARCHIVE, reason=True)

MOVES: tuple[Move, ...] = (
    CORRECT,
    CLOSE,
    ASK,
    CONTENT,
    COMPLAIN,
    RETRY,
    PLEASE,
    DISPLEASE,
    ESCALATE,
    MISS,
    STAND,
    STAND_ESCALATED,
    LAPSE_STAND,
    LAPSE_ESCALATED,
    LAPSE,
    RETURN,
    REDO,
    ARCHIVE,
)


def advance(status: Status, move: Move) -> Status:
    """Return the status after the move; raises IllegalMove where it does not start."""
    if status not in move.before:
        raise IllegalMove(move.name, status)
    return move.after


def open_moves(status: Status) -> tuple[Move, ...]:
    """Return every move that starts here: the buttons that a screen may offer."""
    return tuple(move for move in MOVES if status in move.before)


def after_closing(*, call_unrated: bool) -> Status:
    """Return where an order without a rating goes when it is closed: to the callback queue, or to wait."""
    return advance(advance(S.OPEN, CLOSE), ASK) if call_unrated else advance(S.OPEN, CLOSE)


def after_rating(satisfaction: Satisfaction) -> Move:
    """Return the move that a citizen's own rating makes: only dissatisfaction is called about."""
    return COMPLAIN if satisfaction == Satisfaction.DISSATISFIED else CONTENT


def after_answer(satisfaction: Satisfaction, *, round_number: int, max_rounds: int) -> Move:
    """Return the move that an answered callback makes.

    The order escalates when the round that failed is the last one allowed (`max_rounds`, three by default).
    """
    if satisfaction != Satisfaction.DISSATISFIED:
        return PLEASE
    return ESCALATE if round_number >= max_rounds else DISPLEASE


def after_silence(standing: Satisfaction | None, *, round_number: int, max_rounds: int) -> Move:
    """Return the move that the last unanswered attempt makes.

    A dissatisfied self-rating of the round stands although nobody could be reached; without one the order ends as
    unreached, which is neither satisfied nor dissatisfied.
    """
    if standing != Satisfaction.DISSATISFIED:
        return MISS
    return STAND_ESCALATED if round_number >= max_rounds else STAND


def after_lapse(standing: Satisfaction | None, *, round_number: int, max_rounds: int) -> Move:
    """Return the move that time makes, or a citizen who does not want to be called: nobody calls any more.

    It leads where the last unanswered attempt would have led.
    """
    if standing != Satisfaction.DISSATISFIED:
        return LAPSE
    return LAPSE_ESCALATED if round_number >= max_rounds else LAPSE_STAND
