"""Every screen of the portal once: its file, where it stands in the menu, its icon, and what one must be allowed."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from services.rules.permissions import Permission

PAGES = Path(__file__).resolve().parent.parent / "pages"


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen; `name` is its file, its URL and its key in the catalogues. Without a section it is in no menu."""

    name: str
    section: str | None
    icon: str
    permission: Permission

    @property
    def file(self) -> Path:
        """The script that draws it."""
        return PAGES / f"{self.name}.py"

    @property
    def title(self) -> str:
        """The key of its title."""
        return f"screen.{self.name}.title"


HOME = Screen("home", "work", ":material/home:", Permission.HOME_VIEW)

SCREENS: tuple[Screen, ...] = (
    HOME,
    Screen("callback_record", "work", ":material/call:", Permission.CALLBACK_RECORD),
    Screen("callback_queue", "work", ":material/pending_actions:", Permission.AGENTS_VIEW),
    Screen("appointments", "work", ":material/calendar_month:", Permission.APPOINTMENT_MANAGE),
    Screen("order_list", "work", ":material/list_alt:", Permission.ORDER_VIEW),
    Screen("order_detail", None, ":material/description:", Permission.ORDER_VIEW),
    Screen("dissatisfied_review", "work", ":material/rule:", Permission.REVIEW_VIEW),
    Screen("callback_help", "work", ":material/support_agent:", Permission.REFERRAL_VIEW),
    Screen("rework_board", "work", ":material/replay:", Permission.REWORK_VIEW),
    Screen("scores", "results", ":material/monitoring:", Permission.SCORE_VIEW),
    Screen("reasons", "results", ":material/sentiment_dissatisfied:", Permission.SCORE_VIEW),
    Screen("callback_figures", "results", ":material/query_stats:", Permission.FIGURES_VIEW),
    Screen("exchange", "administration", ":material/upload_file:", Permission.IMPORT_VIEW),
    Screen("questionnaires", "administration", ":material/quiz:", Permission.QUESTIONNAIRE_VIEW),
    Screen("code_lists", "administration", ":material/list:", Permission.REFERENCE_MANAGE),
    Screen("people", "administration", ":material/group:", Permission.PERSON_VIEW),
    Screen("trail", "administration", ":material/history:", Permission.TRAIL_VIEW),
)


def screen(name: str) -> Screen:
    """The screen of that name; raises KeyError."""
    return _BY_NAME[name]


def sections(screens: Iterable[Screen]) -> dict[str, list[Screen]]:
    """The screens by the section of the menu in which they stand, in the order of the table."""
    found: dict[str, list[Screen]] = {}
    for one in screens:
        found.setdefault(one.section or "", []).append(one)
    return found


# ---------------------------------------------------------------------------------------------------------------------


_BY_NAME = {one.name: one for one in SCREENS}
