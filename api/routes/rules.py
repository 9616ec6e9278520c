"""Alert rules: read, written in versions, switched, and tried on history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi import Path as InPath
from starlette.responses import JSONResponse

from api import answers, lists
from api.auth.rights import Right, Who, needs
from api.context import Ctx
from api.schemas.common import Page
from api.schemas.rules import (
    Backtest,
    BacktestBody,
    NewRule,
    ReplacedRule,
    Rule,
    RuleDetail,
    RulesQuery,
    Switch,
)
from api.turns import Turns
from parkpulse.errors import InvalidRequestError
from parkpulse.query import backtest as history
from parkpulse.query import rule_edits
from parkpulse.query.rule_edits import RuleView, Search
from parkpulse.store.rules import Change

router = APIRouter(prefix="/rules", tags=["rules"], dependencies=[needs(Right.READ)])
_backtests = Turns(2)
"""One holds a connection for as long as its history takes."""
RuleId = Annotated[int, InPath(ge=1, le=2**31 - 1)]
IfMatch = Annotated[str | None, Header(max_length=64)]


@router.get("", response_model=Page[Rule], summary="Alert rules")
def list_rules(
    query: Annotated[RulesQuery, Query()], request: Request, ctx: Ctx, who: Who
) -> object:
    """Rules by code; with `park` those of the park and those of all parks."""
    if query.park is not None:
        who.check(query.park)
    search = Search(query.park, query.kind, query.enabled, query.q)
    with ctx.database.transaction() as conn:
        every = rule_edits.listed(conn, search)
    found = [each for each in every if who.sees(each.park)]
    return lists.give(request, query, found, Rule, ("code", "park"))


@router.post(
    "",
    response_model=Rule,
    status_code=201,
    summary="Write a new rule",
    dependencies=[needs(Right.EDIT_RULES)],
)
def create_rule(body: NewRule, ctx: Ctx, who: Who) -> object:
    """Put a rule in force; 409 when the park has one of this code."""
    who.check(body.park)
    spec = rule_edits.parse(body.document())
    change = Change(who.signs(body.actor), body.note, version=0)
    with ctx.database.transaction() as conn:
        found = rule_edits.put(conn, spec, body.park, change)
    return _tagged(found, 201)


@router.post(
    "/backtest",
    response_model=Backtest,
    summary="Try a rule on history",
    dependencies=[needs(Right.EDIT_RULES)],
)
def backtest_rule(body: BacktestBody, ctx: Ctx, who: Who) -> object:
    """Tell what a rule would have done; nothing is written."""
    who.check(body.park)
    spec = rule_edits.parse(body.document())
    with _backtests.one(), ctx.database.transaction() as conn:
        return history.run(conn, spec, body.start, body.end, body.park)


@router.get("/{rule_id}", response_model=RuleDetail, summary="One rule")
def one_rule(rule_id: RuleId, request: Request, ctx: Ctx) -> object:
    """One rule with all its versions; ETag is the version."""
    with ctx.database.transaction() as conn:
        found, versions = rule_edits.one(conn, rule_id)
    tag = _etag(found)
    if answers.knows(request, tag["etag"]):
        return answers.unchanged(tag["etag"])
    detail = {**Rule.model_validate(found).model_dump(), "versions": versions}
    answer = RuleDetail.model_validate(detail).model_dump(mode="json")
    return JSONResponse(answer, headers={**tag, "cache-control": answers.CACHE})


@router.put(
    "/{rule_id}",
    response_model=Rule,
    summary="Write a new version",
    dependencies=[needs(Right.EDIT_RULES)],
)
def replace_rule(
    rule_id: RuleId, body: ReplacedRule, ctx: Ctx, who: Who, if_match: IfMatch = None
) -> object:
    """Replace what a rule says; 409 when it is not the version that was seen."""
    spec = rule_edits.parse(body.document())
    change = Change(who.signs(body.actor), body.note, _version(if_match, body.version))
    with ctx.database.transaction() as conn:
        found = rule_edits.replace_one(conn, rule_id, spec, change)
    return _tagged(found)


@router.post(
    "/{rule_id}/enable",
    response_model=Rule,
    summary="Switch a rule on",
    dependencies=[needs(Right.EDIT_RULES)],
)
def enable_rule(
    rule_id: RuleId, body: Switch, ctx: Ctx, who: Who, if_match: IfMatch = None
) -> object:
    """Switch a rule on, as a new version."""
    change = Change(who.signs(body.actor), body.note, _version(if_match, body.version))
    with ctx.database.transaction() as conn:
        return _tagged(rule_edits.switch(conn, rule_id, change, enabled=True))


@router.post(
    "/{rule_id}/disable",
    response_model=Rule,
    summary="Switch a rule off",
    dependencies=[needs(Right.EDIT_RULES)],
)
def disable_rule(
    rule_id: RuleId, body: Switch, ctx: Ctx, who: Who, if_match: IfMatch = None
) -> object:
    """Switch a rule off, as a new version; what it has raised clears."""
    change = Change(who.signs(body.actor), body.note, _version(if_match, body.version))
    with ctx.database.transaction() as conn:
        return _tagged(rule_edits.switch(conn, rule_id, change, enabled=False))


def _version(if_match: str | None, version: int | None) -> int | None:
    if if_match is None:
        return version
    text = if_match.strip().strip('"')
    if not text.isascii() or not text.isdigit():
        message = "If-Match is the version as the ETag gave it"
        raise InvalidRequestError(
            code="invalid_value", message=message, pointer="if-match"
        )
    return int(text)


def _etag(rule: RuleView) -> dict[str, str]:
    return {"etag": f'"{rule.version}"'}


def _tagged(rule: RuleView, status: int = 200) -> Any:  # noqa: ANN401 - a response
    body = Rule.model_validate(rule).model_dump(mode="json")
    return JSONResponse(body, status, headers=_etag(rule))
