import assert from "node:assert/strict";
import { ExitError } from "../../../src/base/errors.ts";
import { load } from "../../../src/app/flags.ts";

function complaintOf(...argv: string[]): string | undefined {
  try {
    load(["--use_camera", ...argv], { env: {}, readText: () => "{}" });
    return undefined;
  } catch (error) {
    assert(error instanceof ExitError, String(error));
    return error.message;
  }
}

/** Each contradiction, what is said of it, and what mends it. */
const CONTRADICTIONS: readonly (readonly [string[], RegExp, string[]])[] = [
  [["--redis_tls", "--redis_tls_cert_path=a"], /alone: give both/, ["--redis_tls_key_path=b"]],
  [["--redis_tls_ca_path=a"], /without TLS: add --redis_tls/, ["--redis_tls"]],
  [["--redis_sentinels=a:1"], /alone: give both/, ["--redis_sentinel_name=a"]],
  [["--redis_cluster_nodes=a:1,b:2"], /without a cluster: add --redis_cluster/, [
    "--redis_cluster",
  ]],
  [["--redis_database=1", "--redis_cluster"], /must be 0: current value is 1/, [
    "--noredis_cluster",
  ]],
  [
    ["--redis_cluster", "--redis_sentinel_name=a", "--redis_sentinels=a:1"],
    /a server is one or the other/,
    ["--noredis_cluster"],
  ],
  [["--http_port=80", "--http_address=0.0.0.0"], /without a token/, ["--http_token=secret"]],
  [["--streaming_backend=grpc", "--port=0"], /give a port/, ["--port=50051"]],
];

for (const [argv, says, mend] of CONTRADICTIONS) {
  Deno.test(`${argv.join(" ")} is refused until ${mend.join(" ")} comes with it`, () => {
    assert.match(complaintOf(...argv) ?? "", says);
    assert.equal(complaintOf(...argv, ...mend), undefined);
  });
}
