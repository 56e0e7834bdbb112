import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Cluster, Redis } from "ioredis";
import { reasonOf } from "../../base/errors.ts";
import type { RedisOptions } from "./options.ts";
import { ReplyGuard, type ReplyLimits } from "./reply_guard.ts";

/** What a connection is for. */
export type LinkRole = "metrics" | "frames" | "commands";
export type Client = Redis | Cluster;

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * A client that connects once and queues nothing; whoever opened it opens another when it ends.
 *
 * @param seeds the nodes of a cluster to ask for the others.
 * @throws {Error} where a file for TLS cannot be read.
 */
export function openClient(
  options: RedisOptions,
  role: LinkRole,
  seeds: readonly Address[] = seedsOf(options),
): Client {
  const common = {
    ...identity(options),
    connectionName: `${options.clientName ?? "physiology_server"}:${role}`,
    clientInfoTag: "physiology_server",
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    lazyConnect: true,
  } as const;
  if (options.cluster) {
    return new Cluster([...seeds], {
      // Its nodes do queue: each is connected to by the first command that needs it.
      redisOptions: common,
      lazyConnect: true,
      enableOfflineQueue: false,
      // It would ask any node, so also one that froze; the link makes sure by a PING.
      enableReadyCheck: false,
      clusterRetryStrategy: null,
      slotsRefreshTimeout: options.connectionTimeoutMs,
      slotsRefreshInterval: 10_000,
      maxRedirections: 4,
      // What waited in there would be overtaken: a failure is for the outbox, which keeps the order.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
    });
  }
  return new Redis({
    ...common,
    enableOfflineQueue: false,
    retryStrategy: null,
    ...connectionTarget(options),
  });
}

/** How to show who we are, and how long to try. */
export function identity(options: RedisOptions) {
  const { password, username, tls, connectionTimeoutMs } = options;
  return {
    ...(password ? { password } : {}),
    ...(username ? { username } : {}),
    ...(tls ? { tls: readTls(options) } : {}),
    connectTimeout: connectionTimeoutMs,
    keepAlive: 10_000,
  };
}

/** Where the one server is, or whom to ask for it. */
export function connectionTarget(options: RedisOptions) {
  const { host, port, database: db, sentinelName, sentinels = [], tls } = options;
  if (!sentinelName) return { host, port, db };
  return {
    db,
    // The ready check sees to it that what a Sentinel named is a master indeed.
    enableReadyCheck: true,
    name: sentinelName,
    sentinels: sentinels.map(addressOf),
    ...(options.sentinelPassword ? { sentinelPassword: options.sentinelPassword } : {}),
    ...(options.sentinelUsername ? { sentinelUsername: options.sentinelUsername } : {}),
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: options.operationTimeoutMs,
    failoverDetector: true,
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: readTls(options) } : {}),
  };
}

/**
 * Has every socket of a client outlive its errors: the library listens for the first alone, and a
 * second one, such as EPIPE after a TLS alert, would end the process.
 */
function hearAllErrors(client: Redis): void {
  const { connector } = client as unknown as {
    connector: { connect(emitter: unknown): Promise<Socket> };
  };
  const connect = connector.connect.bind(connector);
  connector.connect = async (emitter) => {
    const socket = await connect(emitter);
    socket.on("error", () => {}); // the first one is told by the client
    return socket;
  };
}

/**
 * Sees every reply before the client's own parser, which finds nothing of one that is turned down;
 * `onWrong`, which has to end the connection, learns what was wrong with it.
 */
export function guardReplies(
  client: Redis,
  limits: () => ReplyLimits,
  onWrong: (wrong: string) => void,
): void {
  hearAllErrors(client);
  client.on("connect", () => {
    const guard = new ReplyGuard(limits());
    for (const socket of socketsOf(client)) {
      socket.prependListener("data", (bytes: Buffer) => {
        const wrong = guard.inspect(bytes);
        if (wrong === undefined) return;
        bytes.fill(0);
        onWrong(wrong);
      });
    }
  });
}

/** How people call the place: of several, all. */
export function endpointOf(
  { host, port, sentinelName, sentinels = [], cluster }: RedisOptions,
): string {
  if (sentinelName) return `master ${sentinelName} of ${sentinels.join(", ")}`;
  return cluster ? `cluster ${host}:${port}` : `${host}:${port}`;
}

/** The nodes of a cluster that may be asked for the others. */
export function seedsOf({ host, port, clusterNodes = [] }: RedisOptions): Address[] {
  return [{ host, port }, ...clusterNodes.map(addressOf)];
}

/** The nodes of a cluster that a client knows and that owe it no answer. */
export function answeringNodesOf(client: Client): Address[] {
  if (!(client instanceof Cluster)) return [];
  return client.nodes("all").filter((node) => !owesAnswer(node))
    .flatMap(({ options: { host, port } }) => host && port ? [{ host, port }] : []);
}

function owesAnswer(node: Redis): boolean {
  const { commandQueue, offlineQueue } = node as unknown as {
    commandQueue: { readonly length: number };
    offlineQueue: { readonly length: number };
  };
  return commandQueue.length + offlineQueue.length > 0;
}

/** The sockets of a client, to end them without a goodbye. */
export function socketsOf(client: Client): Socket[] {
  const nodes = client instanceof Cluster ? client.nodes("all") : [client];
  return nodes.flatMap((node) => {
    const { stream } = node as unknown as { stream?: Socket };
    return stream ? [stream] : [];
  });
}

/** TLS as the options want it. */
function readTls(options: RedisOptions) {
  const { host, tlsCaPath, tlsCertPath, tlsKeyPath, tlsServerName, sentinelName, cluster } =
    options;
  // Of several servers each has its own name, which is where it was connected to.
  const servername = tlsServerName ?? (sentinelName || cluster ? undefined : host);
  return {
    minVersion: "TLSv1.2" as const,
    ...(servername === undefined ? {} : { servername }),
    ...(tlsCaPath ? { ca: readPem(tlsCaPath) } : {}),
    ...(tlsCertPath ? { cert: readPem(tlsCertPath) } : {}),
    ...(tlsKeyPath ? { key: readPem(tlsKeyPath) } : {}),
  };
}

function readPem(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const why = reasonOf(cause);
    throw new Error(`Cannot read the TLS file ${path}: ${why}`, { cause });
  }
}

/** A `HOST:PORT`, where the host may be an IPv6 address in brackets. */
function addressOf(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(":");
  return {
    host: text.slice(0, colon).replaceAll(/[[\]]/g, ""),
    port: Number(text.slice(colon + 1)),
  };
}
