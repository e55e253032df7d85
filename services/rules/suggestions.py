"""Which reasons a citizen's own words point to: advice for the agent, never a choice made for anybody.

Cues are data (`reason_cues.toml`): phrases, as regular expressions, that are telling of a reason or only hint at it. A
reason's score is two for each telling cue found and one for each hint; a reason needs one telling cue, or two hints, to
be named. So a suggestion can always say why it was made, which a trained model could not, and it works from the first
day of a city that has no answers of its own yet.

>>> cues = shipped()
>>> [(one.code, one.because) for one in suggest("从头到尾没有人打过电话给我，就说已经办结了。", cues)]
[('R01', '没有人打过电话')]
>>> suggest("", cues)
()
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from services.errors import Invalid
from services.rules.document import fingerprint

FORMAT = 1
STRONG, WEAK = 2, 1
ENOUGH = 2
"""The score from which a reason is named: one telling cue, or two hints."""
MOST = 3


@dataclass(frozen=True, slots=True)
class Cue:
    """One phrase that points to a reason, and how strongly."""

    pattern: re.Pattern[str]
    weight: int


@dataclass(frozen=True, slots=True)
class Cues:
    """The phrases of every reason, by its code, and the fingerprint of the document they come from."""

    of: Mapping[str, tuple[Cue, ...]]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A reason that the words point to, and the piece of them that says so most strongly."""

    code: str
    score: int
    because: str


def suggest(words: str, cues: Cues, *, among: Collection[str] | None = None) -> tuple[Suggestion, ...]:
    """Return at most three reasons that the words point to, the strongest first; `among` limits them to what is asked.

    Reasons of equal score stand in the order of their codes, so that the same words always suggest the same.
    """
    found = []
    for code, listed in cues.of.items():
        if among is not None and code not in among:
            continue
        hits = [(cue.weight, hit.group()) for cue in listed if (hit := cue.pattern.search(words))]
        score = sum(weight for weight, _ in hits)
        if score >= ENOUGH:
            found.append(Suggestion(code, score, max(hits, key=lambda hit: (hit[0], len(hit[1])))[1]))
    return tuple(sorted(found, key=lambda one: (-one.score, one.code))[:MOST])


def parse(document: Mapping[str, object]) -> Cues:
    """Return the cues that a document describes; raises Invalid with every problem by its path."""
    problems: dict[str, str] = {}
    if document.get("format") != FORMAT:
        problems["format"] = "unknown_format"
    parsed: dict[str, tuple[Cue, ...]] = {}
    for code, entry in document.items():
        if code == "format":
            continue
        if not isinstance(entry, Mapping) or not entry or not set(entry) <= {"strong", "weak"}:
            problems[code] = "not_a_section"
            continue
        found = (*_listed(f"{code}.strong", entry.get("strong"), STRONG, problems),)
        parsed[code] = (*found, *_listed(f"{code}.weak", entry.get("weak"), WEAK, problems))
    if problems:
        raise Invalid(problems)
    return Cues(MappingProxyType(parsed), fingerprint(document))


@cache
def shipped() -> Cues:
    """Return the cues that come with the portal."""
    return parse(tomllib.loads(files("services.rules").joinpath("reason_cues.toml").read_text("utf-8")))


# ---------------------------------------------------------------------------------------------------------------------


def _listed(path: str, patterns: object, weight: int, problems: dict[str, str]) -> list[Cue]:
    cues: list[Cue] = []
    if patterns is None:
        return cues
    if not isinstance(patterns, list) or not all(isinstance(one, str) and one for one in patterns):
        problems[path] = "not_a_list"
        return cues
    for number, pattern in enumerate(patterns):
        try:
            cues.append(Cue(re.compile(pattern), weight))
        except re.error:
            problems[f"{path}.{number}"] = "not_a_pattern"
    return cues
