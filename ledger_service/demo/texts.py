"""The words of the demo in Chinese and English."""

from __future__ import annotations

import os
from typing import Final

LANGUAGES: Final = ("zh", "en")
_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "title": ("安全账本 · 演示第 {run} 次 · {month}", "Safety Ledger · demo run {run} · {month}"),
    "making": ("生成样例月份", "Making the sample month"),
    "importing": ("导入 {file}", "Importing {file}"),
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
        "全部验证通过，{count} 处篡改全部被发现 · {seconds:.0f} 秒",
        "All verified, all {count} alterations found · {seconds:.0f} s",
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


def language_of(wanted: str | None, environment: str | None = None) -> str:
    """`wanted` if given, else Chinese where the environment's locale says so, else English."""
    if wanted is not None:
        return wanted
    locale = environment if environment is not None else os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"
