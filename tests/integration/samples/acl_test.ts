import assert from "node:assert/strict";
import { encodeEnvelope } from "../../../src/envelopes/envelope.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { Program, PYTHON, SAMPLES } from "../../support/program.ts";
import { PYTHON_CLIENT } from "../../support/python_client.ts";
import { ACL_PATH, aclPassword } from "../../support/redis_acl.ts";
import { type ClientOptions, type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const USER = "physiology_reader";
const DATABASE = 3;
const ADMIN = { username: "admin", password: "admin", db: DATABASE } satisfies ClientOptions;

/** Starts a Redis that requires a login, with the users of config/redis.acl. */
async function startPrivateRedis(): Promise<RedisServer> {
  const server = await startRedis({ args: ["--aclfile", ACL_PATH] });
  const first = server.client();
  await first.acl("SETUSER", "admin", "on", ">admin", "+@all", "~*", "&*");
  await first.acl("SETUSER", USER, "+brpop"); // for command_queue_consumer.py alone
  await first.acl("SETUSER", "default", "off");
  return server;
}

/** The flags of a sample for this server; the password is read from a file. */
function loginFlags(server: RedisServer, folder: string): string[] {
  const path = `${folder}/password`;
  Deno.writeTextFileSync(path, `${aclPassword(USER)}\n`);
  return [
    "--redis_host=127.0.0.1",
    `--redis_port=${server.port}`,
    `--redis_username=${USER}`,
    `--redis_password_file=${path}`,
    `--redis_database=${DATABASE}`,
  ];
}

async function publish(server: RedisServer): Promise<void> {
  const client = server.client(ADMIN);
  for (const envelope of [fakeRecordingState(0, "a"), ...fakeMetrics(4), fakeStatus(5)]) {
    const text = new TextDecoder().decode(encodeEnvelope(envelope));
    await client.publish(`physiology:${envelope.type}`, text);
    // The samples read what is added from now on.
    const id = `${Date.now()}-*`;
    await client.xadd(`physiology:${envelope.type}:history`, id, "envelope", text);
  }
}

/** Publishes again and again until the sample prints `text`: it may not be connected yet. */
async function printsAfterPublishing(
  sample: Program,
  { server, text }: { readonly server: RedisServer; readonly text: string },
): Promise<void> {
  await waitFor(`the sample to print ${text}`, async () => {
    await publish(server);
    return sample.output.includes(text);
  }, { timeoutMs: 20_000, pollMs: 100 });
}

const PYTHON_SAMPLES: readonly (readonly [name: string, flags: string[], prints: string])[] = [
  ["alt_ipc_example_on_prem_client.py", [], "pulse 72.5"],
  ["alt_ipc_example_on_prem_client.py", ["--key_value"], "pulse 72.5"],
  ["redis_ipc_metrics_saving_client.py", [], "Saving session a"],
  ["redis_ipc_metrics_saving_client.py", ["--key_value"], "Saving session a"],
];

for (const [name, flags, text] of PYTHON_SAMPLES) {
  const mode = flags.length > 0 ? "the histories of another database" : "channels";
  Deno.test(`${name} logs in as an ACL user and reads ${mode}`, async () => {
    using folder = temporaryFolder();
    await using server = await startPrivateRedis();
    await using sample = new Program(PYTHON, [
      `${SAMPLES}${name}`,
      ...loginFlags(server, folder.path),
      ...flags,
    ], { cwd: folder.path });
    await printsAfterPublishing(sample, { server, text });
    assert.doesNotMatch(sample.output, /NOAUTH|WRONGPASS|NOPERM|Traceback/);
  });
}

for (const flags of [[], ["--key_value"]]) {
  Deno.test(`physiology_client watch ${flags} logs in as an ACL user`, async () => {
    using folder = temporaryFolder();
    await using server = await startPrivateRedis();
    await using program = new Program(PYTHON, [
      "-m",
      "physiology_client",
      "watch",
      "--interval=0.1",
      ...loginFlags(server, folder.path),
      ...flags,
    ], { env: { PYTHONPATH: `${PYTHON_CLIENT}src`, PYTHONDONTWRITEBYTECODE: "1" } });
    await printsAfterPublishing(program, { server, text: "physiology: pulse 72.5" });
    assert.doesNotMatch(program.output, /NOAUTH|WRONGPASS|NOPERM|Traceback/);
  });
}

Deno.test("command_queue_consumer.py takes commands as an ACL user from another database, by the environment", async () => {
  await using server = await startPrivateRedis();
  await using sample = new Program(PYTHON, [`${SAMPLES}command_queue_consumer.py`], {
    env: {
      PHYSIOLOGY_REDIS_HOST: "127.0.0.1",
      PHYSIOLOGY_REDIS_PORT: `${server.port}`,
      PHYSIOLOGY_REDIS_USERNAME: USER,
      PHYSIOLOGY_REDIS_PASSWORD: aclPassword(USER),
      PHYSIOLOGY_REDIS_DATABASE: `${DATABASE}`,
      PHYSIOLOGY_REDIS_KEY_PREFIX: "physiology",
    },
  });
  await server.client(ADMIN).lpush("physiology:command_queue", '{"recording": true}');
  await sample.prints("Received command: recording=True");
});

Deno.test("subscriber.ts logs in as an ACL user, and pushes a command to another database", async () => {
  using folder = temporaryFolder();
  await using server = await startPrivateRedis();
  await using sample = new Program(Deno.execPath(), [
    "run",
    "--quiet",
    "--allow-net",
    "--allow-env",
    "--allow-read",
    `${SAMPLES}subscriber.ts`,
    ...loginFlags(server, folder.path),
    "--start=s2",
  ]);
  await printsAfterPublishing(sample, { server, text: "pulse 72.5/min" });
  const commands = await server.client(ADMIN).lrange("physiology:command_queue", 0, -1);
  assert.equal(commands.length, 1);
  assert.doesNotMatch(sample.output, /NOAUTH|WRONGPASS|NOPERM/);
});
