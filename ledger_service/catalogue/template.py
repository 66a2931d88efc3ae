"""The commented file that a new record type begins with. It passes the check as it is."""

from __future__ import annotations

from string import Template
from typing import Final

_TEXT: Final = Template("""\
# A record type: what a payload looks like, how each field is treated, and what must hold.
# Check this file with: safety-ledger types check $id.yaml
# Every change after the first use needs a higher version: statements name the exact one that they were signed with.
id: $id
version: 1
labels: {zh: 新记录, en: New record}
help: {zh: 一句话说明何时填写, en: When to fill it in}
# statutory_duty, hr_management, contract, consent, emergency or public_interest
legal_basis: statutory_duty
# Records about one subject (kind/id) form its evidence chain. personal: none, personal or sensitive.
subject: {kind: $id, personal: none}
retention: {class: site_policy, source: site policy}
# ISO 45001:2018 clauses for which these records are evidence; in quotes.
clauses: ['8.1.1']
# Always required. What only one event needs stands there, under requires.
required: [site, result]
fields:
  # Beside these every type has: subject, site, area, attachments, submitted_by, source_system, source_ref, remark.
  # Shapes to refer to: decimal, time, date, ref, name, text, sha256, plate, quantity, attachment.
  result:
    labels: {zh: 结果, en: Result}
    options: {pass: {zh: 合格, en: Passed}, fail: {zh: 不合格, en: Failed}}
    schema: {enum: [pass, fail]}
  measured:
    labels: {zh: 测量值, en: Measured value}
    help: {zh: 数字用文本，如 '1.5', en: "The number as text, such as '1.5'"}
    # No fractions as numbers: they lose digits. Units are UCUM codes.
    schema: {$$ref: '#/$$defs/quantity', properties: {unit: {enum: [kPa, MPa]}}}
  done_by:
    labels: {zh: 执行人, en: Done by}
    personal: personal
    refers_to: person
    schema: {$$ref: '#/$$defs/ref'}
  verified_by:
    labels: {zh: 验收人, en: Verified by}
    personal: personal
    refers_to: person
    schema: {$$ref: '#/$$defs/ref'}
lifecycle:
  initial: recorded
  states:
    recorded: {labels: {zh: 已记录, en: Recorded}}
    verified: {labels: {zh: 已验收, en: Verified}, final: true}
  events:
    # The first event is meant where a record names none; from: [] opens the subject.
    record: {labels: {zh: 记录, en: Record}, from: [], to: recorded, requires: [done_by]}
    verify: {labels: {zh: 验收, en: Verify}, from: [recorded], to: verified, requires: [verified_by], human: true}
rules:
  # hard: no way round; soft: can be overridden with a reason; mark: is only shown.
  - id: SITE1
    version: 1
    labels: {zh: 验收人不是执行人, en: Whoever verifies did not do the work}
    severity: hard
    on: [verify]
    check: "!has(payload.done_by) || payload.done_by != payload.verified_by"
    reason: same_person
    source: site policy
    confidence: k
form:
  steps:
    - {labels: {zh: 结果, en: Result}, fields: [result, measured]}
    - {labels: {zh: 人员, en: People}, fields: [done_by, verified_by, remark]}
""")


def new_type(type_id: str) -> str:
    """The text of `<type_id>.yaml`."""
    return _TEXT.substitute(id=type_id)
