"""The words of the demo in Chinese and English."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from evidence.records import load_record_types
from evidence.records.predicates import reasons

LANGUAGES: Final = ("zh", "en")
_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "title": ("安全账本 · 演示第 {run} 次 · {month}", "Safety Ledger · demo run {run} · {month}"),
    "making": ("生成样例月份", "Making the sample month"),
    "importing": ("导入 {file}", "Importing {file}"),
    "reconsidering": ("后知情况复核、期限跟踪", "Late knowledge and deadlines"),
    "judging": ("读取规则结论", "Reading what the rules say"),
    "erasing": ("删除一名离职人员的个人信息", "Erasing a worker who left"),
    "searching": ("逐字节查找已删除的个人信息", "Searching every byte for the erased worker"),
    "publishing": ("发布并锚定", "Publishing and anchoring"),
    "exporting": ("导出证据文件夹", "Writing the evidence folder"),
    "verifying": ("离线验证文件夹", "Verifying the folder offline"),
    "every": ("逐条验证收据", "Verifying a receipt of every entry"),
    "fsck": ("重新计算全部存储数据", "Re-hashing everything stored"),
    "tampering": ("在副本上逐一篡改", "Altering copies, one byte at a time"),
    "went_in": ("录入", "What went in"),
    "file": ("来源文件", "Export"),
    "type": ("记录类型", "Record type"),
    "records": ("记录", "Records"),
    "new": ("新增", "New"),
    "per_second": ("条/秒", "per second"),
    "rejected": ("退回", "Returned"),
    "pack": ("行业包 {pack}", "industry pack {pack}"),
    "faults": (
        "装卸 {operations} 次，植入故障 {count} 项，意外判定 {unexpected} 项",
        "{operations} loadings, {count} planted faults, {unexpected} unexpected findings",
    ),
    "fault": ("故障", "Fault"),
    "rule": ("规则", "Rule"),
    "reason": ("原因", "Reason"),
    "entry": ("条目", "Entry"),
    "state": ("状态", "State"),
    "not_caught": ("未判出！", "NOT CAUGHT"),
    "state.sequenced": ("已存储", "stored"),
    "state.published": ("已发布", "published"),
    "state.anchored": ("已锚定", "anchored"),
    "state.final": ("已终局", "final"),
    "fault.vehicle_twice": ("同一车辆两项作业", "One vehicle in two operations"),
    "fault.valve_before_earth": ("接地前开阀", "Valve opened before earthing"),
    "fault.expired_certificate": ("装卸管理人员证书过期", "Certificate of the loading manager expired"),
    "fault.overdue_instrument": ("接地监测仪超期", "Earthing monitor overdue"),
    "fault.overdue_instrument_used": ("超期仪表登记使用", "Overdue instrument taken into use"),
    "fault.one_signer": ("一人签两次", "One person signed twice"),
    "fault.driver_signs": ("驾驶员代操作员", "Driver acts as operator"),
    "fault.batch_ticking": ("批量勾选", "Steps ticked off at once"),
    "fault.previous_cargo": ("上次装载禁忌物", "Previous cargo incompatible"),
    "fault.late_sync": ("离线记录迟到", "Offline record came late"),
    "fault.withdrawn_certificate": ("证书事后被撤销", "Certificate withdrawn afterwards"),
    "chain_of": (
        "{subject} 的证据链：{count} 条，{sound}，附件 {attachments} 个，状态 {state}",
        "Chain of {subject}: {count} entries, {sound}, {attachments} attachments, {state}",
    ),
    "sound": ("前后相接完整", "whole and in order"),
    "broken": ("不完整！", "BROKEN"),
    "leads_to": ("关联", "Leads to"),
    "by_field": ("字段", "By field"),
    "deadlines": ("期限", "Deadlines"),
    "deadline": ("期限", "Deadline"),
    "breached": ("已逾期", "Breached"),
    "met_late": ("逾期后答复", "Answered late"),
    "example": ("例", "Such as"),
    "ahead": ("{label}（49 小时后仍未答复）", "{label} (49 hours from now, if nobody answers)"),
    "health": (
        "数据健康：{records} 条、{sources} 个来源：{findings}",
        "Data health: {records} records, {sources} sources: {findings}",
    ),
    "erased": (
        "一名离职人员已删除：{disclosures} 项披露、{entries} 条记录；检索 {searched} 个文件，{files} 个含其姓名或工号；"
        "{said} 份收据仍验证有效并注明已删除",
        "A worker who left is erased: {disclosures} disclosures of {entries} records; his name or number is in {files} "
        "of {searched} files; {said} receipts still verify and say erased",
    ),
    "batches": ("批次与锚定", "Batches and anchors"),
    "entries": ("日志条目", "Entries"),
    "root": ("根", "Root"),
    "anchor": ("锚定", "Anchor"),
    "block": ("区块", "Block"),
    "earlier": ("此前 {count} 批", "{count} earlier batches"),
    "checked": ("离线验证（仅凭策略文件）", "Verified offline, from the policy file alone"),
    "subject": ("对象", "Subject"),
    "valid": ("有效", "VALID"),
    "seconds": ("秒", "Seconds"),
    "check.manifest": ("清单、签名、每个文件的摘要", "Manifest, its signature, every file's digest"),
    "check.log": (
        "完整日志：每条目、每瓦片、每条证据链、每个签名",
        "The whole log: every entry, tile, stream and signature",
    ),
    "check.receipts": ("导出的收据（含锚定）", "Exported receipts, anchors included"),
    "check.proofs": ("导出的 tlog-proof", "Exported tlog-proofs"),
    "check.entries": ("每一条目的收据（含锚定）", "A receipt of every entry, anchors included"),
    "check.fsck": ("存储：数据行、附件、瓦片、检查点", "Storage: rows, attachments, tiles, checkpoints"),
    "tampered": ("篡改一个字节（在副本上）", "One byte altered, on copies"),
    "altered": ("改动", "Altered"),
    "where": ("位置", "Where"),
    "found_by": ("由谁发现", "Found by"),
    "not_found": ("未发现！", "NOT FOUND"),
    "tamper.stored_entry": ("数据库中的一条记录", "An entry in the database"),
    "tamper.stored_photo": ("一张存储的照片", "A stored photo"),
    "tamper.receipt": ("一份收据", "A receipt"),
    "tamper.disclosure": ("一项披露：考核结果", "A disclosure: the exam result"),
    "tamper.log": ("导出的日志", "The exported log"),
    "chain": ("开发链：不提供独立信任", "development chain: no independent trust"),
    "limits": (
        "证明的是：记录自收到后未被改动、次序完整、签名来自已登记的密钥。不证明：记录本身属实，或应有的记录都已提交。",
        "Proven: unchanged since receipt, in gapless order, signed by enrolled keys. Not proven: that a record is "
        "true, or that everything that should have been recorded was.",
    ),
    "redacted": (
        "其中 {count} 份隐去个人信息字段，证明依然成立",
        "{count} of them withhold the personal fields and still prove the rest",
    ),
    "folder": ("证据文件夹", "Evidence folder"),
    "yourself": ("自行验证", "Check it yourself"),
    "rehash": ("重新计算账本存储", "Re-hash what the ledger stores"),
    "data": ("账本数据（再次运行将继续）", "Ledger data (the next run continues it)"),
    "done": (
        "全部验证通过，{faults} 项故障全部判出，{count} 处篡改全部被发现 · {seconds:.0f} 秒",
        "All verified, all {faults} faults caught, all {count} alterations found · {seconds:.0f} s",
    ),
    "failed": ("演示失败", "The demo failed"),
}  # fmt: skip


class Texts:
    """Looks words up in one language."""

    def __init__(self, language: str) -> None:
        """`language` is one of `LANGUAGES`."""
        self._place = LANGUAGES.index(language)
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The words for `key`, filled in. Raises `KeyError` for words that do not exist."""
        return _TEXTS[key][self._place].format(**values)

    def record_type(self, name: str) -> str:
        """What a record type is called."""
        return load_record_types()[name].label(language=self.language)

    def reason(self, code: str) -> str:
        """The words of a rule's reason; the code where it has none."""
        return reasons().get(code, (code, code))[self._place]

    def list(self, words: Iterable[str]) -> str:
        """Words one after the other."""
        return ("、", ", ")[self._place].join(words)


def language_of(wanted: str | None, environment: str | None = None) -> str:
    """`wanted` if given, else Chinese where the environment's locale says so, else English."""
    if wanted is not None:
        return wanted
    locale = environment if environment is not None else os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"
