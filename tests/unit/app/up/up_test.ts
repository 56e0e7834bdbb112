import assert from "node:assert/strict";
import { load } from "../../../../src/app/flags.ts";
import { openUp } from "../../../../src/app/up/up.ts";
import { UsageError } from "../../../../src/base/errors.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { freePort } from "../../../support/free_port.ts";

/** Opens `up` with a named broker or none, so that no process is started. */
async function opened(flags: readonly string[], env: Record<string, string> = {}) {
  using folder = temporaryFolder();
  const argv = ["up", "--simulate", ...flags];
  const printed: string[] = [];
  await using started = await openUp({
    ...load(argv, { env, readText: Deno.readTextFileSync }),
    argv,
    env: { ...env, XDG_STATE_HOME: folder.path },
    log: silentLog,
    print: (text) => void printed.push(text),
  });
  started.printAddresses();
  const kept = [...Deno.readDirSync(`${folder.path}/physiology_server`)].map(({ name }) => name);
  return { ...started.configuration, printed: printed.join("\n"), kept };
}

Deno.test("openUp() uses a broker that a flag, a variable or a file names, and starts none", async () => {
  using folder = temporaryFolder();
  const [config, password] = [`${folder.path}/redis.json`, `${folder.path}/password`];
  Deno.writeTextFileSync(config, `{"host": "127.0.0.3"}`);
  Deno.writeTextFileSync(password, "secret");
  for (
    const [address, flags, env] of [
      ["127.0.0.2:6379", ["--redis_host=127.0.0.2"], {}],
      ["localhost:7", ["--redis_port=7"], {}],
      ["localhost:6379", [`--redis_password_file=${password}`], {}],
      ["127.0.0.2:6379", [], { PHYSIOLOGY_REDIS_HOST: "127.0.0.2" }],
      ["127.0.0.3:6379", [`--redis_config_path=${config}`], {}],
    ] as const
  ) {
    const { printed, kept } = await opened(flags, env);
    assert.ok(printed.includes(`Broker: the Redis at ${address}, named by the configuration`));
    assert.deepEqual(kept, ["http_token"]);
  }
});

Deno.test("openUp() serves the page at the port of the user, with a kept token", async () => {
  const port = freePort();
  const { settings, command, printed } = await opened([
    "--streaming_backend=grpc",
    `--http_port=${port}`,
  ]);
  assert.equal(command, "serve");
  assert.equal(settings.server.httpPort, port);
  const token = settings.server.httpToken.reveal();
  assert.match(token, /^[0-9a-f]{32}$/);
  assert.ok(printed.includes(`Page:   http://127.0.0.1:${port}/#token=${token}`));
  assert.match(printed, /Broker: none, because of --streaming_backend=grpc/);
  assert.doesNotMatch(printed, /PHYSIOLOGY_REDIS/);
});

Deno.test("openUp() keeps a token that the user sets, and no page for --http_port=0", async () => {
  const secret = "a token of the user";
  const { settings, kept } = await opened(["--streaming_backend=grpc"], {
    PHYSIOLOGY_HTTP_TOKEN: secret,
  });
  assert.equal(settings.server.httpToken.reveal(), secret);
  assert.notEqual(settings.server.httpPort, 0);
  assert.deepEqual(kept, []);
  const { printed } = await opened(["--streaming_backend=grpc", "--http_port=0"]);
  assert.doesNotMatch(printed, /Page:/);
});

Deno.test("openUp() says that the values are simulated", async () => {
  const { printed } = await opened(["--streaming_backend=grpc"]);
  assert.match(printed, /SIMULATED: every value comes from a rendered portrait/);
});

Deno.test("up requires TLS beyond loopback, and one input at most", () => {
  const loaded = (...flags: string[]) => load(["up", ...flags], { env: {}, readText: () => "" });
  assert.throws(
    () => loaded("--http_port=8443", "--http_address=0.0.0.0"),
    /Cannot listen for HTTP on 0\.0\.0\.0 without TLS/,
  );
  // The token is generated.
  loaded("--http_port=8443", "--http_address=0.0.0.0", "--http_allow_plaintext");
  assert.throws(() => loaded("--simulate", "--use_camera"), UsageError);
  loaded();
});
