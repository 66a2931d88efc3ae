"""A record type that uses everything the grammar has, and how to change one place of it."""

from __future__ import annotations

import copy
from typing import Any

from evidence.records import RecordType, parse_yaml
from evidence.records.definition import define
from evidence.records.loader import shipped

COMMON = shipped("types")["_common.yaml"]
TEXT = """\
id: visit
version: 1
labels: {zh: 走访, en: Visit}
help: {zh: 每次走访填写, en: One for each visit}
legal_basis: contract
subject: {kind: visit, personal: none}
retention: {class: short, source: test}
clauses: ['8.1.1']
required: [weight]
fields:
  weight:
    labels: {zh: 重量, en: Weight}
    schema: {$ref: '#/$defs/quantity', properties: {unit: {enum: [kg, t]}}}
  guide_ref:
    labels: {zh: 陪同, en: Guide}
    personal: personal
    refers_to: person
    schema: {$ref: '#/$defs/ref'}
  guests:
    labels: {zh: 访客, en: Guests}
    personal: personal
    refers_to: {kind: person, path: ref}
    members: {ref: {zh: 编号, en: Number}}
    schema:
      type: array
      maxItems: 9
      items: {type: object, properties: {ref: {$ref: '#/$defs/ref'}}, required: [ref], additionalProperties: false}
  about:
    labels: {zh: 相关, en: About}
    refers_to: '*'
    schema: {type: string, maxLength: 120}
  mood:
    labels: {zh: 评价, en: Verdict}
    personal: sensitive
    concerns: guide_ref
    options: {good: {zh: 好, en: Good}, bad: {zh: 差, en: Bad}}
    schema: {enum: [good, bad]}
  due_at:
    labels: {zh: 期限, en: Due}
    schema: {$ref: '#/$defs/time'}
  badge:
    labels: {zh: 证件, en: Badge}
    schema: {$ref: '#/$defs/name'}
  office:
    labels: {zh: 办公室, en: Office}
    schema: {$ref: '#/$defs/name'}
unique: [[office, badge]]
lifecycle:
  initial: open
  states:
    open: {labels: {zh: 进行, en: Open}}
    late: {labels: {zh: 超时, en: Late}}
    closed: {labels: {zh: 结束, en: Closed}, final: true}
  events:
    start: {labels: {zh: 开始, en: Start}, from: [], to: open, requires: [guide_ref]}
    amend: {labels: {zh: 补充, en: Amend}, from: ['*']}
    close: {labels: {zh: 结束, en: Close}, from: [open], to: closed, by: [hr], requires: [mood], human: true}
  follow:
    - {record: remark, from: [new, open], to: open, when: "true"}
  timed:
    - {state: late, from: [open], when: "has(payload.due_at)"}
deadlines:
  - id: V1
    labels: {zh: 两日内, en: Within two days}
    starts: {event: start, clock: received_at}
    due: {within: P1DT24H}
    stops: [close]
    escalate: [{after: PT24H, to: team_lead}]
  - id: V2
    labels: {zh: 到期, en: When due}
    starts: {clock: 'field:due_at'}
    due: {field: due_at}
    stops: []
    soft: true
    escalate: [{before: P30D, to: owner}]
rules:
  - id: V3
    version: 1
    labels: {zh: 有评价, en: There is a verdict}
    severity: hard
    on: [close]
    check: "has(payload.mood)"
    reason: no_mood
    source: test
    confidence: k
measures:
  - {id: V4, labels: {zh: 次数, en: How often}, source: test, confidence: c}
form:
  steps:
    - {labels: {zh: 基本, en: Basics}, fields: [weight, guide_ref]}
    - {labels: {zh: 评价, en: Verdict}, fields: [mood, guests]}
"""


_SOUND = parse_yaml(TEXT, "visit.yaml")
SHARED = parse_yaml(COMMON, "_common.yaml")


def rich(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The type's data with some places changed: a dotted path and a value, None takes the place away."""
    value: Any = copy.deepcopy(_SOUND)
    for path, new in changes:
        at: Any = value
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for parent in parents:
            at = at[parent]
        if new is None:
            del at[last]
        else:
            at[last] = new
    return dict(value)


def visit(*changes: tuple[str, Any]) -> RecordType:
    """The type."""
    return define(rich(*changes), SHARED)
