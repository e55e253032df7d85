"""The people of the demo: made-up, named as such, one or more for every role."""

from dataclasses import dataclass

from db.vocabulary import Role

ISSUER = "demo"
"""Who vouches for a demo person. The portal's demo sign-in is the only one that uses it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A demo person: the subject is what the sign-in calls them, the department is named by its code."""

    subject: str
    name: str
    role: Role
    department: str | None = None
    language: str = "zh_CN"


@dataclass(frozen=True, slots=True)
class Habit:
    """How an agent of the demo works: the share of the calls, the pace of the hands, and what else they can do.

    `softens` is how often somebody who was displeased ends up as satisfied with this agent: a thing to be found out.
    """

    share: int
    pace: float = 1.0
    skills: tuple[str, ...] = ()
    softens: float = 0.0


_STEMS = "甲乙丙丁戊己庚辛"

AGENTS = tuple(Part(f"agent-{n}", f"测试·回访员{stem}", Role.AGENT) for n, stem in enumerate(_STEMS, start=1))
HABITS = dict(
    zip(
        (part.subject for part in AGENTS),
        (
            Habit(16, 0.9, ("yue", "en")),
            Habit(15, 1.0, ("yue",)),
            Habit(14, 1.1, ("refusal_conversion",)),
            Habit(13, 0.8, ("yue",)),
            Habit(12, 0.7, softens=0.75),
            Habit(12, 1.2, ("en",)),
            Habit(10, 1.3, ("yue",)),
            Habit(8, 1.0),
        ),
        strict=True,
    )
)
"""What the agents are like, by the name under which they sign in."""

SUPERVISORS = tuple(
    Part(f"supervisor-{n}", f"测试·督办员{stem}", Role.SUPERVISOR) for n, stem in enumerate(_STEMS[:3], start=1)
)
ASSESSORS = tuple(
    Part(f"assessor-{n}", f"测试·考核员{stem}", Role.ASSESSOR) for n, stem in enumerate(_STEMS[:2], start=1)
)
UNITS = (
    Part("unit-tianhe", "测试·天河区专员", Role.UNIT, "440106"),
    Part("unit-water", "测试·水务局专员", Role.UNIT, "D-WATER"),
    Part("unit-tangxia", "测试·棠下街道专员", Role.UNIT, "440106011"),
    Part("unit-urban", "测试·城管局专员", Role.UNIT, "D-URBAN"),
    Part("unit-baiyun", "测试·白云区专员", Role.UNIT, "440111"),
    Part("unit-traffic", "测试·交警支队专员", Role.UNIT, "D-TRAFFIC"),
    Part("unit-market", "测试·市监局专员", Role.UNIT, "D-MARKET"),
    Part("unit-watersupply", "测试·自来水公司专员", Role.UNIT, "C-WATER"),
    Part("unit-xintang", "测试·新塘镇专员", Role.UNIT, "440118101"),
    Part("unit-labour", "测试·人社局专员", Role.UNIT, "D-LABOUR"),
    Part("unit-drainage", "测试·排水管理处专员", Role.UNIT, "D-WATER-2"),
    Part("unit-zengcheng", "测试·增城区专员", Role.UNIT, "440118"),
)
ADMINS = (Part("admin-1", "测试·管理员甲", Role.ADMIN),)
VIEWERS = (
    Part("viewer-1", "测试·领导甲", Role.VIEWER),
    Part("viewer-2", "Test viewer", Role.VIEWER, language="en"),
)

CAST = (*AGENTS, *SUPERVISORS, *UNITS, *ASSESSORS, *ADMINS, *VIEWERS)
