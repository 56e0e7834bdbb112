import assert from "node:assert/strict";
import { encodeEnvelope, type Envelope } from "../../../src/envelopes/envelope.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { fakeMetrics, fakeRecordingState } from "../../support/fake_stream.ts";
import { Program } from "../../support/program.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

Deno.test("record saves sessions as JSON Lines, series and CSV, across a restart of Redis", async () => {
  const folder = await Deno.makeTempDir();
  await using server = await startRedis();
  const client = server.client();
  const publish = async (envelopes: readonly Envelope[]) => {
    for (const envelope of envelopes) {
      await client.publish(`ward:${envelope.type}`, Buffer.from(encodeEnvelope(envelope)));
    }
  };
  const subscribed = () =>
    waitFor("the subscription", async () => {
      const [, count] = await client.pubsub("NUMSUB", "ward:recording_state") as unknown[];
      return count === 1;
    });
  try {
    await using record = new Program(Deno.execPath(), [
      "run",
      "-A",
      "-q",
      MAIN,
      "record",
      "--redis_host=127.0.0.1",
      `--redis_port=${server.port}`,
      "--redis_key_prefix=ward",
      `--output_dir=${folder}`,
      "--format=bids,mcap,edf",
      "--verbosity=1", // session ids as they are
    ]);
    await subscribed();
    await publish([fakeRecordingState(0, "a"), ...fakeMetrics(4)]);
    await record.prints(/Saving a session to .* session_id="a"/);
    await server.kill();
    await server.restart();
    await subscribed();
    await publish([...fakeMetrics(5), fakeRecordingState(6), fakeRecordingState(7, "b")]);
    await record.prints(/Saving a session to .* session_id="b"/);
    record.kill("SIGTERM");
    assert.equal(await record.ended(), 0, record.output);
    const saved = JSON.parse(await Deno.readTextFile(`${folder}/metrics_a.json`));
    assert.deepEqual(saved.series["core_metrics.metadata"].sequence, [4, 5]);
    const lines = (await Deno.readTextFile(`${folder}/metrics_a.jsonl`)).trimEnd().split("\n");
    assert.equal(lines.length, 6);
    const table = await Deno.readTextFile(`${folder}/metrics_a.csv`);
    assert.match(table, /^\d+,core_metrics\.pulse\.strict,value,72\.5$/m);
    assert.ok(Deno.statSync(`${folder}/metrics_a.mcap`).size > 0);
    const header = new TextDecoder().decode(await Deno.readFile(`${folder}/metrics_a.edf`));
    assert.match(header.slice(192, 252), /^EDF\+C {39}\d+ +1 {7}$/);
    const subjects = await Deno.readTextFile(`${folder}/bids/participants.tsv`);
    assert.equal(subjects, "participant_id\nsub-a\n");
    assert.equal(JSON.parse(await Deno.readTextFile(`${folder}/metrics_b.json`)).session_id, "b");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("record connects with TLS, a client certificate and a password", async () => {
  const folder = await Deno.makeTempDir();
  const { ca, server, client } = makeCertificates(folder);
  const tlsPort = freePort();
  await using broker = await startRedis({
    // deno-fmt-ignore
    args: [
      "--tls-port", `${tlsPort}`, "--tls-cert-file", server.cert, "--tls-key-file", server.key,
      "--tls-ca-cert-file", ca, "--tls-auth-clients", "yes", "--requirepass", "owl-7",
    ],
  });
  const password = `${folder}/password`;
  await Deno.writeTextFile(password, "owl-7\n");
  const redis = [
    "--redis_host=localhost",
    `--redis_port=${tlsPort}`,
    `--redis_password_file=${password}`,
    "--redis_tls",
    `--redis_tls_ca_path=${ca}`,
    `--redis_tls_cert_path=${client.cert}`,
    `--redis_tls_key_path=${client.key}`,
  ];
  const run = ["run", "-A", "-q", MAIN];
  try {
    await using record = new Program(Deno.execPath(), [
      ...run,
      "record",
      ...redis,
      `--output_dir=${folder}/out`,
    ]);
    const admin = broker.client({ password: "owl-7" });
    await waitFor("the subscription", async () => {
      const [, count] = await admin.pubsub("NUMSUB", "physiology:recording_state") as unknown[];
      return count === 1;
    });
    await using serve = new Program(Deno.execPath(), [
      ...run,
      "--simulate",
      "--port=0",
      "--start_with_recording_on",
      ...redis,
    ]);
    await record.prints("Saving a session");
    serve.kill("SIGTERM");
    assert.equal(await serve.ended(), 0, serve.output);
    record.kill("SIGTERM");
    assert.equal(await record.ended(), 0, record.output);
    const names = [...Deno.readDirSync(`${folder}/out`)].map(({ name }) => name);
    assert.ok(names.some((name) => name.endsWith(".jsonl")), names.join());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("record reads the histories of key-value mode, and loses nothing while Redis restarts", async () => {
  const folder = await Deno.makeTempDir();
  await using server = await startRedis({
    args: ["--appendonly", "yes", "--appendfsync", "always"],
  });
  const client = server.client();
  const store = async (envelopes: readonly Envelope[]) => {
    for (const envelope of envelopes) {
      const bytes = Buffer.from(encodeEnvelope(envelope));
      const id = `${Math.floor(envelope.timestamp / 1000)}-*`;
      await client.set(`ward:${envelope.type}`, bytes);
      await client.xadd(`ward:${envelope.type}:history`, id, "envelope", bytes);
    }
  };
  try {
    await store(fakeMetrics(0));
    await using record = new Program(Deno.execPath(), [
      "run",
      "-A",
      "-q",
      MAIN,
      "record",
      "--noredis_use_pubsub",
      "--redis_host=127.0.0.1",
      `--redis_port=${server.port}`,
      "--redis_key_prefix=ward",
      `--output_dir=${folder}`,
    ]);
    await record.prints("Waiting for recordings");
    await waitFor(
      "the first poll",
      async () => String(await client.call("CLIENT", "LIST")).includes("cmd=xread"),
    );
    await store([fakeRecordingState(1, "a"), ...fakeMetrics(2)]);
    await record.prints("Saving a session");
    record.kill("SIGSTOP"); // as if its network were down
    await store([...fakeMetrics(3), ...fakeMetrics(4)]);
    await server.kill();
    await server.restart();
    record.kill("SIGCONT");
    await store([...fakeMetrics(5), fakeRecordingState(6)]);
    await record.prints("Saved a session");
    const saved = JSON.parse(await Deno.readTextFile(`${folder}/metrics_a.json`));
    assert.deepEqual(saved.series["core_metrics.metadata"].sequence, [2, 3, 4, 5]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("record works with a Redis user that has only the documented permissions", async () => {
  const folder = await Deno.makeTempDir();
  await using server = await startRedis();
  const client = server.client();
  // deno-fmt-ignore
  await client.call(
    "ACL", "SETUSER", "reader", "on", ">pw", "resetkeys", "resetchannels", "-@all", "+ping",
    "+subscribe", "+unsubscribe", "+psubscribe", "+lpush", "~physiology:*", "&physiology:*",
  );
  try {
    await using record = new Program(Deno.execPath(), [
      "run",
      "-A",
      "-q",
      MAIN,
      "record",
      "--redis_host=127.0.0.1",
      `--redis_port=${server.port}`,
      "--redis_username=reader",
      "--redis_password=pw",
      `--output_dir=${folder}`,
    ]);
    await waitFor("the subscription", async () => {
      const [, count] = await client.pubsub("NUMSUB", "physiology:recording_state") as unknown[];
      return count === 1;
    });
    const state = Buffer.from(encodeEnvelope(fakeRecordingState(0, "a")));
    await client.publish("physiology:recording_state", state);
    await record.prints("Saving a session");
    assert(!record.output.includes("NOPERM"), record.output);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const mode of ["channels", "histories"] as const) {
  Deno.test(`record reads the ${mode} of a cluster`, async () => {
    const folder = await Deno.makeTempDir();
    await using cluster = await startCluster();
    const [first, second] = cluster.nodes;
    assert.ok(first && second);
    const usePubsub = mode === "channels";
    await using ends = startOutbox(optionsFor(second, { cluster: true, usePubsub }));
    await waitFor("a connection", () => ends.backend.ready);
    const offer = (envelopes: readonly Envelope[]) => {
      for (const envelope of envelopes) {
        const bytes = encodeEnvelope(envelope);
        const { type: topic, timestamp } = envelope;
        ends.outbox.offer({ kind: "metric", topic, timestamp, bytes });
      }
    };
    try {
      await using record = new Program(Deno.execPath(), [
        ...["run", "-A", "-q", MAIN, "record", "--redis_cluster", "--redis_host=127.0.0.1"],
        ...[`--redis_port=${first.port}`, `--output_dir=${folder}`],
        ...usePubsub ? [] : ["--noredis_use_pubsub"],
      ]);
      await record.prints("Waiting for recordings");
      await waitFor("the session", () => {
        offer([fakeRecordingState(0, "a")]);
        return record.output.includes("Saving a session");
      }, { pollMs: 200 });
      offer(fakeMetrics(4));
      await ends.outbox.flush(2000);
      offer([fakeRecordingState(6)]);
      await record.prints(`Saved a session to ${folder}`);
      const saved = JSON.parse(Deno.readTextFileSync(`${folder}/metrics_a.json`));
      assert.deepEqual(saved.series["core_metrics.metadata"].sequence, [4]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
