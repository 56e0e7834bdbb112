import type { Socket } from "node:net";
import { Cluster, Redis } from "ioredis";
import type { RedisOptions } from "./options.ts";

/** What a connection is for. */
export type LinkRole = "metrics" | "frames" | "commands";
export type Client = Redis | Cluster;

/**
 * A client that connects once and queues nothing; whoever opened it opens another when it ends.
 *
 * @throws {Error} where a file for TLS cannot be read.
 */
export function openClient(options: RedisOptions, role: LinkRole): Client {
  const common = {
    ...(options.password ? { password: options.password } : {}),
    ...(options.username ? { username: options.username } : {}),
    ...(options.tls ? { tls: readTls(options) } : {}),
    connectionName: `${options.clientName ?? "physiology_server"}:${role}`,
    clientInfoTag: "physiology_server",
    connectTimeout: options.connectionTimeoutMs,
    lazyConnect: true,
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    keepAlive: 10_000,
  } as const;
  if (options.cluster) {
    return new Cluster([{ host: options.host, port: options.port }], {
      redisOptions: common,
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: null,
      slotsRefreshTimeout: options.connectionTimeoutMs,
      slotsRefreshInterval: 10_000,
      maxRedirections: 4,
    });
  }
  const single = {
    ...common,
    db: options.database,
    enableOfflineQueue: false,
    retryStrategy: null,
  };
  if (!options.sentinelName) {
    return new Redis({ ...single, host: options.host, port: options.port });
  }
  return new Redis({
    ...single,
    // The ready check sees to it that what a Sentinel named is a master indeed.
    enableReadyCheck: true,
    name: options.sentinelName,
    sentinels: (options.sentinels ?? []).map(addressOf),
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: options.operationTimeoutMs,
    failoverDetector: true,
    ...(options.tls ? { enableTLSForSentinelMode: true, sentinelTLS: readTls(options) } : {}),
  });
}

/**
 * Has every socket of a client outlive its errors: the library listens for the first alone, and a
 * second one, such as EPIPE after a TLS alert, would end the process.
 */
export function hearAllErrors(client: Redis): void {
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

/** How people call the place: of several, all. */
export function whereOf(
  { host, port, sentinelName, sentinels = [], cluster }: RedisOptions,
): string {
  if (sentinelName) return `master ${sentinelName} of ${sentinels.join(", ")}`;
  return cluster ? `cluster ${host}:${port}` : `${host}:${port}`;
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
export function readTls({ host, tlsCaPath, tlsCertPath, tlsKeyPath, tlsServerName }: RedisOptions) {
  return {
    minVersion: "TLSv1.2" as const,
    servername: tlsServerName ?? host,
    ...(tlsCaPath ? { ca: readPem(tlsCaPath) } : {}),
    ...(tlsCertPath ? { cert: readPem(tlsCertPath) } : {}),
    ...(tlsKeyPath ? { key: readPem(tlsKeyPath) } : {}),
  };
}

function readPem(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot read the TLS file ${path}: ${why}`, { cause });
  }
}

/** A `HOST:PORT`, where the host may be an IPv6 address in brackets. */
export function addressOf(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(":");
  return {
    host: text.slice(0, colon).replaceAll(/[[\]]/g, ""),
    port: Number(text.slice(colon + 1)),
  };
}
