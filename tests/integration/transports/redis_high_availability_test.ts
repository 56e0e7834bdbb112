import assert from "node:assert/strict";
import { makeCertificates } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { coreMetric, listen, type Received, sequencesOf } from "../../support/messages.ts";
import { aclRules, SENTINEL_ACL_PATH } from "../../support/redis_acl.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { freePort, type RedisServer, startRedis } from "../../support/redis_server.ts";
import { knowsReplica, startSentinel } from "../../support/redis_sentinel.ts";
import { waitFor } from "../../support/wait.ts";

const CHANNEL = "physiology:core_metrics";

/** The library leaves timers of two seconds when it drops a connection to a Sentinel. */
const LIBRARY_LEAVES_TIMERS = { sanitizeOps: false, sanitizeResources: false } as const;

Deno.test(
  "RedisBackend follows a failover by Sentinel within 5 s and loses no metric",
  LIBRARY_LEAVES_TIMERS,
  async () => {
    await using master = await startRedis();
    await using replica = await startRedis({
      args: ["--replicaof", master.hostname, `${master.port}`],
    });
    await using sentinel = await startSentinel(master);
    await knowsReplica(sentinel);
    const received: Received[] = [];
    const subscriber = master.client(optionsOf(sentinel));
    listen(subscriber, received);
    await subscriber.subscribe(CHANNEL);
    await using ends = startOutbox(
      optionsFor(sentinel, {
        sentinelName: "vitals",
        sentinels: [`${sentinel.hostname}:${sentinel.port}`],
      }),
    );
    await waitFor("a connection", () => ends.backend.ready);
    let sequence = 0;
    const timer = setInterval(() => ends.outbox.offer(coreMetric(++sequence)), 20);
    try {
      await waitFor("metrics", () => received.length > 10);
      await master.kill();
      const killed = performance.now();
      await waitFor("the loss", () => !ends.backend.ready);
      await waitFor("the new master", () => ends.backend.ready, { timeoutMs: 15_000 });
      assert.ok(performance.now() - killed < 5000, `${performance.now() - killed} ms`);
      const before = sequence;
      await waitFor("live metrics", () => sequencesOf(received).has(before + 5));
    } finally {
      clearInterval(timer);
    }
    await waitFor("every metric", () => sequencesOf(received).size === sequence);
    assert.match(await replica.client().info("replication"), /role:master/);
  },
);

function optionsOf(sentinel: RedisServer) {
  return {
    sentinels: [{ host: sentinel.hostname, port: sentinel.port }],
    name: "vitals",
    sentinelRetryStrategy: () => 100,
  };
}

Deno.test(
  "RedisBackend logs in to Sentinels with a separate user and the rules of config/redis_sentinel.acl",
  LIBRARY_LEAVES_TIMERS,
  async () => {
    const seeker = aclRules("physiology_seeker", { password: "seek", path: SENTINEL_ACL_PATH });
    await using master = await startRedis({ args: ["--requirepass", "master"] });
    await using sentinel = await startSentinel(master, [
      "sentinel auth-pass vitals master",
      "user default off",
      `user seeker ${seeker.join(" ")}`,
      "user admin on >admin +@all",
    ]);
    const options = optionsFor(sentinel, {
      sentinelName: "vitals",
      sentinels: [`${sentinel.hostname}:${sentinel.port}`],
      password: "master",
      sentinelUsername: "seeker",
    });
    {
      await using ends = startOutbox({ ...options, sentinelPassword: "wrong" });
      await waitFor("the problem", () => ends.outbox.problem);
      assert.match(ends.outbox.problem ?? "", /--redis_sentinel_password/);
      assert.equal(ends.backend.ready, false);
    }
    await using ends = startOutbox({ ...options, sentinelPassword: "seek" });
    await waitFor("a connection", () => ends.backend.ready);
    const admin = sentinel.client({ username: "admin", password: "admin" });
    await waitFor("a subscription to failovers", async () => {
      const clients = String(await admin.client("LIST"));
      return clients.split("\n").some((line) => /user=seeker/.test(line) && / sub=1 /.test(line));
    });
    const denied = (await admin.acl("LOG") as unknown[]).map((entry) => JSON.stringify(entry))
      // The wrong password above, and the optional name of the library.
      .filter((text) => !/"reason","auth"|client\|setinfo/.test(text));
    assert.deepEqual(denied, []);
  },
);

Deno.test(
  "RedisBackend connects to the master and Sentinels over TLS, each by its own name",
  LIBRARY_LEAVES_TIMERS,
  async () => {
    using folder = temporaryFolder();
    const { ca, server, client } = makeCertificates(folder.path);
    const tls = [
      ...["--tls-cert-file", server.cert, "--tls-key-file", server.key, "--tls-ca-cert-file", ca],
      ...["--tls-replication", "yes"],
    ];
    const [masterPort, sentinelPort] = [freePort(), freePort()];
    await using _master = await startRedis({ args: ["--tls-port", `${masterPort}`, ...tls] });
    await using _sentinel = await startRedis({
      config: `sentinel monitor vitals 127.0.0.1 ${masterPort} 1`,
      args: ["--sentinel", "--tls-port", `${sentinelPort}`, ...tls],
    });
    await using ends = startOutbox(optionsFor({ port: 1 }, {
      host: "localhost", // ignored, also as a name in certificates
      sentinelName: "vitals",
      sentinels: [`127.0.0.1:${sentinelPort}`],
      tls: true,
      tlsCaPath: ca,
      tlsCertPath: client.cert,
      tlsKeyPath: client.key,
    }));
    await waitFor("a connection", () => ends.backend.ready);
    ends.outbox.offer(coreMetric(1));
    await waitFor("the metric", () => ends.counters.get("outbox_sent_total", { class: "metric" }));
  },
);
