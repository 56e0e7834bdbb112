import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Cluster, Redis } from "ioredis";
import { readCertificate, readKeyPair } from "../../base/pem.ts";
import { serverNameOf } from "../../base/server_name.ts";
import type { RedisOptions } from "./options.ts";
import { ReplyGuard, type ReplyLimits } from "./reply_guard.ts";

/** Purpose of a connection. */
export type LinkRole = "metrics" | "frames" | "commands";
export type Client = Redis | Cluster;

/** Address on which a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Maximum size of a reply with commands: any producer can push to the lists. */
const MAX_COMMAND_REPLY_BYTES = 65_536;

/** Limits of the replies on a link. In a cluster they include the addresses of all nodes. */
export function replyLimits(role: LinkRole, options: RedisOptions): ReplyLimits {
  if (role !== "commands" || options.cluster) return options;
  return { ...options, maxReplyBytes: MAX_COMMAND_REPLY_BYTES };
}

/**
 * Creates a client that connects once and queues nothing. When it ends, the caller creates another.
 *
 * @param seeds nodes of a cluster from which the other nodes are discovered.
 * @throws {ConfigError} if a TLS file cannot be used.
 */
export function openClient(
  options: RedisOptions,
  role: LinkRole,
  seeds: readonly Address[] = seedsOf(options),
): Client {
  const common = {
    ...connectionSettings(options),
    connectionName: `${options.clientName ?? "physiology_server"}:${role}`,
    clientInfoTag: "physiology_server",
    enableReadyCheck: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    lazyConnect: true,
  } as const;
  if (options.cluster) {
    return new Cluster([...seeds], {
      // Nodes do queue: each connects at the first command that needs it.
      redisOptions: common,
      lazyConnect: true,
      enableOfflineQueue: false,
      // It may pick a frozen node. The link sends PING instead.
      enableReadyCheck: false,
      clusterRetryStrategy: null,
      slotsRefreshTimeout: options.connectionTimeoutMs,
      slotsRefreshInterval: 10_000,
      maxRedirections: 4,
      // A delayed command would be overtaken by later ones. The outbox retries in order.
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

/** Client options for authentication, TLS and the connection timeout. */
export function connectionSettings(options: RedisOptions) {
  const { password, username, tls, connectionTimeoutMs } = options;
  return {
    ...(password ? { password } : {}),
    ...(username ? { username } : {}),
    ...(tls ? { tls: tlsSettings(options) } : {}),
    connectTimeout: connectionTimeoutMs,
    keepAlive: 10_000,
  };
}

/** Client options for the address of the server, or of the Sentinels that know it. */
export function connectionTarget(options: RedisOptions) {
  const { host, port, database: db, sentinelName, sentinels = [], tls } = options;
  if (!sentinelName) return { host, port, db };
  return {
    db,
    // The ready check verifies that the server named by a Sentinel is a master.
    enableReadyCheck: true,
    name: sentinelName,
    sentinels: sentinels.map(addressOf),
    ...(options.sentinelPassword ? { sentinelPassword: options.sentinelPassword } : {}),
    ...(options.sentinelUsername ? { sentinelUsername: options.sentinelUsername } : {}),
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: options.operationTimeoutMs,
    failoverDetector: true,
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: tlsSettings(options) } : {}),
  };
}

/**
 * Mends what the library does with the sockets of a client. It listens for the first error only, and
 * a second one, such as EPIPE after a TLS alert, would end the process. And when it drops a socket
 * that is closed already, it leaves a timer of two seconds that waits for the close.
 */
export function mendSocketHandling(client: Redis): void {
  const { connector } = client as unknown as {
    connector: {
      connect(emitter: unknown): Promise<Socket>;
      disconnect(): void;
      stream?: Socket | undefined;
    };
  };
  const connect = connector.connect.bind(connector);
  const disconnect = connector.disconnect.bind(connector);
  connector.connect = async (emitter) => {
    const socket = await connect(emitter);
    socket.on("error", () => {}); // the client emits the first one
    return socket;
  };
  connector.disconnect = () => {
    if (connector.stream?.closed) connector.stream = undefined;
    disconnect();
  };
}

/**
 * Checks every reply against the limits before the client's parser sees it. A reply over a limit is
 * blanked out and reported to `onViolation`, which has to close the connection. The copies of a
 * client, by which a cluster asks for its slots, are checked and closed as well.
 */
export function guardReplies(
  client: Redis,
  limits: () => ReplyLimits,
  onViolation: (violation: string) => void,
): void {
  mendSocketHandling(client);
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (override) => {
    const copy = duplicate(override);
    guardReplies(copy, limits, () => destroyClient(copy));
    return copy;
  };
  client.on("connect", () => {
    const guard = new ReplyGuard(limits());
    for (const socket of socketsOf(client)) {
      socket.prependListener("data", (bytes: Buffer) => {
        const violation = guard.inspect(bytes);
        if (violation === undefined) return;
        bytes.fill(0);
        onViolation(violation);
      });
    }
  });
}

/** Returns the address of the server or servers, for messages. */
export function endpointOf(
  { host, port, sentinelName, sentinels = [], cluster }: RedisOptions,
): string {
  if (sentinelName) return `master ${sentinelName} of ${sentinels.join(", ")}`;
  return cluster ? `cluster ${host}:${port}` : `${host}:${port}`;
}

/** Returns the configured nodes of a cluster, from which the others are discovered. */
export function seedsOf({ host, port, clusterNodes = [] }: RedisOptions): Address[] {
  return [{ host, port }, ...clusterNodes.map(addressOf)];
}

/** Returns the nodes of a cluster that have answered all commands of this client. */
export function responsiveNodesOf(client: Client): Address[] {
  if (!(client instanceof Cluster)) return [];
  return client.nodes("all").filter((node) => !hasPendingCommands(node))
    .flatMap(({ options: { host, port } }) => host && port ? [{ host, port }] : []);
}

function hasPendingCommands(node: Redis): boolean {
  const { commandQueue, offlineQueue } = node as unknown as {
    commandQueue: { readonly length: number };
    offlineQueue: { readonly length: number };
  };
  return commandQueue.length + offlineQueue.length > 0;
}

/** Returns the sockets of a client, for closing them at once. */
export function socketsOf(client: Client): Socket[] {
  const nodes = client instanceof Cluster ? client.nodes("all") : [client];
  return nodes.flatMap((node) => {
    const { stream } = node as unknown as { stream?: Socket };
    return stream ? [stream] : [];
  });
}

/** Whether a client has received nothing at all from its peer. */
export function isSilent(client: Client): boolean {
  return socketsOf(client).every(({ bytesRead }) => bytesRead === 0);
}

/**
 * Closes a client at once: its own disconnect() waits for a peer that may be silent. What is in the
 * buffers of the system is discarded by a TCP reset. Otherwise frames would go on filling a slow
 * link, and metrics that are sent again would arrive twice.
 */
export function destroyClient(client: Client): void {
  const sockets = socketsOf(client);
  client.disconnect();
  for (const socket of sockets) {
    if (socket.connecting || "encrypted" in socket) socket.destroy();
    else socket.resetAndDestroy();
  }
}

/** TLS settings from the options. @throws {ConfigError} if a file cannot be used. */
export function tlsSettings(options: RedisOptions) {
  const { host, tlsCaPath, tlsCertPath, tlsKeyPath, tlsServerName, sentinelName, cluster } =
    options;
  // With several servers, each certificate is checked against the address of its server.
  const ofHost = sentinelName || cluster ? {} : serverNameOf(host);
  return {
    minVersion: "TLSv1.2" as const,
    ...(tlsServerName === undefined ? ofHost : { servername: tlsServerName }),
    ...(tlsCaPath ? { ca: readCertificate(tlsCaPath, "TLS file") } : {}),
    ...(tlsCertPath && tlsKeyPath
      ? readKeyPair({ certPath: tlsCertPath, keyPath: tlsKeyPath }, {
        cert: "TLS file",
        key: "TLS file",
      })
      : {}),
  };
}

/** Parses `HOST:PORT`, in which the host may be an IPv6 address in brackets. */
function addressOf(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(":");
  return {
    host: text.slice(0, colon).replaceAll(/[[\]]/g, ""),
    port: Number(text.slice(colon + 1)),
  };
}
