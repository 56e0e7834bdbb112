import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { connect } from "node:net";
import { Cluster, Redis } from "ioredis";
import {
  connectionSettings,
  connectionTarget,
  destroyClient,
  endpointOf,
  guardReplies,
  openClient,
  responsiveNodesOf,
  seedsOf,
  socketsOf,
} from "../../../../src/transports/redis/client.ts";
import {
  DEFAULT_REDIS_OPTIONS,
  type RedisOptions,
} from "../../../../src/transports/redis/options.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { temporaryFolder } from "../../../support/folders.ts";

function options(more: Partial<RedisOptions> = {}): RedisOptions {
  return { ...DEFAULT_REDIS_OPTIONS, host: "ward", port: 7000, ...more };
}

Deno.test("connectionSettings() has a password, a user and TLS only if they are set", () => {
  assert.deepEqual(connectionSettings(options({ connectionTimeoutMs: 123 })), {
    connectTimeout: 123,
    keepAlive: 10_000,
  });
  const { password, username, tls } = connectionSettings(
    options({ password: "hunter2", username: "nurse", tls: true }),
  );
  assert.deepEqual([password, username], ["hunter2", "nurse"]);
  assert.deepEqual(tls, { minVersion: "TLSv1.2", servername: "ward" });
});

Deno.test("connectionSettings() reads the TLS files that are set, and names the one that is missing", () => {
  using folder = temporaryFolder();
  const { ca, client } = makeCertificates(folder.path);
  const { tls } = connectionSettings(options({
    tls: true,
    tlsCaPath: ca,
    tlsCertPath: client.cert,
    tlsKeyPath: client.key,
    tlsServerName: "redis.example.org",
  }));
  assert.deepEqual(tls, {
    minVersion: "TLSv1.2",
    servername: "redis.example.org",
    ca: Deno.readTextFileSync(ca),
    cert: Deno.readTextFileSync(client.cert),
    key: Deno.readTextFileSync(client.key),
  });
  assert.throws(
    () => connectionSettings(options({ tls: true, tlsCaPath: "/missing.pem" })),
    /Cannot read the TLS file \/missing\.pem: /,
  );
});

Deno.test("connectionSettings() checks each of several servers against its own address", () => {
  const servernameOf = (more: Partial<RedisOptions>) => {
    const { tls } = connectionSettings(options({ tls: true, ...more }));
    return tls && "servername" in tls ? tls.servername : undefined;
  };
  assert.equal(servernameOf({ cluster: true }), undefined);
  assert.equal(servernameOf({ sentinelName: "main" }), undefined);
  assert.equal(servernameOf({ cluster: true, tlsServerName: "name" }), "name");
});

Deno.test("connectionTarget() is the address and database without Sentinels", () => {
  const target = connectionTarget(options({ database: 3 }));
  assert.deepEqual(target, { host: "ward", port: 7000, db: 3 });
});

Deno.test("connectionTarget() is the name of the master with Sentinels, whose ready check verifies it", () => {
  const { sentinelRetryStrategy, ...target } = connectionTarget(options({
    database: 3,
    operationTimeoutMs: 77,
    sentinelName: "main",
    sentinels: ["a:1", "[::1]:26379"],
  })) as Record<string, unknown>;
  assert.deepEqual(target, {
    db: 3,
    enableReadyCheck: true,
    name: "main",
    sentinels: [{ host: "a", port: 1 }, { host: "::1", port: 26379 }],
    sentinelCommandTimeout: 77,
    failoverDetector: true,
  });
  assert.equal((sentinelRetryStrategy as () => unknown)(), null);
});

Deno.test("connectionTarget() logs in to the Sentinels and uses TLS with them if these are set", () => {
  const target = connectionTarget(options({
    sentinelName: "main",
    sentinels: ["a:1"],
    sentinelPassword: "hunter2",
    sentinelUsername: "nurse",
    tls: true,
  })) as Record<string, unknown>;
  assert.deepEqual([target.sentinelPassword, target.sentinelUsername], ["hunter2", "nurse"]);
  assert.equal(target.enableTLSForSentinelMode, true);
  assert.deepEqual(target.sentinelTLS, { minVersion: "TLSv1.2" });
});

Deno.test("endpointOf() names the server, the cluster or the Sentinels", () => {
  assert.equal(endpointOf(options()), "ward:7000");
  assert.equal(endpointOf(options({ cluster: true })), "cluster ward:7000");
  assert.equal(
    endpointOf(options({ sentinelName: "main", sentinels: ["a:1", "b:2"] })),
    "master main of a:1, b:2",
  );
});

Deno.test("seedsOf() is the server and then the further nodes of the cluster", () => {
  assert.deepEqual(seedsOf(options()), [{ host: "ward", port: 7000 }]);
  assert.deepEqual(seedsOf(options({ clusterNodes: ["b:2", "[fe80::1]:3"] })), [
    { host: "ward", port: 7000 },
    { host: "b", port: 2 },
    { host: "fe80::1", port: 3 },
  ]);
});

Deno.test("openClient() opens a client that queues, repeats and retries nothing", () => {
  const client = openClient(options({ database: 4, clientName: "bed-7" }), "frames");
  assert(client instanceof Redis);
  const { retryStrategy: _, ...used } = client.options;
  assert.deepEqual(
    [
      used.host,
      used.port,
      used.db,
      used.connectionName,
      used.enableOfflineQueue,
      used.enableReadyCheck,
      used.autoResendUnfulfilledCommands,
      used.maxRetriesPerRequest,
      used.lazyConnect,
      client.options.retryStrategy,
    ],
    ["ward", 7000, 4, "bed-7:frames", false, false, false, 0, true, null],
  );
  assert.equal(client.status, "wait");
  assert.deepEqual([socketsOf(client), responsiveNodesOf(client)], [[], []]);
});

Deno.test("openClient() lets the ready check verify the master behind Sentinels", () => {
  const client = openClient(options({ sentinelName: "main", sentinels: ["a:1"] }), "metrics");
  assert(client instanceof Redis);
  assert.equal(client.options.enableReadyCheck, true);
  assert.equal(client.options.connectionName, "physiology_server:metrics");
});

Deno.test("openClient() opens a cluster that retries nothing by itself and starts at the seeds", () => {
  const seeds = [{ host: "a", port: 1 }];
  const client = openClient(options({ cluster: true, connectionTimeoutMs: 321 }), "frames", seeds);
  assert(client instanceof Cluster);
  const used = client.options;
  assert.deepEqual(
    [
      used.lazyConnect,
      used.enableOfflineQueue,
      used.enableReadyCheck,
      used.clusterRetryStrategy,
      used.slotsRefreshTimeout,
      used.slotsRefreshInterval,
      used.maxRedirections,
      used.retryDelayOnFailover,
      used.retryDelayOnClusterDown,
      used.redisOptions?.maxRetriesPerRequest,
      used.redisOptions?.lazyConnect,
      used.redisOptions?.enableReadyCheck,
      used.redisOptions?.autoResendUnfulfilledCommands,
    ],
    [true, false, false, null, 321, 10_000, 4, 0, 0, 0, true, false, false],
  );
  client.disconnect();
});

/** A node as a cluster has it, with as many commands that wait for an answer or a connection. */
function node(host: string, pending: number, queued: number, port: number | undefined = 7) {
  return {
    options: { host, port },
    commandQueue: { length: pending },
    offlineQueue: { length: queued },
    stream: `socket of ${host}`,
  };
}

function clusterOf(nodes: readonly object[]): Cluster {
  return Object.create(Cluster.prototype, { nodes: { value: () => nodes } });
}

Deno.test("responsiveNodesOf() are the nodes of a cluster that have answered everything", () => {
  const nodes = [node("a", 0, 0), node("b", 1, 0), node("c", 0, 1), node("d", 1, 1)];
  const unnamed = [node("", 0, 0), { ...node("e", 0, 0), options: { host: "e" } }];
  assert.deepEqual(responsiveNodesOf(clusterOf([...nodes, ...unnamed])), [{ host: "a", port: 7 }]);
});

Deno.test("socketsOf() are those of all nodes that have one", () => {
  const nodes = [node("a", 0, 0), { ...node("b", 0, 0), stream: undefined }];
  assert.deepEqual(socketsOf(clusterOf(nodes)), ["socket of a"]);
});

/** A client as far as guardReplies() uses it, whose sockets the test controls. */
function clientWith(socket: EventEmitter) {
  const connector = {
    stream: undefined as EventEmitter | undefined,
    connect: () => Promise.resolve(connector.stream = socket),
    /** The socket at each call of `disconnect()`. */
    dropped: [] as (EventEmitter | undefined)[],
    disconnect: () => void connector.dropped.push(connector.stream),
  };
  return Object.assign(new EventEmitter(), {
    connector,
    stream: socket,
    duplicate: () => clientWith(new EventEmitter()),
  });
}

Deno.test("destroyClient() discards what the system has not sent yet", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const socket = connect(listener.addr.port, "127.0.0.1");
  using server = await listener.accept();
  socket.on("error", () => {});
  // The server reads little: its buffer and that of the client's system fill up.
  socket.write(new Uint8Array(10_000_000));
  const buffer = new Uint8Array(65_536);
  assert.ok(await server.read(buffer));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  destroyClient({ stream: socket, disconnect() {} } as unknown as Redis);
  await assert.rejects(async () => {
    while (await server.read(buffer) !== null);
  }, Deno.errors.ConnectionReset);
  await closed;
});

Deno.test("guardReplies() survives several errors of one socket, also of a copy of the client", async () => {
  const client = clientWith(new EventEmitter());
  guardReplies(client as unknown as Redis, () => DEFAULT_REDIS_OPTIONS, () => {});
  for (const { connector } of [client, client.duplicate()]) {
    const socket = await connector.connect();
    for (const code of ["ECONNRESET", "EPIPE"]) socket.emit("error", new Error(code));
  }
});

Deno.test("guardReplies() lets a client that disconnects forget a closed socket, and no other", async () => {
  const socket = Object.assign(new EventEmitter(), { closed: false });
  const client = clientWith(socket);
  guardReplies(client as unknown as Redis, () => DEFAULT_REDIS_OPTIONS, () => {});
  const { connector } = client;
  await connector.connect();
  connector.disconnect();
  socket.closed = true;
  connector.disconnect();
  assert.deepEqual(connector.dropped, [socket, undefined]);
});

Deno.test("guardReplies() blanks a reply over the limits, and reports it", () => {
  const socket = new EventEmitter();
  const client = clientWith(socket);
  const violations: string[] = [];
  const limits = { maxBulkStringBytes: 10, maxArrayElements: 2 };
  guardReplies(client as unknown as Redis, () => limits, (text) => void violations.push(text));
  client.emit("connect");
  const seen: string[] = [];
  socket.on("data", (bytes: Uint8Array) => void seen.push(new TextDecoder().decode(bytes)));
  socket.emit("data", new TextEncoder().encode("+OK\r\n"));
  socket.emit("data", new TextEncoder().encode("*3\r\n"));
  assert.deepEqual(seen, ["+OK\r\n", "\0\0\0\0"]);
  assert.equal(violations.length, 1);
});
