"""What is registered before a detector may run: zones drawn right, models evaluated on the site's own footage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence.canonical import Json, dumps
from evidence.hashing import sha256
from evidence.records.predicates.history import objects
from evidence.records.predicates.reading import current
from evidence.records.predicates.scope import Predicate, Scope


def polygon_digest_right(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether `polygon_sha256` is SHA-256 of the polygon as RFC 8785 JSON, in hexadecimal."""
    right = sha256(dumps(payload.get("polygon"))).hex() == payload.get("polygon_sha256")
    return right or scope.because("polygon_digest_wrong")


def zone_version_follows(scope: Scope, payload: Mapping[str, Json]) -> bool:
    """Whether the version of a zone is the next after the newest on record."""
    versions = [fact.payload.get("zone_version") for fact in current(scope, scope.candidate.subject, "zone")]
    known = [version for version in versions if type(version) is int]
    return payload.get("zone_version") == max(known, default=0) + 1 or scope.because("version_not_next")


def evaluated_on_site(scope: Scope) -> bool:
    """Whether the model card has results on the site's own data, each with the number of its examples."""
    for fact in reversed(current(scope, scope.candidate.subject, "model_version")):
        if "metrics" in fact.payload:
            scope.use(fact)
            rows = objects(fact.payload["metrics"])
            good = any(row.get("on_site_data") is True and row.get("n") not in (None, 0) for row in rows)
            return good or scope.because("not_evaluated_on_site")
    return scope.because("not_evaluated_on_site")


PREDICATES: Final[dict[str, Predicate]] = {
    "polygon_digest_right": polygon_digest_right,
    "zone_version_follows": zone_version_follows,
    "evaluated_on_site": evaluated_on_site,
}

REASONS: Final[dict[str, tuple[str, str]]] = {
    "polygon_digest_wrong": ("摘要与多边形不符", "The digest is not that of the polygon"),
    "version_not_next": ("版本号不是下一个", "Not the next version"),
    "not_evaluated_on_site": ("未用本场所数据评价", "No results on the site's own data"),
    "no_impact_assessment": ("启用人脸识别但无影响评估", "Face recognition without an impact assessment"),
    "camera_moved": ("摄像头已移位或被遮挡", "The camera has moved or is obscured"),
}
