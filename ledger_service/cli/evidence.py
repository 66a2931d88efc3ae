"""publish, anchor, receipt, export, verify, fsck: what comes out, and whether it holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ledger_service.cli.output import DataDir, Json, Ledger, progress, read_text, say, services_at, show

if TYPE_CHECKING:
    from evidence.receipt import Receipt


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (publish, anchor, receipt, export, verify, fsck):
        app.command()(command)


def publish(ledger: Ledger, data: DataDir = None, as_json: Json = False) -> None:
    """Sign a checkpoint over everything sequenced so far; without news, show the newest one."""
    from evidence.encoding import b64_encode

    with services_at(data) as services:
        published = services.publisher.publish(ledger)
        row = services.checkpoints.newest(ledger)
        show({"size": row.size, "root": b64_encode(row.root), "published": published is not None}, as_json)


def anchor(
    ledger: Ledger,
    profile: Annotated[Path | None, typer.Option(help="Profile of another chain, a JSON file; with --rpc.")] = None,
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC endpoint of that chain.")] = None,
    contract: Annotated[str | None, typer.Option(help="Registry that is deployed there already, 0x….")] = None,
    new_contract: Annotated[
        bool,
        typer.Option("--new-contract", help="The chain was lost or reset: deploy a new registry and go on there."),
    ] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """Anchor the newest checkpoint, as far as it goes now. 2 while an anchor still waits for the chain."""
    from ledger_service.anchoring.schemas import anchor_json

    if profile is None and (rpc or contract):
        raise typer.BadParameter("--rpc and --contract speak of another chain: name its --profile")
    chain = None if profile is None else (_profile(profile), rpc, _address(contract))
    with services_at(data) as services:
        if new_contract:
            services.anchoring.renew(ledger, *(() if chain is None else (chain[0].name, *chain[1:])))
        elif chain is not None:
            services.anchoring.configure(ledger, *chain)
        services.anchoring.run_once(ledger)
        active = {item.target.chain for item in services.anchoring.targets.active()}
        values = [anchor_json(item) for item in services.anchoring.anchors(ledger)]
    show(values, as_json, lambda: [_anchor_line(value) for value in values] or ["nothing to anchor: publish first"])
    # What was under way on a registry that is gone stays as it is: nothing more can become of it.
    return 0 if all(value["state"] == "archived" for value in values if value["chain"] in active) else 2


def receipt(
    ledger: Ledger,
    index: Annotated[int, typer.Argument(min=0, help="Index of the entry.")],
    disclose: Annotated[list[str] | None, typer.Option(help="Show this payload field only; repeat it.")] = None,
    text: Annotated[bool, typer.Option("--text", help="The C2SP tlog-proof instead of the JSON receipt.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
    data: DataDir = None,
) -> None:
    """Print the receipt of an entry, or write it to a file."""
    with services_at(data) as services:
        made = services.receipts.receipt(ledger, index, disclose=None if disclose is None else set(disclose))
    if absent := sorted(set(disclose or ()) - _shown(made)):
        say(f"not shown: the entry has no {', '.join(absent)}, or it is erased")
    content = made.proof.to_text() if text else made.to_json().decode()
    if output is None:
        typer.echo(content, nl=not text)
    else:
        output.write_text(content, encoding="utf-8")
        say(f"wrote {output}")


def export(
    ledger: Ledger,
    folder: Annotated[Path, typer.Argument(help="New or empty folder.")],
    every: Annotated[int, typer.Option(min=1, help="A receipt for every so many entries.")] = 1,
    data: DataDir = None,
    as_json: Json = False,
) -> None:
    """Write the anchored log (tlog-tiles), receipts, and a policy file to judge and make your own.

    Before the first anchor: the published log. What is newer than its checkpoint is left out and counted.
    """
    from ledger_service.receipts.export import export_folder

    with services_at(data) as services, progress("receipts") as update:
        done = export_folder(services, ledger, folder, every, update)
    if done.left_out:
        wanted = "anchored" if done.anchored else "published"
        say(f"left out: {done.left_out} newer entries, not {wanted} yet")
    show({"folder": str(folder), **asdict(done)}, as_json)


def verify(
    path: Annotated[Path, typer.Argument(help="receipt.json, FILE.tlog-proof, or a folder of evidence.")],
    policy: Annotated[Path, typer.Option(help="Your own trust policy, TOML.")],
    entry: Annotated[Path | None, typer.Option(help="Entry bytes for a lone .tlog-proof.")] = None,
    catalogue: Annotated[Path | None, typer.Option(help="Folder with a site's own record types, in types/.")] = None,
    as_json: Json = False,
) -> int:
    """Verify evidence offline: 0 VALID, 1 INVALID, 2 UNKNOWN. The same as `python -m evidence verify`."""
    from evidence.__main__ import main

    arguments = ["verify", str(path), "--policy", str(policy)]
    arguments += ["--entry", str(entry)] if entry else []
    arguments += ["--catalogue", str(catalogue)] if catalogue else []
    return main(arguments + (["--json"] if as_json else []))


def fsck(
    ledger: Ledger,
    rebuild_tiles: Annotated[
        bool, typer.Option("--rebuild-tiles", help="First write missing tiles again from the rows.")
    ] = False,
    rejudge: Annotated[bool, typer.Option("--rejudge", help="Judge every record again and compare.")] = False,
    data: DataDir = None,
    as_json: Json = False,
) -> int:
    """Read and hash everything stored; 1 when anything is damaged. Warnings alone leave 0."""
    with services_at(data) as services:
        if rebuild_tiles:
            services.publisher.rebuild_tiles(ledger)
        report = services.fsck.report(ledger, rejudge=rejudge)
    value = {
        "ledger": ledger,
        "sound": report.is_sound,
        "entries": report.entries,
        "files": report.files,
        "bytes_hashed": report.bytes_hashed,
        "findings": [item.to_json() for item in report.findings],
    }
    summary = f"{report.entries} entries, {report.files} files, {report.bytes_hashed} bytes: "
    lines = [f"{item.severity:<7}  {item.code:<16}  {item.where}: {item.detail}" for item in report.findings]
    show(value, as_json, lambda: [*lines, summary + ("sound" if report.is_sound else "DAMAGED")])
    return 0 if report.is_sound else 1


def _shown(receipt: Receipt) -> set[str]:
    """Fields that a receipt discloses, `rule_results` for the judgement."""
    from evidence.encoding import b64url_decode

    texts = [*receipt.disclosures, *([receipt.judgement] if receipt.judgement else [])]
    return {json.loads(b64url_decode(item))[1] for item in texts}


def _profile(path: Path) -> Any:
    from anchors.errors import MalformedProfile
    from anchors.profile import parse_profile

    try:
        return parse_profile(json.loads(read_text(path)))
    except (MalformedProfile, ValueError) as error:
        raise typer.BadParameter(str(error), param_hint="--profile") from error


def _address(text: str | None) -> bytes | None:
    from evidence.encoding import hex_decode
    from evidence.errors import EvidenceError

    try:
        return None if text is None else hex_decode(text.lower(), 20)
    except EvidenceError as error:
        raise typer.BadParameter(str(error), param_hint="--contract") from error


def _anchor_line(value: dict[str, Any]) -> str:
    block = f"block {value['block_number']}" if value["block_number"] is not None else "not in a block yet"
    return (
        f"{value['chain']} #{value['seq']}  size {value['size']}  {value['state']}  {block}  {value['tx_hash'] or ''}"
    )
