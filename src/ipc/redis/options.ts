/** Where Redis is and how to speak with it; the keys follow the documented configuration. */
export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  /** Empty for none. */
  readonly password: string;
  readonly username?: string;
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
