import assert from "node:assert/strict";
import { encodeEnvelope, type Envelope } from "../../src/envelopes/envelope.ts";
import { decrypt, makeIdentity } from "../support/age.ts";
import { fakeMetrics, fakeRecordingState } from "../support/fake_stream.ts";
import { temporaryFolder } from "../support/folders.ts";
import { ProgramUnderTest } from "../support/physiology_server.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

const SESSION = "Anna Example";
const ENVELOPES = [fakeRecordingState(0, SESSION), ...fakeMetrics(4), ...fakeMetrics(5)];
const LINES = ENVELOPES.map((envelope) => JSON.stringify(envelope) + "\n").join("");
/** What no file and no name of a file may contain. */
const SECRETS = /Anna|Example|core_metrics|edge_metrics|pulse|72\.5|"value"|timestamp/;

/** Records `ENVELOPES` for a recipient, and ends `record` by a signal. */
async function recordUntil(signal: Deno.Signal, folder: string) {
  const identity = makeIdentity(`${folder}/identity`);
  const recipients = `${folder}/recipients`;
  Deno.writeTextFileSync(recipients, identity.recipient + "\n");
  const out = `${folder}/out`;
  await using redis = await startRedis();
  await using record = new ProgramUnderTest([
    ...["record", "--redis_host=127.0.0.1", `--redis_port=${redis.port}`],
    ...[`--output_dir=${out}`, `--record_recipients=${recipients}`],
  ]);
  await publish(redis, ENVELOPES);
  const linesBytes = () =>
    sealedIn(out).reduce((sum, name) => sum + Deno.statSync(`${out}/${name}`).size, 0);
  await waitFor("the lines", () => linesBytes() >= new TextEncoder().encode(LINES).length);
  assertNothingReadable(out);
  record.kill(signal);
  const { stderr } = await record.ended;
  assert.doesNotMatch(stderr, SECRETS);
  assertNothingReadable(out);
  return { identity, out };
}

async function publish(redis: RedisServer, envelopes: readonly Envelope[]): Promise<void> {
  const client = redis.client();
  await waitFor("the subscription", async () => {
    const reply = await client.pubsub("NUMSUB", "physiology:recording_state") as unknown[];
    return reply[1] === 1;
  }, { timeoutMs: 60_000 });
  for (const envelope of envelopes) {
    await client.publish(`physiology:${envelope.type}`, Buffer.from(encodeEnvelope(envelope)));
  }
}

function sealedIn(out: string): string[] {
  return [...Deno.readDirSync(out)].map(({ name }) => name).filter((name) => /sealed$/.test(name));
}

function assertNothingReadable(out: string): void {
  for (const { name } of Deno.readDirSync(out)) {
    assert.doesNotMatch(name, SECRETS);
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(`${out}/${name}`));
    assert.doesNotMatch(text, SECRETS, name);
  }
}

Deno.test("record with --record_recipients writes nothing readable to the disk, and age decrypts all of it", async () => {
  using folder = temporaryFolder();
  const { identity, out } = await recordUntil("SIGTERM", folder.path);
  const names = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
  const [csv = "", json = "", lines = ""] = names;
  assert.equal(names.length, 3, "no sealed lines, and no key of the run");
  assert.equal(decrypt(`${out}/${lines}`, identity), LINES);
  assert.equal(JSON.parse(decrypt(`${out}/${json}`, identity)!).session_id, SESSION);
  assert.match(decrypt(`${out}/${csv}`, identity)!, /core_metrics\.pulse\.strict,value,72\.5/);
  assert.equal(decrypt(`${out}/${lines}`, makeIdentity(`${folder.path}/other`)), undefined);
});

Deno.test("record with --record_recipients that is killed loses no line: age and openssl decrypt all of them", async () => {
  using folder = temporaryFolder();
  const { identity, out } = await recordUntil("SIGKILL", folder.path);
  const [sealed = ""] = sealedIn(out);
  const [key = ""] = [...Deno.readDirSync(out)].map(({ name }) => name)
    .filter((name) => name.endsWith(".key.age"));
  const nonce = /^metrics_(\w{16})\.jsonl\.sealed$/.exec(sealed)![1];
  const { stdout } = new Deno.Command("openssl", {
    args: ["enc", "-d", "-aes-256-ctr", "-K", decrypt(`${out}/${key}`, identity)!.trim()]
      .concat(["-iv", `${nonce}0000000000000000`, "-in", `${out}/${sealed}`]),
  }).outputSync();
  assert.equal(new TextDecoder().decode(stdout), LINES);
});
