"""The shape of the code, held by checks; each check is also shown a tree that breaks it, so that none is blind.

What import-linter and ruff hold already is not repeated here; that every table is cut or shared with a reason stands in
`tests/db/test_policies.py`, beside the live database that must agree.
"""

import ast
import importlib.metadata
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("portal", "services", "db", "pages")

LONGEST_FUNCTION = 60
LONGEST_MODULE = 400
LONGEST_PAGE = 160

# Where a session is opened and ended; nobody else commits, rolls back or asks for the connection behind one.
KEEPERS_OF_SESSIONS = {"services/access.py", "services/environment.py"}


def use_cases_have_one_door(root: Path) -> Iterator[str]:
    """A function that is handed an access or an environment opens exactly one door, and no other function opens any.

    One that answers with an Access may do without, for it hands on the key.
    """
    for path, tree in _modules(root, "services"):
        if path == "services/access.py":
            continue
        for function in _functions(tree):
            doors = len(list(_doors(function)))
            if doors not in _doors_allowed(function):
                yield f"{path}: {function.name} opens {doors} doors"


def doors_name_their_permission(root: Path) -> Iterator[str]:
    """Reading asks for a permission to view, and writing for one to act."""
    for path, tree in _modules(root, "services"):
        for kind, permission in _doors(tree):
            if not permission.startswith("Permission."):
                yield f"{path}: {kind}({permission}) does not name its permission"
            elif permission.endswith("_VIEW") != (kind == "read"):
                yield f"{path}: {kind}({permission})"


def migrations_are_no_package(root: Path) -> Iterator[str]:
    """With an `__init__.py`, our folder would hide the library of the same name."""
    if (root / "alembic" / "__init__.py").exists():
        yield "alembic/__init__.py exists"


def migrations_stand_alone(root: Path) -> Iterator[str]:
    """A migration imports nothing of ours: the code of today is not that of the day on which it runs."""
    for path, tree in _modules(root, "alembic/versions"):
        for name in _imports(tree):
            if name in PACKAGES:
                yield f"{path} imports {name}"


def pages_and_screens_agree(root: Path) -> Iterator[str]:
    """Every file in pages is a screen in the list, and every screen in the list has its file."""
    pages = {Path(path).stem for path, _ in _pages(root)}
    screens = set()
    for _, tree in _modules(root, "portal", "screens.py"):
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Screen":
                screens.add(ast.literal_eval(call.args[0]))
    yield from (f"pages/{name}.py is not in portal/screens.py" for name in sorted(pages - screens))
    yield from (f"portal/screens.py names {name}, which pages lacks" for name in sorted(screens - pages))


def pages_open_themselves_first(root: Path) -> Iterator[str]:
    """The first statement of a page opens it under its own name: nothing is drawn for one who may not see it."""
    for path, tree in _pages(root):
        statements = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
        if ast.get_docstring(tree) is not None:
            statements = statements[1:]
        first = ast.unparse(statements[0]) if statements else "nothing"
        if not re.search(rf"\bpage\.open\('{Path(path).stem}'[,)]", first):
            yield f"{path} begins with {first.splitlines()[0]}"


def portal_hides_no_package(root: Path) -> Iterator[str]:
    """Streamlit puts the folder of its script first on the path, where a module would hide another of its name.

    A folder without an `__init__.py` hides nothing.
    """
    taken = sys.stdlib_module_names | set(importlib.metadata.packages_distributions()) | set(PACKAGES)
    modules = [path.stem for path in (root / "portal").glob("*.py")]
    packages = [path.parent.name for path in (root / "portal").glob("*/__init__.py")]
    for name in sorted(taken.intersection(modules + packages)):
        if not name.startswith("__"):
            yield f"portal/{name} hides {name}"


def sessions_are_kept_in_one_place(root: Path) -> Iterator[str]:
    """Transactions end where the door closes, and nowhere else."""
    for package in ("services", "portal", "pages"):
        for path, tree in _modules(root, package):
            if path in KEEPERS_OF_SESSIONS:
                continue
            for name, call in _calls_of_methods(tree):
                if name in ("commit", "rollback", "connection"):
                    yield f"{path}:{call.lineno} calls {name}"


def nothing_is_too_long(root: Path) -> Iterator[str]:
    """What does not fit on a few screens is taken apart."""
    for package in PACKAGES:
        for path, tree in _modules(root, package):
            longest = LONGEST_PAGE if package == "pages" else LONGEST_MODULE
            lines = len((root / path).read_text(encoding="utf-8").splitlines())
            if lines > longest:
                yield f"{path} has {lines} lines"
            for function in _functions(tree):
                lines = (function.end_lineno or function.lineno) - function.lineno + 1
                if lines > LONGEST_FUNCTION:
                    yield f"{path}: {function.name} has {lines} lines"


def what_is_imported_is_pinned(root: Path) -> Iterator[str]:
    """The portal imports only what requirements.txt names; a test may use what requirements-dev.txt names too."""
    runtime = _pins(root / "requirements.txt")
    developing = runtime | _pins(root / "requirements-dev.txt")
    distributions = importlib.metadata.packages_distributions()
    for folder in (*PACKAGES, "alembic", "tests", "benchmarks"):
        pinned = runtime if folder in (*PACKAGES, "alembic") else developing
        for path, tree in _modules(root, folder):
            for name in _imports(tree) - sys.stdlib_module_names - {*PACKAGES, "tests", "benchmarks"}:
                if not pinned & {_plain(distribution) for distribution in distributions.get(name, [name])}:
                    yield f"{path} imports {name}"


CHECKS: tuple[Callable[[Path], Iterator[str]], ...] = (
    use_cases_have_one_door,
    doors_name_their_permission,
    migrations_are_no_package,
    migrations_stand_alone,
    pages_and_screens_agree,
    pages_open_themselves_first,
    portal_hides_no_package,
    sessions_are_kept_in_one_place,
    nothing_is_too_long,
    what_is_imported_is_pinned,
)

_ONE_DOOR = "    with access.read(Permission.ORDER_VIEW) as look:\n        return look\n"

# What breaks each check: the file, what stands in it, and a word of the finding.
PLANTED = (
    (use_cases_have_one_door, "services/a.py", "def find_order(access: Access): return 1", "find_order opens 0"),
    (use_cases_have_one_door, "services/a.py", f"def find(access: Access):\n{_ONE_DOOR}{_ONE_DOOR}", "find opens 2"),
    (use_cases_have_one_door, "services/sub/a.py", f"def _part(access, order):\n{_ONE_DOOR}", "_part opens 1"),
    (
        doors_name_their_permission,
        "services/a.py",
        "def f(access):\n    with access.write(Permission.ORDER_VIEW) as work: pass",
        "write(Permission.ORDER_VIEW)",
    ),
    (
        doors_name_their_permission,
        "services/a.py",
        "def f(access):\n    with access.read(Permission.ORDER_RETURN) as look: pass",
        "read(Permission.ORDER_RETURN)",
    ),
    (
        doors_name_their_permission,
        "services/a.py",
        "def f(access, wanted):\n    with access.read(wanted) as look: pass",
        "does not name",
    ),
    (migrations_are_no_package, "alembic/__init__.py", "", "exists"),
    (migrations_stand_alone, "alembic/versions/0001_a.py", "from db.orders import Order", "imports db"),
    (pages_and_screens_agree, "pages/a.py", "", "not in portal/screens.py"),
    (pages_and_screens_agree, "portal/screens.py", "SCREENS = (Screen('b', 'work'),)", "names b"),
    (pages_open_themselves_first, "pages/a.py", "import streamlit as st\n\nst.title('a')", "begins with st.title"),
    (pages_open_themselves_first, "pages/a.py", "'''A page.'''\n\nhere = page.open('b')", "begins with here"),
    (portal_hides_no_package, "portal/statistics.py", "", "hides statistics"),
    (portal_hides_no_package, "portal/pandas.py", "", "hides pandas"),
    (sessions_are_kept_in_one_place, "services/a.py", "def f(look):\n    look.session.commit()", "calls commit"),
    (sessions_are_kept_in_one_place, "portal/a.py", "def f(engine):\n    engine.connection()", "calls connection"),
    (nothing_is_too_long, "db/a.py", "\n" * 401, "401 lines"),
    (nothing_is_too_long, "pages/a.py", "\n" * 161, "161 lines"),
    (nothing_is_too_long, "portal/a.py", "def f():\n" + "    g()\n" * 60, "f has 61"),
    (what_is_imported_is_pinned, "services/a.py", "import pytest", "imports pytest"),
    (what_is_imported_is_pinned, "tests/a.py", "from torch import nn", "imports torch"),
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_tree_keeps_its_shape(check: Callable[[Path], Iterator[str]]) -> None:
    assert list(check(ROOT)) == []


@pytest.mark.parametrize(("check", "file", "source", "finding"), PLANTED)
def test_a_planted_fault_is_found(
    check: Callable[[Path], Iterator[str]], file: str, source: str, finding: str, tmp_path: Path
) -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    assert list(check(tmp_path)) == []
    planted = tmp_path / file
    planted.parent.mkdir(parents=True)
    planted.write_text(source, encoding="utf-8")
    assert [finding in found for found in check(tmp_path)] == [True]


def test_every_check_is_shown_a_fault() -> None:
    assert {check for check, *_ in PLANTED} == set(CHECKS)


# ---


def _modules(root: Path, folder: str, pattern: str = "*.py") -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((root / folder).rglob(pattern)):
        if "node_modules" not in path.parts:
            yield path.relative_to(root).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def _pages(root: Path) -> Iterator[tuple[str, ast.Module]]:
    return ((path, tree) for path, tree in _modules(root, "pages") if not path.endswith("__init__.py"))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _doors(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Find `with <access>.read(<permission>)` and `.write(<permission>)`; files are read without a `with`."""
    items = [item.context_expr for node in ast.walk(tree) if isinstance(node, ast.With) for item in node.items]
    for item in items:
        for name, call in _calls_of_methods(item):
            if call is item and name in ("read", "write") and call.args:
                yield name, ast.unparse(call.args[0])


def _calls_of_methods(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def _doors_allowed(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[int]:
    first = function.args.args[0].arg if function.args.args else ""
    if first not in ("access", "environment") or function.name.startswith("_"):
        return {0}
    return {0, 1} if function.returns and ast.unparse(function.returns) == "Access" else {1}


def _imports(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _pins(path: Path) -> set[str]:
    """Answer with the distributions that a list of requirements names above the line of what they bring along."""
    direct = path.read_text(encoding="utf-8").split("# What these bring along.")[0]
    return {_plain(name) for name in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", direct, flags=re.MULTILINE)}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
