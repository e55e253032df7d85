"""What a provider's claims amount to here, by the mapping in the secrets file's [sign_in] section."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from db.vocabulary import Role
from services.sign_ins import Vouched


@dataclass(frozen=True, slots=True)
class ClaimMap:
    """Which claims say who somebody is; without a table of roles these are given on the administrator's screen."""

    name_claim: str = "name"
    role_claim: str = "groups"
    department_claim: str = "department"
    roles: Mapping[str, Role] = field(default_factory=dict)


def read_claim_map(section: Mapping[str, Any]) -> ClaimMap:
    """Read the [sign_in] section; raises ValueError naming what is wrong, for a wrong mapping must not be guessed."""
    known = {"name_claim", "role_claim", "department_claim", "roles"}
    if unknown := set(section) - known:
        raise ValueError(f"[sign_in] knows no {', '.join(sorted(unknown))}")
    grantable = {role.value for role in Role if role != Role.SYSTEM}
    roles: dict[str, Role] = {}
    for word, role in dict(section.get("roles", {})).items():
        if role not in grantable:
            raise ValueError(f"[sign_in.roles] {word}: no such role {role!r}; use {', '.join(sorted(grantable))}")
        roles[str(word)] = Role(role)
    names = {key: str(section[key]) for key in known - {"roles"} if key in section}
    return ClaimMap(**names, roles=roles)


def vouched(claims: Mapping[str, Any], claim_map: ClaimMap) -> Vouched | None:
    """Return what the claims amount to, or None where they do not even say who it is and since when."""
    issuer, subject, issued_at = claims.get("iss"), claims.get("sub"), claims.get("iat")
    if not (isinstance(issuer, str) and isinstance(subject, str) and isinstance(issued_at, int | float)):
        return None
    given = frozenset(
        claim_map.roles[word] for word in _words(claims.get(claim_map.role_claim)) if word in claim_map.roles
    )
    department = next(iter(_words(claims.get(claim_map.department_claim))), None)
    return Vouched(
        issuer=issuer[:200],
        subject=subject[:200],
        issued_at=datetime.fromtimestamp(issued_at, UTC),
        name=str(claims.get(claim_map.name_claim) or subject)[:80],
        roles=given if claim_map.roles else None,
        department_code=department,
    )


# ---------------------------------------------------------------------------------------------------------------------


def _words(claim: object) -> tuple[str, ...]:
    """A claim may hold one word or a list of them."""
    if isinstance(claim, str):
        return (claim,)
    return tuple(str(word) for word in claim) if isinstance(claim, Iterable) else ()
