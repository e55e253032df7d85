"""What somebody is told inside the portal, until they have read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from db.callbacks import Notice
from db.orders import Order
from db.vocabulary import NoticeKind
from services.access import Access
from services.rules.permissions import Permission

MOST_COUNTED = 99
SHOWN = 10


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One thing to know, with the order that it is about."""

    id: int
    kind: NoticeKind
    order_id: int | None
    number: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Notices:
    """The unread notices of one person, the newest first; `more` where there are more than could be counted."""

    lines: tuple[NoticeLine, ...]
    unread: int
    more: bool


def my_notices(access: Access, *, limit: int = SHOWN) -> Notices:
    """Return what the actor has not read yet."""
    with access.read(Permission.NOTICE_VIEW) as look:
        mine = Notice.person_id == look.actor.id, Notice.read_at.is_(None)
        unread = select(Notice.id).where(*mine).order_by(Notice.id.desc()).limit(MOST_COUNTED + 1)
        count = look.session.scalar(select(func.count()).select_from(unread.subquery())) or 0
        if not count:
            return Notices((), 0, more=False)
        found = look.session.execute(
            select(Notice.id, Notice.kind, Notice.order_id, Order.number, Notice.at)
            .outerjoin(Order, Order.id == Notice.order_id)
            .where(*mine)
            .order_by(Notice.id.desc())
            .limit(limit)
        )
        lines = tuple(NoticeLine(*row) for row in found)
        return Notices(lines, min(count, MOST_COUNTED), more=count > MOST_COUNTED)


def mark_read(access: Access, *, notice_ids: Sequence[int]) -> None:
    """Take note of notices; those of other people stay as they are. It is nobody's business, and so in no trail."""
    with access.write(Permission.SELF_MANAGE) as work:
        work.session.execute(
            update(Notice)
            .where(Notice.id.in_(notice_ids), Notice.person_id == work.actor.id, Notice.read_at.is_(None))
            .values(read_at=work.now)
        )
        work.quiet()
