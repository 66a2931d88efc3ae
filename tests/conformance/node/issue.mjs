// Issue statements with @sd-jwt/core and jose, for Safety Ledger to accept.
//
//   node issue.mjs < requests.json
//
// Standard input: [{jwk, kid, alg, claims, payload, decoys}]; standard output: one compact SD-JWT a line.

import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";

import { SDJwtInstance } from "@sd-jwt/core";
import { CompactSign, importJWK } from "jose";

for (const { jwk, kid, alg, claims, payload, decoys } of JSON.parse(readFileSync(0, "utf8"))) {
  const key = await importJWK(jwk, alg);
  const sdJwt = new SDJwtInstance({
    hasher: (data, algorithm) => new Uint8Array(createHash(algorithm.replace("-", "")).update(data).digest()),
    hashAlg: "sha-256",
    signAlg: alg,
    saltGenerator: () => randomBytes(16).toString("base64url"),
    signer: async (data) => {
      const [header, body] = data.split(".").map((part) => Buffer.from(part, "base64url"));
      const jws = await new CompactSign(body).setProtectedHeader(JSON.parse(header)).sign(key);
      return jws.split(".")[2];
    },
  });
  const frame = { _sd: Object.keys(payload), _sd_decoy: decoys };
  console.log(await sdJwt.issue({ ...claims, ...payload }, frame, { header: { kid, typ: "safety-statement+sd-jwt" } }));
}
