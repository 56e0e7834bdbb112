import type { Partitions } from "./partition.ts";

/** Address of Redis and settings of the connections; the keys follow the configuration file. */
export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  /** Empty for none. */
  readonly password: string;
  readonly username?: string | undefined;
  readonly database: number;
  /** Name of the device, with which every channel and key begins, after its partition. */
  readonly keyPrefix: string;
  /** See `taggedPrefix()`. @default 0 */
  readonly partitions?: Partitions;
  /** Timeout for establishing a connection, in milliseconds. */
  readonly connectionTimeoutMs: number;
  /** Timeout for an acknowledgement, in milliseconds. */
  readonly operationTimeoutMs: number;
  /**
   * Largest delay between attempts to reconnect after an outage of 30 s, in milliseconds; 0: see
   * `maxReconnectMs()`. @default 0
   */
  readonly reconnectMaxMs?: number;
  /** True for PUBLISH, false for keys and streams. */
  readonly usePubsub: boolean;
  /** Maximum size of a message sent and of a string in a reply, in bytes. */
  readonly maxBulkStringBytes: number;
  /** Maximum length of a list in a reply. */
  readonly maxArrayElements: number;
  /** Whether to log every message that is sent. */
  readonly enableDebugLogging?: boolean;
  /** Name of the connections in CLIENT LIST, before `:metrics`, `:frames` or `:commands`. */
  readonly clientName?: string;

  /** Whether to use TLS. */
  readonly tls?: boolean;
  /** PEM files: trusted CAs, client certificate and key. They are read for each connection. */
  readonly tlsCaPath?: string | undefined;
  readonly tlsCertPath?: string | undefined;
  readonly tlsKeyPath?: string | undefined;
  /** Name in the server's certificate, if it is not the host. */
  readonly tlsServerName?: string | undefined;

  /** Name of the master, whose address the `sentinels` know. */
  readonly sentinelName?: string | undefined;
  /** Addresses of Sentinels, each HOST:PORT. */
  readonly sentinels?: readonly string[];
  /** Password of the Sentinels, empty for none, and their ACL user. */
  readonly sentinelPassword?: string;
  readonly sentinelUsername?: string | undefined;
  /** Whether the host is a node of a Redis Cluster. */
  readonly cluster?: boolean;
  /** Further nodes of the cluster, each HOST:PORT. */
  readonly clusterNodes?: readonly string[];
  /** Whether to use SPUBLISH instead of PUBLISH. */
  readonly shardedPublish?: boolean;

  /** Key-value mode: time to live of the latest value, in seconds. */
  readonly keyTtlSeconds?: number;
  /** Key-value mode: maximum age of the history, in seconds. */
  readonly historySeconds?: number;
  /** Key-value mode: maximum number of entries of one history. */
  readonly historyMaxEntries?: number;
  /** Key-value mode: whether to keep a history of frames as well. */
  readonly historyFrames?: boolean;
}

export const DEFAULT_REDIS_OPTIONS: RedisOptions = {
  host: "localhost",
  port: 6379,
  password: "",
  database: 0,
  keyPrefix: "physiology",
  connectionTimeoutMs: 5000,
  operationTimeoutMs: 1000,
  usePubsub: true,
  partitions: 0,
  maxBulkStringBytes: 10_485_760,
  maxArrayElements: 1000,
};
