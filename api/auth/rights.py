"""How a route declares the right that it needs, and a handler asks who asks.

`dependencies=[needs(Right.READ)]` on a router holds for all its routes; a route may
need more. A route without any right is refused by a test, and what stands under `/api/`
is refused to strangers before any route is looked at (`gate`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request, Security, params, routing
from fastapi.security import SecurityScopes

from api.auth import before, scope, trail
from api.methods import CHANGING
from parkpulse.errors import (
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    UnauthenticatedError,
)
from parkpulse.model import account
from parkpulse.model.account import EVERYBODY, EVERYWHERE, Actor, Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Caller", "Right", "Who", "declared", "needs", "open_to_all"]

ACTOR = "parkpulse.actor"
"""Key of the scope of a request that holds who asks."""
_PARK = "park"
_OPEN = "open"


async def _authorise(request: Request, scopes: SecurityScopes) -> None:
    actor = actor_of(request)
    # A route may have several of these; what they read is no deed.
    trail.disarm(request.scope)
    for name in scopes.scopes:
        _require(actor, Right(name))
    is_change = request.method in CHANGING
    if actor.parks is not None:
        await scope.check(request, actor, is_change=is_change)
    if is_change:
        await before.look(request)
        trail.arm(request.scope)


async def _anybody() -> None:
    """Let everybody in: for pages before a login."""


def needs(right: Right) -> Any:  # noqa: ANN401 - as FastAPI declares it
    """Make the dependency of a route or router that needs a right."""
    return Security(_authorise, scopes=[right.value])


def open_to_all() -> Any:  # noqa: ANN401 - as FastAPI declares it
    """Make the dependency of a route that needs no login."""
    return Depends(_anybody)


def declared(
    routes: Iterable[Any],
) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    """All (path, methods, rights) of an application; right `open`: no login needed."""
    for route in routing.iter_route_contexts(list(routes)):
        given = getattr(route, "dependencies", None) or ()
        rights = frozenset(name for each in given for name in _names(each))
        yield route.path or "", frozenset(route.methods or ()), rights


def _names(dependency: params.Depends) -> list[str]:
    if dependency.dependency is _anybody:
        return [_OPEN]
    if dependency.dependency is not _authorise:
        return []
    return list(getattr(dependency, "scopes", ()))


def open_to_strangers(routes: Iterable[Any]) -> frozenset[tuple[str, str]]:
    """All (method, path) that need no login."""
    return frozenset(
        (method, path)
        for path, methods, rights in declared(routes)
        for method in methods
        if _OPEN in rights
    )


def actor_of(request: Request) -> Actor:
    """Tell who asks, as the gate found out."""
    actor: Actor = request.scope.get(ACTOR, EVERYBODY)
    return actor


def _require(actor: Actor, right: Right) -> None:
    if right in actor.rights:
        return
    if right is Right.OWN:
        code = "session_only" if actor.way == "token" else "login_required"
        if code == "login_required":
            raise UnauthenticatedError(code)
        raise ForbiddenError(code)
    if actor.way == "token" and right in account.RIGHTS[actor.role]:
        code = "token_scope"
        raise ForbiddenError(code, right.value)
    if actor.parks is not None and right in EVERYWHERE:
        code = "all_parks_needed"
        raise ForbiddenError(code)
    code = "role_lacks"
    raise ForbiddenError(code, account.least_role(right).value)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, for handlers."""

    actor: Actor

    @property
    def parks(self) -> frozenset[str] | None:
        """Codes of the parks that they may see; None for all."""
        return self.actor.parks

    def may(self, right: Right) -> bool:
        """Whether they have a right."""
        return right in self.actor.rights

    def give(self, rights: frozenset[Right]) -> None:
        """Make sure that they give nobody more than they have, by a token of theirs.

        Raises
        ------
        ForbiddenError
            The token lacks one of these.
        """
        lacking = rights - {Right.OWN} - self.actor.rights
        if lacking:
            code = "token_scope"
            raise ForbiddenError(code, min(lacking).value)

    def sees(self, park: str | None) -> bool:
        """Whether they may see a park, or what belongs to no park."""
        return self.actor.sees(park)

    def check(self, park: str | None) -> None:
        """Make sure that they may act on a park; None: on all parks.

        Raises
        ------
        NotFoundError
            It is a foreign park.
        ForbiddenError
            All parks are meant and they are limited to some.
        """
        if self.parks is None or park in self.parks:
            return
        if park is None:
            code = "all_parks_needed"
            raise ForbiddenError(code)
        raise NotFoundError(_PARK, park)

    def only(self, park: str | None) -> str | None:
        """Return the park that a list is to be limited to; None for all.

        Raises
        ------
        InvalidRequestError
            They are limited to several parks and name none.
        NotFoundError
            It is a foreign park.
        """
        if self.parks is None:
            return park
        if park is None and len(self.parks) == 1:
            return next(iter(self.parks))
        if park is None:
            code, message = "missing", "name one of your parks"
            raise InvalidRequestError(code, message, _PARK)
        self.check(park)
        return park

    def signs(self, given: str | None, pointer: str = "/actor") -> str:
        """Return the name that stands under what they do.

        That of their account; without any account the one they give.

        Raises
        ------
        InvalidRequestError
            They give none and there are no accounts.
        """
        if self.actor.name:
            return self.actor.display_name
        if given is None:
            code, message = "missing", "a name is required"
            raise InvalidRequestError(code, message, pointer)
        return given


async def _caller(request: Request) -> Caller:
    return Caller(actor_of(request))


Who = Annotated[Caller, Depends(_caller)]
"""Parameter of a handler that needs to know who asks."""
