"""One question of a questionnaire document of format 2, checked to the last key; every problem by its path."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from db.vocabulary import Satisfaction
from services.rules import scripts
from services.rules.document import CODE
from services.rules.questions import (
    CHOSEN,
    FIXED_CHOICES,
    LONGEST_ANSWER,
    LONGEST_MATCHED,
    NO_LIMITS,
    RESERVED,
    TODAY,
    Choice,
    Condition,
    Kind,
    Limits,
    Question,
    Text,
)

LONGEST_NAME, LONGEST_ASK, LONGEST_HELP, LONGEST_SCRIPT = 60, 200, 500, 1000
MOST_CHOICES, MOST_CONDITIONS, MOST_DECIMALS = 30, 5, 6
LONGEST_PATTERN, MOST_REPEATS = 100, 3
"""A pattern is tried on what people type: with few repetitions and no repeated groups it never runs away."""
_LARGEST = Decimal(10) ** 15

Problems = dict[str, str]

_KEYS = frozenset(
    {"code", "kind", "choices", "scale", "needed", "asked_if", "required_if", "validation", "ask", "help", "script"}
)
_LIMITS_OF: Mapping[Kind, frozenset[str]] = {
    Kind.SINGLE: frozenset(),
    Kind.GRADE: frozenset(),
    Kind.SEVERAL: frozenset({"most_choices"}),
    Kind.TEXT: frozenset({"shortest", "longest", "pattern"}),
    Kind.NUMBER: frozenset({"least", "most", "decimals", "not_before", "not_after"}),
    Kind.DATE: frozenset({"least", "most", "not_before", "not_after"}),
}


def limits_of(kind: Kind) -> frozenset[str]:
    """Return the limits that a kind of question can have."""
    return _LIMITS_OF[kind]


def question(path: str, entry: object, problems: Problems) -> Question | None:
    """Return one question, or None where it is none; what is wrong with its parts is added to the problems."""
    if not isinstance(entry, Mapping):
        problems[path] = "not_a_question"
        return None
    for key in entry:
        if key not in _KEYS:
            problems[f"{path}.{key}"] = "unknown"
    code, written = entry.get("code"), entry.get("kind")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        problems[f"{path}.code"] = "not_a_code" if code else "required"
        return None
    if code in RESERVED:
        problems[f"{path}.code"] = "reserved"
        return None
    if not isinstance(written, str) or written not in list(Kind):
        problems[f"{path}.kind"] = "unknown_kind" if written else "required"
        return None
    kind = Kind(written)
    if not isinstance(entry.get("needed"), bool):
        problems[f"{path}.needed"] = "not_yes_or_no"
    return Question(
        code=code,
        kind=kind,
        choices=_choices(path, code, kind, entry.get("choices"), problems),
        scale=_scale(f"{path}.scale", kind, entry.get("scale"), problems),
        needed=entry.get("needed") is True,
        asked_if=_conditions(f"{path}.asked_if", entry.get("asked_if"), problems),
        required_if=_conditions(f"{path}.required_if", entry.get("required_if"), problems),
        limits=_limits(f"{path}.validation", kind, entry.get("validation"), problems),
        ask=text(f"{path}.ask", entry.get("ask"), LONGEST_ASK, problems, required=True),
        help=text(f"{path}.help", entry.get("help"), LONGEST_HELP, problems),
        script=script(f"{path}.script", entry.get("script"), problems),
    )


def hold(
    path: str, one: Question, earlier: Mapping[str, Question], codes: Sequence[object], problems: Problems
) -> None:
    """Hold a question against those before it: what goes by earlier ones only never runs in a circle."""
    for name, conditions in (("asked_if", one.asked_if), ("required_if", one.required_if)):
        for number, condition in enumerate(conditions):
            wrong = _unmeetable(condition, earlier, codes)
            if wrong is not None:
                problems[f"{path}.{name}.{number}"] = wrong
    for name, other in (("not_before", one.limits.not_before), ("not_after", one.limits.not_after)):
        if other is None:
            continue
        where = f"{path}.validation.{name}"
        if other not in earlier:
            problems[where] = "not_earlier" if other in codes else "unknown_question"
        elif earlier[other].kind != one.kind:
            problems[where] = "other_kind"


def text(path: str, entry: object, longest: int, problems: Problems, *, required: bool = False) -> Text | None:
    """Return words in both languages; the Chinese ones must be there, the English ones may be empty."""
    if entry is None:
        if required:
            problems[path] = "required"
        return None
    if not isinstance(entry, Mapping) or not set(entry) <= {"zh", "en"}:
        problems[path] = "not_a_text"
        return None
    zh, en = entry.get("zh", ""), entry.get("en", "")
    if not isinstance(zh, str) or not isinstance(en, str):
        problems[path] = "not_a_text"
        return None
    zh, en = zh.strip(), en.strip()
    if not zh and (required or en):
        problems[f"{path}.zh"] = "required"
    for language, written in (("zh", zh), ("en", en)):
        if len(written) > longest:
            problems[f"{path}.{language}"] = "too_long"
    return Text(zh, en) if zh else None


def script(path: str, entry: object, problems: Problems) -> Text | None:
    """Return what the agent says, its blanks checked."""
    found = text(path, entry, LONGEST_SCRIPT, problems)
    for language, written in (("zh", found.zh), ("en", found.en)) if found else ():
        wrong = scripts.problem_of(written)
        if wrong is not None:
            problems.setdefault(f"{path}.{language}", wrong)
    return found


# ---------------------------------------------------------------------------------------------------------------------


def _choices(path: str, code: str, kind: Kind, entry: object, problems: Problems) -> tuple[Choice, ...]:
    where = f"{path}.choices"
    if kind not in (Kind.SINGLE, Kind.SEVERAL):
        if entry:
            problems[where] = "no_choices_here"
        return ()
    if not isinstance(entry, list | tuple) or len(entry) < 2:
        problems[where] = "two_choices"
        return ()
    if len(entry) > MOST_CHOICES:
        problems[where] = "too_many"
    found: dict[str, Choice] = {}
    for number, one in enumerate(entry[:MOST_CHOICES]):
        here = f"{where}.{number}"
        value = one.get("code") if isinstance(one, Mapping) and set(one) <= {"code", "name"} else None
        if not isinstance(value, str) or not CODE.fullmatch(value):
            problems[here] = "not_a_code"
        elif value in found:
            problems[here] = "repeated"
        else:
            found[value] = Choice(value, text(f"{here}.name", one.get("name"), LONGEST_NAME, problems, required=True))
    if code in FIXED_CHOICES and (kind != Kind.SINGLE or set(found) != set(FIXED_CHOICES[code])):
        problems.setdefault(where, "fixed_choices")
    return tuple(found.values())


def _scale(path: str, kind: Kind, entry: object, problems: Problems) -> str | None:
    if kind != Kind.GRADE:
        if entry is not None:
            problems[path] = "no_scale_here"
        return None
    if not isinstance(entry, str) or not CODE.fullmatch(entry):
        problems[path] = "scale_required" if not entry else "not_a_code"
        return None
    return entry


def _conditions(path: str, entry: object, problems: Problems) -> tuple[Condition, ...]:
    if entry is None:
        return ()
    if not isinstance(entry, list | tuple):
        problems[path] = "not_conditions"
        return ()
    if len(entry) > MOST_CONDITIONS:
        problems[path] = "too_many"
    found = []
    for number, one in enumerate(entry[:MOST_CONDITIONS]):
        here = f"{path}.{number}"
        if not isinstance(one, Mapping) or not isinstance(one.get("question"), str):
            problems[here] = "not_a_condition"
            continue
        equals, graded = one.get("equals"), one.get("graded")
        listed = _strings(equals if graded is None else graded)
        if (equals is None) == (graded is None) or not listed or not set(one) <= {"question", "equals", "graded"}:
            problems[here] = "not_a_condition"
        elif graded is None:
            found.append(Condition(str(one["question"]), equals=tuple(dict.fromkeys(listed))))
        elif not set(listed) <= {word.value for word in Satisfaction}:
            problems[here] = "unknown_satisfaction"
        else:
            found.append(Condition(str(one["question"]), graded=tuple(Satisfaction(word) for word in listed)))
    return tuple(found)


def _strings(value: object) -> list[str]:
    """Return a list of words, or an empty one where it is anything else."""
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        return []
    return list(value)


def _unmeetable(condition: Condition, earlier: Mapping[str, Question], codes: Sequence[object]) -> str | None:
    """Return why a condition can never be decided, or None."""
    asked = earlier.get(condition.question)
    if asked is None:
        return "not_earlier" if condition.question in codes else "unknown_question"
    if asked.kind not in CHOSEN:
        return "nothing_to_choose"
    if condition.graded:
        return None if asked.kind == Kind.GRADE else "scale_required"
    return None if asked.kind == Kind.GRADE or set(condition.equals) <= set(asked.codes) else "unknown_choice"


def _limits(path: str, kind: Kind, entry: object, problems: Problems) -> Limits:
    if entry is None:
        return NO_LIMITS
    if not isinstance(entry, Mapping):
        problems[path] = "not_a_section"
        return NO_LIMITS
    for key in entry:
        if key not in _LIMITS_OF[kind]:
            problems[f"{path}.{key}"] = "not_for_this_kind"
    known = {key: value for key, value in entry.items() if key in _LIMITS_OF[kind] and value is not None}
    of_dates = kind == Kind.DATE
    bounds = {
        key: (_day if of_dates else _decimal)(f"{path}.{key}", known[key], problems)
        for key in ("least", "most")
        if key in known and not (of_dates and key == "most" and known[key] == TODAY)
    }
    least, most = bounds.get("least"), bounds.get("most")
    if least is not None and most is not None and not _in_order(least, most):
        problems.setdefault(f"{path}.most", "least_above_most")
    pattern = _pattern(f"{path}.pattern", known.get("pattern"), problems)
    longest = LONGEST_MATCHED if pattern else LONGEST_ANSWER
    limits = Limits(
        least=least,
        most=most,
        most_today=of_dates and known.get("most") == TODAY,
        decimals=_whole(f"{path}.decimals", known.get("decimals", 0), 0, MOST_DECIMALS, problems) or 0,
        shortest=_whole(f"{path}.shortest", known.get("shortest"), 1, longest, problems),
        longest=_whole(f"{path}.longest", known.get("longest"), 1, longest, problems),
        pattern=pattern,
        most_choices=_whole(f"{path}.most_choices", known.get("most_choices"), 1, MOST_CHOICES, problems),
        not_before=_other(f"{path}.not_before", known.get("not_before"), problems),
        not_after=_other(f"{path}.not_after", known.get("not_after"), problems),
    )
    if limits.shortest is not None and limits.longest is not None and limits.shortest > limits.longest:
        problems.setdefault(f"{path}.longest", "least_above_most")
    return limits


def _in_order(least: Decimal | date, most: Decimal | date) -> bool:
    if isinstance(least, date) and isinstance(most, date):
        return least <= most
    return isinstance(least, Decimal) and isinstance(most, Decimal) and least <= most


def _day(path: str, value: object, problems: Problems) -> date | None:
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        pass
    problems[path] = "not_a_date"
    return None


def _decimal(path: str, value: object, problems: Problems) -> Decimal | None:
    """Return a bound; it is written as a whole number or as text, for a binary fraction is not what was typed."""
    try:
        if isinstance(value, int | str) and not isinstance(value, bool):
            bound = Decimal(value)
            if bound.is_finite() and abs(bound) < _LARGEST:
                return bound
    except InvalidOperation:
        pass
    problems[path] = "not_a_number"
    return None


def _whole(path: str, value: object, least: int, most: int, problems: Problems) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        problems[path] = "not_a_number"
        return None
    if not least <= value <= most:
        problems[path] = "out_of_range"
    return value


def _other(path: str, value: object, problems: Problems) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    problems[path] = "unknown_question"
    return None


def _pattern(path: str, value: object, problems: Problems) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > LONGEST_PATTERN:
        problems[path] = "not_a_pattern"
        return None
    plain = re.sub(r"\\.", "", value)
    if re.search(r"\)[*+{]", plain) or len(re.findall(r"[*+{]", plain)) > MOST_REPEATS or re.search(r"\\\d", value):
        problems[path] = "pattern_too_free"
        return None
    try:
        re.compile(value)
    except re.error:
        problems[path] = "not_a_pattern"
        return None
    return value
