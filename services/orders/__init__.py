"""Find orders, read one of them whole, and say which department an order belongs to."""

from services.history import Answered, Call, Chapter, Rated, SentBack
from services.orders.assigning import assign
from services.orders.finding import Cursor, Found, OrderRow, search
from services.orders.lists import Branch, Choices, choices
from services.orders.shapes import Happening, OrderStory
from services.orders.story import view

__all__ = [
    "Answered",
    "Branch",
    "Call",
    "Chapter",
    "Choices",
    "Cursor",
    "Found",
    "Happening",
    "OrderRow",
    "OrderStory",
    "Rated",
    "SentBack",
    "assign",
    "choices",
    "search",
    "view",
]
