import {
  bool,
  type ConfigFile,
  int,
  list,
  optionalPath,
  optionalText,
  secret,
  text,
  topic,
  type ValuesOf,
} from "../../config/flag.ts";
import type { Rule } from "../../config/flag_table.ts";
import { given, hostAndPort, type PermissionsOf } from "../../config/permissions.ts";
import { NO_SECRET } from "../../config/secret.ts";

/** The file that `--redis_config_path` names. */
export const REDIS_CONFIG_FILE: ConfigFile = {
  name: "redis",
  pathFlag: "redis_config_path",
  saveFlag: "save_default_redis_ipc_config",
  defaultFile: "default_redis_ipc_config.json",
  schemaFile: "redis_ipc_config.schema.json",
};

const documented = (key: string) => ({ config: REDIS_CONFIG_FILE, key, documented: true });
const own = (key: string) => ({ config: REDIS_CONFIG_FILE, key, documented: false });
const HOSTS_AND_PORTS = { regex: /^\S+:\d{1,5}$/, says: "a list of HOST:PORT" };

/** The Redis server; each row is also a key of the file that `--redis_config_path` names. */
export const redisFlags = topic("Redis", ["serve", "record", "dashboard"], {
  configPath: optionalPath("redis_config_path", "A JSON file with the values below."),
  saveDefaultConfig: bool(
    "save_default_redis_ipc_config",
    "Write default_redis_ipc_config.json into the current folder and stop.",
    { action: "save-default-config", commands: ["serve"] },
  ),
  host: text("redis_host", "Host name or address.", {
    default: "localhost",
    placeholder: "HOST",
    file: documented("host"),
    pattern: {
      // One colon would be a port, several are an IPv6 address.
      regex: /^(?:[^\s/@:[\]]+|[\da-fA-F]*:[\da-fA-F]*:[\da-fA-F:.]*(?:%\w+)?)$/,
      says: "a host name or address alone (its port is redis_port)",
    },
  }),
  port: int("redis_port", "TCP port.", {
    default: 6379,
    range: [1, 65535],
    file: documented("port"),
  }),
  password: secret(
    "redis_password",
    "Password; empty: no authentication. Other users of the machine can see a command line: " +
      "prefer --redis_password_file, the environment or a systemd credential.",
    {
      default: NO_SECRET,
      file: documented("password"),
      secretFrom: { fileFlag: "redis_password_file", credential: "redis_password" },
    },
  ),
  database: int("redis_database", "Number of the database.", {
    default: 0,
    range: [0, 15],
    file: documented("database"),
  }),
  keyPrefix: text("redis_key_prefix", "Prefix of all channels and keys.", {
    default: "physiology",
    placeholder: "PREFIX",
    file: documented("key_prefix"),
    pattern: {
      regex: /^[^\s*?[\]\\^{}\p{Cc}]{1,200}$/u,
      says: "1 to 200 characters without spaces and the pattern signs * ? [ ] \\ ^ { }",
    },
  }),
  connectionTimeoutMs: int("redis_connection_timeout_ms", "Limit of connecting.", {
    default: 5000,
    range: [10, 600_000],
    placeholder: "MS",
    file: documented("connection_timeout_ms"),
  }),
  operationTimeoutMs: int("redis_operation_timeout_ms", "Limit of one operation.", {
    default: 1000,
    range: [10, 600_000],
    placeholder: "MS",
    file: documented("operation_timeout_ms"),
  }),
  usePubsub: bool(
    "redis_use_pubsub",
    "Publish on channels; --noredis_use_pubsub stores keys and streams instead.",
    { default: true, file: documented("use_pubsub") },
  ),
  enableDebugLogging: bool("redis_enable_debug_logging", "Log what goes to and comes from Redis.", {
    file: documented("enable_debug_logging"),
  }),
  maxBulkStringBytes: int("redis_max_bulk_string_bytes", "Largest message, sent or read.", {
    default: 10_485_760,
    range: [1024, 536_870_912],
    placeholder: "BYTES",
    file: documented("max_bulk_string_bytes"),
  }),
  maxArrayElements: int("redis_max_array_elements", "Most elements of an array that is read.", {
    default: 1000,
    range: [8, 1_000_000],
    file: documented("max_array_elements"),
  }),

  username: optionalText("redis_username", "Name of the ACL user.", {
    placeholder: "NAME",
    file: own("username"),
  }),
  passwordFile: optionalPath("redis_password_file", "A file that holds the password.", {
    file: own("password_file"),
  }),
  clientName: text("redis_client_name", "What CLIENT LIST calls the connections.", {
    default: "physiology_server",
    placeholder: "NAME",
    file: own("client_name"),
    pattern: { regex: /^[!-~]{1,100}$/, says: "1 to 100 printable ASCII characters, no space" },
  }),
  shardedPublish: bool("redis_sharded_publish", "Publish by SPUBLISH, for a Redis Cluster.", {
    file: own("sharded_publish"),
  }),
  tls: bool("redis_tls", "Speak TLS.", { file: own("tls") }),
  tlsCaPath: optionalPath("redis_tls_ca_path", "Certificates of the CA to trust, PEM.", {
    file: own("tls_ca_path"),
  }),
  tlsCertPath: optionalPath("redis_tls_cert_path", "Our client certificate, PEM.", {
    file: own("tls_cert_path"),
  }),
  tlsKeyPath: optionalPath("redis_tls_key_path", "The key of the client certificate, PEM.", {
    file: own("tls_key_path"),
  }),
  tlsServerName: optionalText(
    "redis_tls_server_name",
    "The name that the server's certificate must bear, where it is not the host.",
    { placeholder: "NAME", file: own("tls_server_name") },
  ),
  sentinelName: optionalText("redis_sentinel_name", "Name of the master that Sentinels watch.", {
    placeholder: "NAME",
    file: own("sentinel_name"),
  }),
  sentinels: list("redis_sentinels", "The Sentinels to ask, each HOST:PORT.", {
    placeholder: "HOST:PORT,HOST:PORT",
    file: own("sentinels"),
    pattern: HOSTS_AND_PORTS,
  }),
  sentinelUsername: optionalText("redis_sentinel_username", "Name of the Sentinels' ACL user.", {
    placeholder: "NAME",
    file: own("sentinel_username"),
  }),
  sentinelPassword: secret(
    "redis_sentinel_password",
    "Password of the Sentinels themselves; empty: no authentication.",
    {
      default: NO_SECRET,
      file: own("sentinel_password"),
      secretFrom: {
        fileFlag: "redis_sentinel_password_file",
        credential: "redis_sentinel_password",
      },
    },
  ),
  sentinelPasswordFile: optionalPath(
    "redis_sentinel_password_file",
    "A file that holds the Sentinels' password.",
    { file: own("sentinel_password_file") },
  ),
  cluster: bool("redis_cluster", "The host is a node of a Redis Cluster.", {
    file: own("cluster"),
  }),
  clusterNodes: list(
    "redis_cluster_nodes",
    "Further nodes of the cluster, each HOST:PORT: one may be down at the start.",
    {
      placeholder: "HOST:PORT,HOST:PORT",
      file: own("cluster_nodes"),
      pattern: HOSTS_AND_PORTS,
    },
  ),

  keyTtlSeconds: int("redis_key_ttl_seconds", "Key-value mode: life of a latest value.", {
    default: 3600,
    range: [1, 31_536_000],
    placeholder: "S",
    file: own("key_ttl_seconds"),
    commands: ["serve"],
  }),
  historySeconds: int("redis_history_seconds", "Key-value mode: age up to which history is kept.", {
    default: 3600,
    range: [1, 31_536_000],
    placeholder: "S",
    file: own("history_seconds"),
    commands: ["serve"],
  }),
  historyMaxEntries: int(
    "redis_history_max_entries",
    "Key-value mode: most entries of a history.",
    {
      default: 100_000,
      range: [1, 100_000_000],
      file: own("history_max_entries"),
      commands: ["serve"],
    },
  ),
  historyFrames: bool("redis_history_frames", "Key-value mode: keep a history of frames as well.", {
    file: own("history_frames"),
    commands: ["serve"],
  }),
});

export type RedisSettings = ValuesOf<typeof redisFlags>;

interface WithRedis {
  readonly redis: RedisSettings;
}

export const redisRules: readonly Rule<WithRedis>[] = [
  ({ redis }) =>
    Boolean(redis.tlsCertPath) !== Boolean(redis.tlsKeyPath)
      ? "Cannot use one of redis_tls_cert_path and redis_tls_key_path alone: give both"
      : undefined,
  ({ redis }) =>
    !redis.tls && (redis.tlsCaPath || redis.tlsCertPath || redis.tlsServerName)
      ? "Cannot use redis_tls_* without TLS: add --redis_tls"
      : undefined,
  ({ redis }) =>
    Boolean(redis.sentinelName) !== redis.sentinels.length > 0
      ? "Cannot use one of redis_sentinel_name and redis_sentinels alone: give both"
      : undefined,
  ({ redis }) =>
    redis.clusterNodes.length > 0 && !redis.cluster
      ? "Cannot use redis_cluster_nodes without a cluster: add --redis_cluster"
      : undefined,
  ({ redis }) =>
    redis.cluster && redis.sentinelName
      ? "Cannot use redis_cluster together with redis_sentinel_name: a server is one or the other"
      : undefined,
  ({ redis }) =>
    redis.cluster && redis.database !== 0
      ? `Cannot use redis_database in a Redis Cluster: it must be 0: current value is ${redis.database}`
      : undefined,
];

export const redisPermissions: PermissionsOf<WithRedis> = ({ redis }) => ({
  read: given(redis.tlsCaPath, redis.tlsCertPath, redis.tlsKeyPath),
  // Sentinels and cluster nodes name further hosts, which are not known before.
  net: redis.cluster || redis.sentinels.length > 0 || [hostAndPort(redis.host, redis.port)],
});
