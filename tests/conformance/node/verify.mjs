// Verify receipts with other people's libraries alone: nothing here comes from Safety Ledger.
//
//   node verify.mjs policy.json receipt.json…
//
// `policy.json` is the verifier's policy as JSON. Prints one line of JSON for each receipt: the layers that hold, with
// what they prove, or `error` with the layer that failed.
//
// - checkpoint, inclusion: @sigstore/verify (signed note, RFC 6962)
// - signature: jose (RFC 7515, 8037, 9864)
// - disclosures: @sd-jwt/core (RFC 9901)
// - judgement: node:crypto (SHA-256 over the disclosure's characters, as RFC 9901 has it)
// - anchors: @ethereumjs/mpt and @ethereumjs/rlp (EIP-1186 proofs), @noble/hashes (Keccak-256)

import { createHash, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { createMPT, verifyMerkleProof } from "@ethereumjs/mpt";
import { RLP } from "@ethereumjs/rlp";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { SDJwtInstance } from "@sd-jwt/core";
import { calculateJwkThumbprint, compactVerify, importJWK } from "jose";

const require = createRequire(import.meta.url);
const { verifyCheckpoint } = require("@sigstore/verify/dist/tlog/checkpoint.js");
const { verifyMerkleInclusion } = require("@sigstore/verify/dist/tlog/merkle.js");

const TYP = "safety-statement+sd-jwt";
const bytes = (hex) => Buffer.from(hex.slice(2), "hex");
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const same = (one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)) === 0;
const uint = (value, size) => Buffer.from(BigInt(value).toString(16).padStart(2 * size, "0"), "hex");

function require_(condition, message) {
  if (!condition) throw new Error(message);
}

// C2SP tlog-proof: header, optional extra, index, hashes, empty line, checkpoint verbatim.
function parseProof(text) {
  const end = text.indexOf("\n\n");
  const lines = text.slice(0, end).split("\n");
  require_(lines.shift() === "c2sp.org/tlog-proof@v1", "not a tlog-proof");
  if (lines[0].startsWith("extra ")) lines.shift();
  const [, index] = lines.shift().match(/^index (0|[1-9][0-9]*)$/);
  return { index, hashes: lines.map((line) => Buffer.from(line, "base64")), envelope: text.slice(end + 2) };
}

// The policy's log keys in the form that @sigstore/verify takes.
function logs(policy) {
  return policy.log.map(({ vkey }) => {
    const [name, id, ...rest] = vkey.split("+");
    const raw = Buffer.from(rest.join("+"), "base64").subarray(1);
    const jwk = { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") };
    return { logID: Buffer.from(id, "hex"), baseURL: name, publicKey: createPublicKey({ key: jwk, format: "jwk" }) };
  });
}

function included(receipt, policy) {
  const proof = parseProof(receipt.proof);
  const entry = {
    canonicalizedBody: Buffer.from(receipt.entry, "base64"),
    inclusionProof: { logIndex: proof.index, hashes: proof.hashes, checkpoint: { envelope: proof.envelope } },
  };
  const checkpoint = verifyCheckpoint(entry, logs(policy));
  verifyMerkleInclusion(entry, checkpoint);
  return { checkpoint, entry: JSON.parse(entry.canonicalizedBody.toString("utf8")), index: proof.index };
}

async function signedBy(jwt, jwk) {
  const { protectedHeader } = await compactVerify(jwt, await importJWK(jwk, "Ed25519"), { algorithms: ["Ed25519", "EdDSA"] });
  require_(protectedHeader.typ === TYP, "typ");
  require_(protectedHeader.kid === (await calculateJwkThumbprint(jwk)), "kid is not the key's thumbprint");
}

async function disclosedPayload(jwt, disclosures, jwk) {
  const sdJwt = new SDJwtInstance({
    hasher: (data, algorithm) => new Uint8Array(createHash(algorithm.replace("-", "")).update(data).digest()),
    hashAlg: "sha-256",
    verifier: async (data, signature) => {
      await compactVerify(`${data}.${signature}`, await importJWK(jwk, "Ed25519"), { algorithms: ["Ed25519", "EdDSA"] });
      return true;
    },
  });
  const far = 2 ** 40; // Time of signing is no question here: iat may lie ahead of this machine's clock.
  const { payload } = await sdJwt.verify([jwt, ...disclosures, ""].join("~"), { currentDate: far });
  const clear = ["iss", "iat", "jti", "type", "schema", "stream", "occurred_at", "channel", "counter", "supersedes", "_sd", "_sd_alg"];
  const fields = Object.fromEntries(Object.entries(payload).filter(([name]) => !clear.includes(name)));
  require_(Object.keys(fields).length === disclosures.length, "a disclosure is not among the signed digests");
  return fields;
}

// The judgement that the entry commits to; null where there is none or it is withheld.
function judged(receipt, entry) {
  require_(receipt.v === 1 || receipt.v === 2, "receipt version");
  require_(entry.v === 1 || (entry.v === 2 && Buffer.from(entry.judgement, "base64url").length === 32), "entry version");
  if (receipt.v === 1 || receipt.judgement === null) return null;
  const digest = createHash("sha256").update(receipt.judgement, "ascii").digest("base64url");
  require_(entry.v === 2 && entry.judgement === digest, "the judgement is not the one that the entry commits to");
  const [salt, name, value] = JSON.parse(Buffer.from(receipt.judgement, "base64url").toString("utf8"));
  require_(Buffer.from(salt, "base64url").length >= 16 && name === "rule_results" && value.v === 1, "not a judgement");
  return value;
}

// The signer's key: enrolled, step by step, from a root of the policy.
async function signerKey(receipt, kid, policy) {
  const known = new Map();
  for (const { jwk } of policy.statement_root) known.set(await calculateJwkThumbprint(jwk), jwk);
  for (const key of receipt.keys) {
    const { entry } = included(key, policy);
    const header = JSON.parse(Buffer.from(entry.statement.split(".")[0], "base64url"));
    const enroller = known.get(header.kid);
    require_(enroller, "a key event is signed by an unknown key");
    await signedBy(entry.statement, enroller);
    const event = await disclosedPayload(entry.statement, key.disclosures, enroller);
    if (event.action === "enrol" || event.action === "rotate") known.set(await calculateJwkThumbprint(event.jwk), event.jwk);
  }
  require_(known.has(kid), "the signer is not enrolled");
  return known.get(kid);
}

// Header -> state root -> account and code hash -> storage word -> head -> (size, root).
async function anchored(anchor, checkpoint, policy) {
  const chain = policy.chain.find((item) => item.chain_id === anchor.chain.chain_id && item.contract === anchor.contract);
  require_(chain, "no such chain in the policy");
  const header = bytes(anchor.block.header_rlp);
  require_(same(keccak_256(header), bytes(anchor.block.hash)), "block hash");
  require_(chain.trusted_headers.includes(anchor.block.hash), "header is not trusted");
  const stateRoot = RLP.decode(header)[3];
  const account = await prove(stateRoot, bytes(anchor.contract), anchor.account_proof);
  const [, , storageRoot, codeHash] = RLP.decode(account);
  require_(same(codeHash, bytes(chain.code_hash)), "code hash");
  const ledgerId = sha256(Buffer.from(checkpoint.origin, "utf8"));
  // Solidity: the first word of mapping(bytes32 => Ledger) at slot 0.
  const slot = Buffer.from(keccak_256(Buffer.concat([ledgerId, Buffer.alloc(32)])));
  const word = anchor.storage_proof.find((item) => same(bytes(item.key), slot));
  require_(word, "the ledger's head is not among the proofs");
  const stored = RLP.decode(await prove(storageRoot, slot, word.proof));
  const { claim } = anchor;
  const domain = sha256(Buffer.from("safety-ledger/anchor/v1"), uint(anchor.chain.chain_id, 32), bytes(anchor.contract));
  const head = sha256(
    domain, bytes(claim.prev_head), ledgerId, uint(claim.seq, 8), uint(claim.size, 8), bytes(claim.root), bytes(claim.meta),
  );
  require_(same(Buffer.from(stored), stripZeros(head)), "the stored head is not that of the claim");
  require_(BigInt(claim.size) === checkpoint.logSize && same(bytes(claim.root), checkpoint.logHash), "not this checkpoint");
  return { block: anchor.block.number, seq: claim.seq };
}

function stripZeros(word) {
  const first = word.findIndex((byte) => byte !== 0);
  return first < 0 ? Buffer.alloc(0) : word.subarray(first);
}

async function prove(root, key, proof) {
  const value = await verifyMerkleProof(key, proof.map(bytes), { root, useKeyHashing: true });
  require_(value, "the trie does not hold the key");
  return value;
}

async function verify(receipt, policy) {
  const { checkpoint, entry, index } = included(receipt, policy);
  const header = JSON.parse(Buffer.from(entry.statement.split(".")[0], "base64url"));
  const jwk = await signerKey(receipt, header.kid, policy);
  await signedBy(entry.statement, jwk);
  const payload = await disclosedPayload(entry.statement, receipt.disclosures, jwk);
  const judgement = judged(receipt, entry);
  const anchors = [];
  for (const anchor of receipt.anchors) anchors.push(await anchored(anchor, checkpoint, policy));
  return { index: Number(index), size: Number(checkpoint.logSize), origin: checkpoint.origin, payload, judgement, anchors };
}

await createMPT({}); // Loads the trie code once, so that its failure is not blamed on a receipt.
const [policyPath, ...paths] = process.argv.slice(2);
const policy = JSON.parse(readFileSync(policyPath, "utf8"));
for (const path of paths) {
  try {
    console.log(JSON.stringify({ path, valid: true, ...(await verify(JSON.parse(readFileSync(path, "utf8")), policy)) }));
  } catch (error) {
    console.log(JSON.stringify({ path, valid: false, error: String(error.message ?? error) }));
  }
}
