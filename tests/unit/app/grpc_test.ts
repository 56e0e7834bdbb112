import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { openGrpc } from "../../../src/app/grpc.ts";
import { ConfigError } from "../../../src/base/errors.ts";
import { CommandHandler } from "../../../src/control/commands.ts";
import { Recording } from "../../../src/control/recording.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { freePort } from "../../support/free_port.ts";
import {
  call,
  FRAME,
  frame,
  isEndOfResponse,
  join,
  PREFACE,
  readUntil,
  writes,
} from "../../support/raw_http2.ts";
import { replaced } from "../../support/replace.ts";

const GET_STATUS = "/presage.physiology.PhysiologyServer/GetStatus";

/** Opens the server of these flags, and the counters that it was opened with. */
function open(...argv: string[]) {
  const counters = new Counters();
  const recording = new Recording();
  const context = { env: {}, readText: () => "" };
  const server = openGrpc(load(["--simulate", ...argv], context).settings, {
    recording,
    counters,
    commands: new CommandHandler({ recording, counters, log: silentLog }),
    log: silentLog,
    onReset: () => {},
  });
  return { server, counters };
}

Deno.test("openGrpc() opens no server for port 0", () => {
  assert.equal(open("--port=0").server, undefined);
});

Deno.test("openGrpc() listens on the port, and requires the token of the settings", async () => {
  for (const [token, refused] of [[[], 0], [["--grpc_token=secret"], 1]] as const) {
    const port = freePort();
    const { server, counters } = open(`--port=${port}`, ...token);
    await using _server = server;
    using socket = await Deno.connect({ hostname: "127.0.0.1", port });
    await writes(socket, join(PREFACE, frame(FRAME.settings), call(1, GET_STATUS)));
    await readUntil(socket, isEndOfResponse(1));
    assert.equal(counters.get("grpc_refused_total", { reason: "token" }), refused);
  }
});

Deno.test("openGrpc() serves TLS with the certificate and the key of the settings", async () => {
  using folder = new TemporaryFolder();
  const { cert, key } = makeCertificates(folder.path).server;
  const listened: object[] = [];
  using _tls = replaced(Deno, "listenTls", ({ port, hostname, ...tls }) => {
    listened.push(tls);
    return Deno.listen({ port: port!, hostname: hostname! }) as unknown as Deno.TlsListener;
  });
  const port = `--port=${freePort()}`;
  await using _plain = open(port).server;
  assert.deepEqual(listened, []);
  const tls = [`--grpc_tls_cert_path=${cert}`, `--grpc_tls_key_path=${key}`];
  await using _server = open(`--port=${freePort()}`, ...tls).server;
  assert.deepEqual(listened, [
    { cert: Deno.readTextFileSync(cert), key: Deno.readTextFileSync(key), alpnProtocols: ["h2"] },
  ]);
});

Deno.test("openGrpc() names the file that it cannot read", () => {
  using folder = new TemporaryFolder();
  const present = folder.file("present.pem");
  Deno.writeTextFileSync(present, "x");
  const openWith = (cert: string, key: string) => () =>
    open("--port=1", `--grpc_tls_cert_path=${cert}`, `--grpc_tls_key_path=${key}`);
  const isError = (message: RegExp) => (error: unknown) =>
    error instanceof ConfigError && message.test(error.message);
  assert.throws(
    openWith("/no/c.pem", present),
    isError(/^Cannot read the certificate for gRPC \/no\/c\.pem: no such file/),
  );
  assert.throws(
    openWith(present, "/no/k.pem"),
    isError(/^Cannot read the key for gRPC \/no\/k\.pem: no such file/),
  );
});
