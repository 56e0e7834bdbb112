import assert from "node:assert/strict";
import { grpcFlags, grpcPermissions } from "../../../../src/transports/grpc/flags.ts";
import { load } from "../../../../src/app/flags.ts";
import { assertNumberLimits, defaultsOf } from "../../../support/flag_limits.ts";

Deno.test("grpcFlags accept every port and 0 for none", () => {
  assertNumberLimits(grpcFlags, { grpcPort: [0, 65_535] });
});

Deno.test("grpcFlags listen on loopback without a token by default", () => {
  assert.deepEqual(defaultsOf(grpcFlags), {
    grpcPort: 50051,
    grpcAddress: "127.0.0.1",
    grpcToken: "",
  });
});

function permissionsOf(...argv: string[]) {
  const { settings } = load(["--simulate", ...argv], { env: {}, readText: () => "token\n" });
  return grpcPermissions(settings, { assets: "/a", env: {} });
}

const TLS = ["--grpc_tls_cert_path=/cert", "--grpc_tls_key_path=/key"];

Deno.test("grpcPermissions() allow the listener, and reading the certificate and its key", () => {
  const ports = Array.from({ length: 10 }, (_, index) => `127.0.0.1:${50051 + index}`);
  assert.deepEqual(permissionsOf(), { read: [], net: ports });
  assert.deepEqual(permissionsOf("--port=1"), { read: [], net: ["127.0.0.1:1"] });
  assert.deepEqual(permissionsOf("--port=0"), { read: [], net: [] });
  assert.deepEqual(permissionsOf(...TLS).read, ["/cert", "/key"]);
});

for (
  const [name, argv, message] of [
    ["a certificate without its key", TLS.slice(0, 1), /alone: give both/],
    ["a key without its certificate", TLS.slice(1), /alone: give both/],
    [
      "every address without TLS and a token",
      ["--grpc_address=0.0.0.0"],
      /without TLS and a token/,
    ],
    [
      "every address without a token",
      ["--grpc_address=0.0.0.0", ...TLS],
      /without TLS and a token/,
    ],
    [
      "every address without TLS",
      ["--grpc_address=0.0.0.0", "--grpc_token=x"],
      /without TLS and a token/,
    ],
  ] as const
) {
  Deno.test(`grpcRules refuse ${name}`, () => {
    assert.throws(() => permissionsOf(...argv), message);
  });
}

Deno.test("grpcRules accept every address with TLS and a token", () => {
  const flags = ["--grpc_address=0.0.0.0", "--grpc_token=x", "--port=1", ...TLS];
  assert.deepEqual(permissionsOf(...flags).net, ["0.0.0.0:1"]);
});

Deno.test("grpcTransport needs a port only if it is selected", () => {
  const refused = ["--streaming_backend=grpc", "--port=0"];
  assert.throws(() => permissionsOf(...refused), /--port=0: give a port/);
  permissionsOf("--streaming_backend=grpc", "--port=7");
  permissionsOf("--streaming_backend=redis", "--port=0");
});
