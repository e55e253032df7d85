"""The words of demo orders, composed from prose.toml: varied, tied to a place, and said by nobody."""

import tomllib
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from random import Random
from typing import Any

from services.demo.world import Matter, Street, Unit

_CYCLE = ("甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥")


class Prose:
    """Composes texts; the same draws of `rng` give the same words."""

    def __init__(self) -> None:
        self._words: dict[str, Any] = tomllib.loads(files("services.demo").joinpath("prose.toml").read_text("utf-8"))

    def spot(self, street: Street, rng: Random) -> str:
        """Return a place in the street: plausible, and no address of a person."""
        return str(rng.choice(self._words["spots"])).format(stem=street.stem)

    def title(self, street: Street, matter: Matter, kind: str) -> str:
        """Return what the order is called in lists."""
        if kind == "consult" and matter.is_question:
            return f"关于{matter.name.removesuffix('咨询')}的咨询"
        return f"{street.name}{matter.name.removesuffix('问题')}问题"

    def request(self, street: Street, spot: str, matter: Matter, kind: str, at: datetime, rng: Random) -> str:
        """Return the citizen's request as the hotline wrote it down."""
        opening = rng.choice(self._words["openings"])
        ask = rng.choice(self._words["asks"][kind])
        if matter.is_question:
            who = rng.choice(("居民", "市民", "来穗人员", "企业员工", "老年居民"))
            return f"{street.district_name}{street.name}{who}来电，{matter.clause[1:]}。{ask}"
        since = str(rng.choice(self._words["since"])).format(days=rng.randint(3, 40), month=(at.month - 2) % 12 + 1)
        effects = self._words["effects"]
        effect = rng.choice(effects.get(matter.code[:4], effects[matter.code[:2]]))
        return f"{opening}{street.district_name}{street.name}{spot}，{since}{matter.clause}，{effect}。{ask}"

    def flood(self, street: Street, spot: str, rng: Random) -> str:
        """Return a request of the day on which streets stood under water."""
        clause = str(rng.choice(self._words["flood"]["clauses"])).format(depth=rng.randrange(15, 95, 5))
        return f"{street.district_name}{street.name}{spot}，{clause}。{rng.choice(self._words['flood']['asks'])}"

    def reply(self, unit: Unit, spot: str, matter: Matter, *, flood: bool, number: int, rng: Random) -> str:
        """Return a department's reply in the tone of its kind; rework replies are of their own."""
        facts = {"unit": unit.name, "spot": spot, "name": matter.name.removesuffix("问题")}
        replies = self._words["replies"]
        closing = rng.choice(replies["closings"])
        if number > 1:
            return f"{str(rng.choice(replies['reworks'])).format(**facts)}{closing}"
        if flood:
            return f"{rng.choice(self._words['flood']['replies'])}{closing}"
        if matter.is_question:
            facts["name"] = matter.name.removesuffix("咨询")
            return f"{str(rng.choice(replies['answered'])).format(**facts)}{rng.choice(replies['consult'])}{closing}"
        done = replies["works" if matter.code < "07" and matter.code[:2] != "04" else "cases"]
        return f"{str(rng.choice(replies['openings'])).format(**facts)}{rng.choice(done)}{closing}"

    def evidence(self, rng: Random) -> str:
        """Return what a department says it attached to its rework."""
        return str(rng.choice(self._words["replies"]["evidence"]))

    def instruction(self, reason: str, rng: Random) -> str:
        """Return what a supervisor asks for when returning an order."""
        instructions = self._words["instructions"]
        return str(rng.choice(instructions.get(reason, instructions["other"])))

    def complaint(self, reason: str, rng: Random) -> str:
        """Return a dissatisfied citizen's words, which fit the reason."""
        return str(rng.choice(self._words["words"][reason]))

    def praise(self, rng: Random) -> str:
        """Return a satisfied citizen's words."""
        return str(rng.choice(self._words["praise"]["words"]))

    def note(self, disposition: str, rng: Random) -> str | None:
        """Return what an agent notes about a call that was not answered."""
        notes: Sequence[str] = self._words["notes"].get(disposition, ())
        return rng.choice(notes) if notes else None

    def ground(self, rng: Random) -> str:
        """Return the ground on which an order is left out of the statistics."""
        return str(rng.choice(self._words["exclusions"]["grounds"]))

    def archive(self, rng: Random) -> str:
        """Return why a supervisor archives a dissatisfied order."""
        return str(rng.choice(self._words["archives"]["reasons"]))

    def question(self, rng: Random) -> str:
        """Return what an agent asks a supervisor during a call."""
        return str(rng.choice(self._words["desk"]["questions"]))

    def agreed(self, rng: Random) -> str:
        """Return what an agent notes about an appointment."""
        return str(rng.choice(self._words["desk"]["appointments"]))


def requester(index: int) -> str:
    """Return a requester's name that shows that it is made up: 测试·甲子, 测试·甲丑 and so on."""
    stems, branches = _CYCLE
    return f"测试·{stems[index % 10]}{branches[index // 10 % 12]}"


def masked(name: str) -> str:
    """Return the name as lists show it."""
    return f"{name[:3]}*"


def phone(index: int, position: int = 1) -> str:
    """Return a telephone number that cannot exist: no mobile number of the country begins with 100.

    What lists show of a number, its last four digits, tells the numbers of one citizen apart.
    """
    return f"100000{position - 1}{(index + 1_111 * (position - 1)) % 10_000:04d}"
