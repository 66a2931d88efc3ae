"""Risk scores: what a method's tables make of its factors, and who may give another level than the derived one.

Scores, levels and colours are derived from the edition of the table that is in force at the instant of the record, and
an edition's name stands in the record; a later edition never moves an old score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, DecimalException
from typing import Final

from evidence.canonical import Json
from evidence.records.numbers import EXACT, text
from evidence.records.predicates.history import number, objects, person_id, said, texts
from evidence.records.predicates.scope import Predicate, Scope, Undecidable

LEC: Final = "lec"
FACTORS: Final = ("likelihood", "exposure", "consequence")


def lec_allowed(scope: Scope, factor: str, value: str) -> bool:
    """Whether a factor (likelihood, exposure, consequence) has one of the scale's values; nothing lies in between."""
    listed = objects(scope.table("lec-scale").get(factor))
    if any(item.get("value") == value for item in listed):
        return True
    return scope.because("not_in_scale")


def lec_score(scope: Scope, likelihood: str, exposure: str, consequence: str) -> str:
    """D = L · E · C as the shortest decimal text. Raises `Undecidable` where a factor is not a number."""
    return text(_product([likelihood, exposure, consequence]))


def lec_level(scope: Scope, score: str) -> int:
    """Level 1 (major) … 4 (low) of a score D; the bands are half open, the lower bound belongs to its band."""
    return _whole(_band(scope, "lec-scale", score), "level")


def lec_band(scope: Scope, score: str) -> int:
    """Band 1 … 5 of a score D: the classic five steps, of which the lowest two share level 4."""
    return _whole(_band(scope, "lec-scale", score), "band")


def lec_colour(scope: Scope, score: str) -> str:
    """Colour of a score D: red, orange, yellow or blue."""
    return str(_band(scope, "lec-scale", score)["colour"])


def factors_allowed(scope: Scope, payload: Mapping[str, Json], prefix: str) -> bool:
    """Whether the factors given with a prefix ("" or "residual_") are values of the method's scale, and complete."""
    names = _factor_names(scope, payload)
    given = [payload.get(prefix + name) for name in names]
    if None in given:
        return scope.because("factor_missing")
    if payload.get("method") == LEC:
        return all(lec_allowed(scope, name, str(value)) for name, value in zip(names, given, strict=True))
    steps = texts(scope.table("risk-matrix").get("steps"))
    return all(value in steps for value in given) or scope.because("not_in_scale")


def score_derived(scope: Scope, payload: Mapping[str, Json], prefix: str) -> bool:
    """Whether score, level and colour are what the method makes of the factors (the residual has no colour of its own).

    The score may be written with trailing zeroes; level and colour must be exact.
    """
    names = _factor_names(scope, payload)
    product = _product([payload.get(prefix + name) for name in names])
    if number(payload.get(prefix + "score")) != product:
        return scope.because("score_not_derived")
    band = _band(scope, "lec-scale" if payload.get("method") == LEC else "risk-matrix", text(product))
    if payload.get(prefix + "level") != band["level"]:
        return scope.because("level_not_derived")
    if not prefix and payload.get("colour") != band["colour"]:
        return scope.because("colour_not_derived")
    return True


def method_edition(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the record names the edition of the method's table that is in force at its instant."""
    table = scope.table("lec-scale" if payload.get("method") == LEC else "risk-matrix")
    return payload.get("method_version") == table.get("edition") or scope.because("other_edition")


def override_justified(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether an override of the level goes up (a smaller number), or has a reason and an approver."""
    if "override_level" not in payload:
        return True
    if number(payload["override_level"]) < number(payload.get("level")):
        return True
    if said(payload.get("override_reason")) and said(payload.get("override_approved_by")):
        return True
    return scope.because("override_not_justified")


def residual_not_above(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the score after the added controls is no higher than before."""
    return number(payload.get("residual_score")) <= number(payload.get("score")) or scope.because("residual_above")


def assessors_fit(scope: Scope, assessors: Json) -> bool:
    """Whether at least two different persons assessed, one of them a worker (5.4)."""
    listed = objects(assessors)
    if len({person_id(item.get("person_ref")) for item in listed}) < 2:
        return scope.because("too_few_assessors")
    return any(item.get("role") == "worker" for item in listed) or scope.because("no_worker")


def _factor_names(scope: Scope, payload: Mapping[str, Json]) -> tuple[str, ...]:
    return FACTORS if payload.get("method") == LEC else ("likelihood", "consequence")


def _band(scope: Scope, table: str, score: str) -> dict[str, Json]:
    value = number(score)
    for band in objects(scope.table(table).get("bands")):
        if value >= number(band.get("from")):
            return band
    raise Undecidable("no_band")


def _product(factors: Sequence[Json]) -> Decimal:
    product = Decimal(1)
    try:
        for factor in factors:
            product = EXACT.multiply(product, number(factor))
    except DecimalException:
        raise Undecidable("no_number") from None
    return product


def _whole(band: Mapping[str, Json], name: str) -> int:
    return int(number(band.get(name)))


PREDICATES: Final[dict[str, Predicate]] = {
    "lec_allowed": lec_allowed,
    "lec_score": lec_score,
    "lec_level": lec_level,
    "lec_band": lec_band,
    "lec_colour": lec_colour,
    "factors_allowed": factors_allowed,
    "score_derived": score_derived,
    "method_edition": method_edition,
    "override_justified": override_justified,
    "residual_not_above": residual_not_above,
    "assessors_fit": assessors_fit,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "not_in_scale": ("取值不在方法的分值表内", "A factor is not one of the scale's values"),
    "factor_missing": ("缺少评价因子", "A factor is missing"),
    "score_not_derived": ("分值与因子乘积不符", "The score is not the product of the factors"),
    "level_not_derived": ("等级与分值不符", "The level does not follow from the score"),
    "colour_not_derived": ("颜色与等级不符", "The colour does not follow from the score"),
    "other_edition": ("方法版本不是当时有效的版本", "Not the edition of the method in force at the time"),
    "override_not_justified": ("下调等级须有理由和批准人", "A lower level needs a reason and an approver"),
    "residual_above": ("措施后分值高于措施前", "The score after controls is higher than before"),
    "too_few_assessors": ("评价人员少于两人", "Fewer than two assessors"),
    "no_worker": ("评价人员中没有从业人员", "No worker among the assessors"),
    "ppe_only": ("仅用个体防护且无理由", "Protective equipment only, without a reason"),
    "no_band": ("分值不在任何区间", "The score falls in no band"),
    "no_number": ("缺少数值", "A number is missing"),
    "no_date": ("缺少日期", "A date is missing"),
    "no_time": ("缺少时间", "A time is missing"),
}
