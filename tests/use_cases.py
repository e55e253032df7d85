"""Every use case there is, found by looking: public functions of services whose first parameter is the door."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import services
from db.vocabulary import Role
from services.rules.permissions import Permission, permissions_of

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class UseCase:
    """A use case, what it asks of the actor, and whether it may change anything."""

    function: Function
    permissions: frozenset[Permission]
    writes: bool

    def open_to(self, role: Role) -> bool:
        """Say whether somebody in the role may call it."""
        return self.permissions <= permissions_of(role)


@cache
def every() -> tuple[UseCase, ...]:
    """Return every use case of every module of services."""
    modules = [importlib.import_module(one.name) for one in pkgutil.walk_packages(services.__path__, "services.")]
    return tuple(_use_case(module, function) for module in modules for function in _functions(module))


def of(role: Role, *, writes: bool) -> set[Function]:
    """Return the reading or the writing use cases that somebody in the role may call."""
    return {one.function for one in every() if one.writes == writes and one.open_to(role)}


# ---------------------------------------------------------------------------------------------------------------------


def _functions(module: ModuleType) -> Iterator[Function]:
    for name, member in vars(module).items():
        own = inspect.isfunction(member) and member.__module__ == module.__name__
        if own and not name.startswith("_") and next(iter(inspect.signature(member).parameters), None) == "access":
            yield member


def _use_case(module: ModuleType, function: Function) -> UseCase:
    doors = set(_doors(module, function.__name__, set()))
    if not doors:
        raise LookupError(f"{module.__name__}.{function.__name__} takes a door and opens none")
    permissions = frozenset(Permission[name] for _, name in doors)
    return UseCase(function, permissions, writes=any(kind == "write" for kind, _ in doors))


def _doors(module: ModuleType, name: str, visited: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the doors that a function of a module opens, itself or by what it calls in its module."""
    visited.add(name)
    for node in ast.walk(_tree(module)[name]):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="access"), attr="read" | "write" as kind),
                args=[ast.Attribute(attr=permission)],
            ):
                yield kind, permission
            case ast.Call(func=ast.Name(id=called)) if called in _tree(module) and called not in visited:
                yield from _doors(module, called, visited)


@cache
def _tree(module: ModuleType) -> dict[str, ast.FunctionDef]:
    tree = ast.parse(inspect.getsource(module))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
