/** Where Redis is and how to speak with it; the keys follow the documented configuration. */
export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  /** Empty for none. */
  readonly password: string;
  readonly username?: string | undefined;
  readonly database: number;
  /** The first part of every channel and key. */
  readonly keyPrefix: string;
  /** How long a connection may take to come about, milliseconds. */
  readonly connectionTimeoutMs: number;
  /** How long an acknowledgement may take before the peer counts as silent, milliseconds. */
  readonly operationTimeoutMs: number;
  /** PUBLISH, or keys and streams. */
  readonly usePubsub: boolean;
  /** The largest message sent and the largest reply accepted. */
  readonly maxBulkStringBytes: number;
  /** The longest list accepted in a reply. */
  readonly maxArrayElements: number;
  /** Log every message that is sent. */
  readonly enableDebugLogging?: boolean;
  /** What CLIENT LIST calls the connections, before `:metrics`, `:frames`, `:commands`. */
  readonly clientName?: string;

  /** Speak TLS. */
  readonly tls?: boolean;
  /** Files in PEM: whom to trust, and who we are. They are read again at each connection. */
  readonly tlsCaPath?: string | undefined;
  readonly tlsCertPath?: string | undefined;
  readonly tlsKeyPath?: string | undefined;
  /** The name that the server's certificate must bear, where it is not the host. */
  readonly tlsServerName?: string | undefined;

  /** The master's name, to be found by asking `sentinels`. */
  readonly sentinelName?: string | undefined;
  /** Each host:port. */
  readonly sentinels?: readonly string[];
  /** The Sentinels' own password, empty for none, and ACL user. */
  readonly sentinelPassword?: string;
  readonly sentinelUsername?: string | undefined;
  /** The host is one node of a Redis Cluster. */
  readonly cluster?: boolean;
  /** Further nodes of the cluster, each host:port. */
  readonly clusterNodes?: readonly string[];
  /** SPUBLISH in place of PUBLISH. */
  readonly shardedPublish?: boolean;

  /** Key-value mode: the life of a latest value, seconds. */
  readonly keyTtlSeconds?: number;
  /** Key-value mode: the age up to which history is kept, seconds. */
  readonly historySeconds?: number;
  /** Key-value mode: the most entries of one history. */
  readonly historyMaxEntries?: number;
  /** Key-value mode: keep a history of frames too. */
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
  maxBulkStringBytes: 10_485_760,
  maxArrayElements: 1000,
};
