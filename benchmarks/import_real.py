"""Import whole sets of real orders into a fresh database, twice, and print what it took.

    python benchmarks/import_real.py --boston FILE.csv --tainan FOLDER --nyc ANSWERS.csv --synthetic 100000

The database is an embedded server of this run's own, without waiting for the disk, so that the figures compare code
with code and not disks. Ends with status 1 where a count is not what the files say.
"""

import argparse
import csv
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import and_, create_engine, func, or_, select

from db import migrate
from db.callbacks import CallbackCase
from db.embedded import running
from db.engine import connect
from db.orders import Order, Rating, RatingAnswer
from db.reference import Grade
from db.vocabulary import ImportKind
from services import exchange, setup
from services.access import SYSTEM, Access
from services.environment import Environment
from services.intake.reading import list_files
from services.intake.views import Incoming, Report
from services.rules.promoters import recommended


def main() -> int:
    """Run the imports that were asked for; give the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--boston", type=Path, help="the CSV of Boston's 311 requests")
    parser.add_argument("--tainan", type=Path, help="the folder of Tainan's weekly files")
    parser.add_argument("--synthetic", type=int, metavar="ROWS", help="make and import that many rows of our own form")
    parser.add_argument("--nyc", type=Path, help="the CSV of New York's satisfaction survey, answers of 2020 to 2023")
    parser.add_argument("--open311", type=Path, nargs="*", default=(), help="Open311 answers, JSON or JSON lines")
    given = parser.parse_args()
    failures = 0
    with installed() as (access, owner):
        if given.boston:
            failures += measure(access, "boston_311", [given.boston])
            failures += check_boston(owner)
        if given.tainan:
            failures += measure(access, "tainan_1999", [given.tainan])
        if given.nyc:
            failures += measure(access, "nyc_csat", [given.nyc], ImportKind.RATINGS)
            failures += check_nyc(owner)
        for path in given.open311:
            measure(access, "open311_json", [path])
        if given.synthetic:
            with tempfile.TemporaryDirectory() as folder:
                failures += measure(access, "huixiang", [synthetic(Path(folder) / "orders.csv", given.synthetic)])
                rated = ratings(Path(folder) / "ratings.csv", given.synthetic)
                failures += measure(access, "huixiang", [rated], ImportKind.RATINGS)
    say(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    return 1 if failures else 0


@contextmanager
def installed() -> Iterator[tuple[Access, str]]:
    """Start a server, and set up a database with the reference rows."""
    directory = Path(tempfile.mkdtemp(prefix="huixiang-benchmark-", dir="/tmp"))
    directory.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        server = stack.enter_context(running(directory, durable=False))
        owner = server.url("postgres", "postgres")
        migrate.upgrade(owner)
        access = Access(Environment(connect(owner), directory), SYSTEM)
        setup.load_reference(access)
        access = Access(Environment(connect(server.url("portal_login", "postgres")), directory), SYSTEM)
        yield access, owner


def measure(access: Access, profile: str, paths: Sequence[Path], kind: ImportKind = ImportKind.ORDERS) -> int:
    """Import twice; give the number of things that were not as they must be."""
    first, seconds = imported(access, profile, paths, kind)
    say(f"{profile} {kind}: first import {seconds:.1f} s, {first.rows / seconds:,.0f} rows/s, {counts(first)}")
    again, seconds = imported(access, profile, paths, kind)
    say(f"{profile} {kind}: second import {seconds:.1f} s, {counts(again)}")
    return (first.inserted != first.rows) + (again.unchanged != first.rows)


def imported(access: Access, profile: str, paths: Sequence[Path], kind: ImportKind) -> tuple[Report, float]:
    """Import the files, and tell the seconds; prints how they were shared between reading and merging."""
    began = time.perf_counter()
    files = list_files(paths)
    with ExitStack() as stack:
        incoming = [Incoming(path.name, stack.enter_context(path.open("rb"))) for path in files]
        started = exchange.start_import(
            access, files=incoming, profile=profile, kind=kind, request_id=access.environment.new_id()
        )
    read = began
    for step in exchange.run_import(access, import_id=started.import_id):
        if step.merging:
            read = time.perf_counter()
    ended = time.perf_counter()
    say(f"  reading {read - began:.1f} s, merging {ended - read:.1f} s")
    status = exchange.import_status(access, import_id=started.import_id)
    if status.report is None:
        raise SystemExit(f"{status.state}: {status.error} {dict(status.facts)}")
    numbers = {
        name: status.report[name] for name in ("rows", "inserted", "updated", "unchanged", "rejected", "warnings")
    }
    return Report(**numbers, problems=()), ended - began


def check_boston(owner: str) -> int:
    """Compare lateness by our rule with the flag that the city published."""
    late = and_(
        Order.due_at.is_not(None),
        or_(Order.closed_at > Order.due_at, and_(Order.closed_at.is_(None), Order.due_at < func.now())),
    )
    of_boston = Order.source == "boston_311"
    contradicts = and_(Order.official_late.is_not(None), Order.official_late != func.coalesce(late, False))
    engine = create_engine(owner)
    with engine.connect() as connection:
        late_ones = connection.scalar(select(func.count()).select_from(Order).where(of_boston, late))
        contradictions = connection.scalar(select(func.count()).select_from(Order).where(of_boston, contradicts))
    engine.dispose()
    say(f"  late by our rule {late_ones}, contradictions with the official flag {contradictions}")
    return (late_ones != 8_430) + (contradictions != 0)


PUBLISHED = {"strongly_agree": 9_031, "agree": 4_091, "neutral": 1_032, "disagree": 623, "strongly_disagree": 1_548}
"""New York's overall satisfaction in the answers of 2020 to 2023, as published."""

BLANK_SCORES = 25
"""Answers of 2020 to 2023 that leave the recommendation empty."""


def check_nyc(owner: str) -> int:
    """Compare the ratings with the published distribution, and say what became of the orders."""
    graded = select(Grade.code, Rating.satisfaction, func.count()).join(Grade, Grade.id == Rating.grade_id)
    of_nyc = Order.source == "nyc_csat"
    said = select(RatingAnswer.value).where(RatingAnswer.rating_id == Rating.id, RatingAnswer.question == "nps")
    engine = create_engine(owner)
    with engine.connect() as connection:
        found = connection.execute(
            graded.join(Order, Order.id == Rating.order_id).where(of_nyc).group_by(Grade.code, Rating.satisfaction)
        ).all()
        statuses = connection.execute(
            select(Order.status, Order.outcome, func.count()).where(of_nyc).group_by(Order.status, Order.outcome)
        ).all()
        scores = connection.scalars(
            select(said.scalar_subquery()).select_from(Rating).join(Order, Order.id == Rating.order_id).where(of_nyc)
        ).all()
        cases = connection.scalar(select(func.count()).select_from(CallbackCase).where(CallbackCase.open))
    engine.dispose()
    counted = {grade: count for grade, _, count in found}
    for grade, count in sorted(PUBLISHED.items(), key=lambda item: -item[1]):
        meant = next((satisfaction for one, satisfaction, _ in found if one == grade), None)
        say(f"  {grade}: {counted.get(grade, 0):,} (published {count:,}), counts as {meant}")
    nps = recommended(int(score) if score is not None else None for score in scores)
    say(
        f"  would recommend: promoters {nps.promoters:,}, passives {nps.passives:,}, detractors {nps.detractors:,},"
        f" blank {nps.blank}, score {float(nps.score or 0):.2f} of {nps.answered:,} answers"
    )
    for status, outcome, count in sorted(statuses, key=lambda row: -row[2]):
        say(f"  orders {status}, outcome {outcome}: {count:,}")
    say(f"  open cases of the callback queue: {cases:,}")
    return (counted != PUBLISHED) + (nps.blank != BLANK_SCORES) + (len(scores) != sum(PUBLISHED.values()))


def synthetic(path: Path, rows: int) -> Path:
    """Write a file of our own form: the districts as units, closed and open orders, made-up people."""
    units = (
        "天河区",
        "越秀区",
        "海珠区",
        "荔湾区",
        "白云区",
        "黄埔区",
        "番禺区",
        "花都区",
        "南沙区",
        "从化区",
        "增城区",
    )
    kinds = ("咨询", "求助", "投诉", "举报", "建议")
    start = datetime(2024, 1, 2, 9, tzinfo=UTC)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out: csv.DictWriter[str] | None = None
        for number in range(rows):
            accepted = start + timedelta(minutes=5 * number % 500_000)
            closed = f"{accepted + timedelta(days=number % 20):%Y-%m-%d %H:%M:%S}" if number % 5 else ""
            unit = units[number % len(units)]
            row = {
                "工单编号": f"GZ{number:09d}",
                "受理时间": f"{accepted:%Y-%m-%d %H:%M:%S}",
                "诉求渠道": "电话",
                "诉求类型": kinds[number % 5],
                "一级类别": "市政设施",
                "二级类别": "道路设施",
                "所属区": unit,
                "地址": f"{unit}中山路{number % 999}号",
                "标题": "路灯不亮",
                "诉求内容": f"{unit}中山路{number % 999}号门前路灯已经连续{number % 30}天不亮，请尽快处理。",
                "诉求人": "测试·甲",
                "联系电话": f"1000000{number % 10_000:04d}",
                "承办单位": unit,
                "办结时间": closed,
                "答复内容": "已派人到场修复，并电话告知诉求人。" if closed else "",
            }
            if out is None:
                out = csv.DictWriter(file, list(row))
                out.writeheader()
            out.writerow(row)
    return path


def ratings(path: Path, rows: int) -> Path:
    """Write a rating for every closed order of the synthetic file, one in ten of them dissatisfied."""
    at = datetime(2026, 10, 1, 9, tzinfo=UTC)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(["工单编号", "评价渠道", "评价等级", "评价时间"])
        for number in range(rows):
            if number % 5:
                grade = "满意" if number % 10 else "不满意"
                out.writerow([f"GZ{number:09d}", "短信", grade, f"{at + timedelta(seconds=number):%Y-%m-%d %H:%M:%S}"])
    return path


def counts(report: Report) -> str:
    """Write the counts of a report in a row."""
    return ", ".join(f"{name} {value:,}" for name, value in report.as_json().items() if name != "problems")


def say(line: str) -> None:
    """Print at once, so that a long run can be watched."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
