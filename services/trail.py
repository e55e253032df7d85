"""Read the trail, and check that nobody edited it."""

from sqlalchemy import func, select

from db.records import EventHead
from services.access import Access
from services.rules.permissions import Permission


def last_event(access: Access) -> int:
    """Return how many events there are: every change records one, so this is the version of the data for kept answers.

    The heads of the chains move with the transaction, so that the number is never ahead of what can be read.
    """
    with access.read(Permission.HOME_VIEW) as look:
        return int(look.session.scalar(select(func.sum(EventHead.seq))) or 0)
