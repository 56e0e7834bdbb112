import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/base/errors.ts";
import { GrpcBench } from "../../../support/grpc.ts";
import {
  call,
  FRAME,
  frame,
  isEndOfResponse,
  join,
  PREFACE,
  readUntil,
  writes,
} from "../../../support/raw_http2.ts";

const GET_STATUS = "/presage.physiology.PhysiologyServer/GetStatus";
const TOKEN = "correct horse";

Deno.test("GrpcServer accepts its bearer token and no other of any length", async () => {
  await using bench = new GrpcBench({ token: TOKEN });
  using socket = await bench.connect();
  await writes(socket, join(PREFACE, frame(FRAME.settings)));
  const cases: readonly (readonly [authorization: string | undefined, accepted: boolean])[] = [
    [`Bearer ${TOKEN}`, true],
    [undefined, false],
    ["Bearer correct horsf", false],
    ["Bearer aaaaaaa aaaaa", false],
    ["bearer correct horse", false],
    ["Bearer Correct horse", false],
    ["Bearer correct hors", false],
    ["Bearer correct horses", false],
    ["Basic  correct horse", false],
  ];
  let refused = 0;
  for (const [index, [authorization, accepted]] of cases.entries()) {
    const stream = 2 * index + 1;
    const fields = authorization === undefined ? [] : [["authorization", authorization]] as const;
    await writes(socket, call(stream, GET_STATUS, { fields }));
    await readUntil(socket, isEndOfResponse(stream));
    if (!accepted) refused++;
    assert.equal(
      bench.counters.get("grpc_refused_total", { reason: "token" }) ?? 0,
      refused,
      `authorization: ${authorization}`,
    );
  }
});

Deno.test("GrpcServer requires TLS and a token on addresses other than loopback", () => {
  const tls = { cert: "", key: "" };
  for (const options of [{}, { tls }, { token: TOKEN }, { tls, token: "" }]) {
    assert.throws(() => new GrpcBench({ address: "0.0.0.0", ...options }), ConfigError);
  }
});
