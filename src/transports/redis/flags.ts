import type { CommandName } from "../../config/command_names.ts";
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
import { isLoopback } from "../../base/loopback.ts";
import type { Policy, Rule } from "../../config/flag_table.ts";
import { definedPaths, hostAndPort, type PermissionsOf } from "../../config/permissions.ts";
import { NO_SECRET } from "../../config/secret.ts";
import type { PublishSettings } from "../../delivery/flags.ts";

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
const HOSTS_AND_PORTS = { regex: /^\S+:\d{1,5}$/, description: "a list of HOST:PORT" };

/** The commands that read what devices publish. */
const READERS: readonly CommandName[] = ["record", "log", "alert", "dashboard", "fhir"];

/** The connection to Redis; each row is also a key of the file that `--redis_config_path` names. */
export const redisFlags = topic("Redis", ["serve", ...READERS, "simulate"], {
  configPath: optionalPath("redis_config_path", "JSON file with the values below."),
  saveDefaultConfig: bool(
    "save_default_redis_ipc_config",
    "Write default_redis_ipc_config.json to the current folder and exit.",
    { action: "save-default-config", commands: ["serve"] },
  ),
  host: text("redis_host", "Host name or address of the Redis server.", {
    default: "localhost",
    placeholder: "HOST",
    file: documented("host"),
    pattern: {
      // One colon would be a port, several are an IPv6 address.
      regex: /^(?:[^\s/@:[\]]+|[\da-fA-F]*:[\da-fA-F]*:[\da-fA-F:.]*(?:%\w+)?)$/,
      description: "a host name or address alone (its port is redis_port)",
    },
  }),
  port: int("redis_port", "TCP port of the Redis server.", {
    default: 6379,
    range: [1, 65535],
    file: documented("port"),
  }),
  password: secret(
    "redis_password",
    "Password; empty: no authentication. Other users of the machine can read the command line: " +
      "prefer --redis_password_file, the environment or a systemd credential.",
    {
      default: NO_SECRET,
      file: documented("password"),
      secretFrom: { fileFlag: "redis_password_file", credential: "redis_password" },
    },
  ),
  database: int("redis_database", "Database number.", {
    default: 0,
    range: [0, 15],
    file: documented("database"),
  }),
  keyPrefix: text("redis_key_prefix", "Prefix of every channel and key.", {
    default: "physiology",
    placeholder: "PREFIX",
    file: documented("key_prefix"),
    // Messages that wait to be sent, and the page, belong to the name of the start.
    needsRestart: true,
    pattern: {
      regex: /^[^\s*?[\]\\^{}\p{Cc}]{1,200}$/u,
      description: "1 to 200 characters, without spaces and without * ? [ ] \\ ^ { }",
    },
  }),
  partitions: int(
    "redis_partitions",
    "Begin the names of channels and keys with the partition of the device, one of this many, such " +
      "as {p17}:ward-1:core_metrics, so that one node of a cluster serves all of a device; 0: no " +
      "partition. Devices and readers need the same number.",
    {
      default: 0,
      range: [0, 1024],
      file: own("partitions"),
      commands: ["serve", ...READERS, "simulate", "acl"],
      needsRestart: true,
    },
  ),
  connectionTimeoutMs: int(
    "redis_connection_timeout_ms",
    "Timeout for connecting, in milliseconds.",
    {
      default: 5000,
      range: [10, 600_000],
      placeholder: "MS",
      file: documented("connection_timeout_ms"),
    },
  ),
  operationTimeoutMs: int(
    "redis_operation_timeout_ms",
    "Timeout for one operation, in milliseconds.",
    {
      default: 1000,
      range: [10, 600_000],
      placeholder: "MS",
      file: documented("operation_timeout_ms"),
    },
  ),
  reconnectMaxMs: int(
    "redis_reconnect_max_ms",
    "Largest delay between attempts to reconnect after an outage of 30 s, in milliseconds; 0: 500 " +
      "if Redis is on this machine, otherwise 26000, so that a fleet does not reconnect at once.",
    {
      default: 0,
      range: [0, 600_000],
      placeholder: "MS",
      file: own("reconnect_max_ms"),
      commands: ["serve", "simulate"],
    },
  ),
  usePubsub: bool(
    "redis_use_pubsub",
    "Publish on channels; --noredis_use_pubsub: store keys and streams instead.",
    { default: true, file: documented("use_pubsub"), needsRestart: true },
  ),
  enableDebugLogging: bool("redis_enable_debug_logging", "Log every message to and from Redis.", {
    file: documented("enable_debug_logging"),
  }),
  maxBulkStringBytes: int(
    "redis_max_bulk_string_bytes",
    "Maximum size of a message in bytes, sent or received.",
    {
      default: 10_485_760,
      range: [1024, 536_870_912],
      placeholder: "BYTES",
      file: documented("max_bulk_string_bytes"),
    },
  ),
  maxArrayElements: int(
    "redis_max_array_elements",
    "Maximum number of elements in a received array.",
    {
      default: 1000,
      range: [8, 1_000_000],
      file: documented("max_array_elements"),
    },
  ),

  commandQueue: bool(
    "redis_command_queue",
    "Take recording commands from the lists {prefix}:command_queue and " +
      "{prefix}:metrics:command_queue; --noredis_command_queue: leave them to another consumer.",
    { default: true, file: own("command_queue"), commands: ["serve"], needsRestart: true },
  ),
  username: optionalText("redis_username", "Name of the ACL user for Redis.", {
    placeholder: "NAME",
    file: own("username"),
  }),
  passwordFile: optionalPath("redis_password_file", "File that contains the password.", {
    file: own("password_file"),
  }),
  clientName: text("redis_client_name", "Name of the connections in CLIENT LIST.", {
    default: "physiology_server",
    placeholder: "NAME",
    file: own("client_name"),
    pattern: {
      regex: /^[!-~]{1,100}$/,
      description: "1 to 100 printable ASCII characters without spaces",
    },
  }),
  shardedPublish: bool(
    "redis_sharded_publish",
    "Publish by SPUBLISH and read by SSUBSCRIBE (sharded pub/sub), for a Redis Cluster.",
    {
      file: own("sharded_publish"),
    },
  ),
  tls: bool("redis_tls", "Connect with TLS.", { file: own("tls") }),
  tlsCaPath: optionalPath("redis_tls_ca_path", "PEM file with the CA certificates to trust.", {
    file: own("tls_ca_path"),
  }),
  tlsCertPath: optionalPath("redis_tls_cert_path", "PEM file with the client certificate.", {
    file: own("tls_cert_path"),
  }),
  tlsKeyPath: optionalPath(
    "redis_tls_key_path",
    "PEM file with the private key of the client certificate.",
    {
      file: own("tls_key_path"),
    },
  ),
  tlsServerName: optionalText(
    "redis_tls_server_name",
    "Name to verify in the server's certificate, if it differs from the host.",
    { placeholder: "NAME", file: own("tls_server_name") },
  ),
  allowPlaintext: bool(
    "redis_allow_plaintext",
    "Connect without TLS to hosts other than loopback: others on the network can read the password, " +
      "faces and vital signs.",
    { file: own("allow_plaintext") },
  ),
  sentinelName: optionalText(
    "redis_sentinel_name",
    "Name of the master that the Sentinels monitor.",
    {
      placeholder: "NAME",
      file: own("sentinel_name"),
    },
  ),
  sentinels: list("redis_sentinels", "Addresses of the Sentinels, each HOST:PORT.", {
    placeholder: "HOST:PORT,HOST:PORT",
    file: own("sentinels"),
    pattern: HOSTS_AND_PORTS,
  }),
  sentinelUsername: optionalText(
    "redis_sentinel_username",
    "Name of the ACL user for the Sentinels.",
    {
      placeholder: "NAME",
      file: own("sentinel_username"),
    },
  ),
  sentinelPassword: secret(
    "redis_sentinel_password",
    "Password for the Sentinels; empty: no authentication.",
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
    "File that contains the password for the Sentinels.",
    { file: own("sentinel_password_file") },
  ),
  cluster: bool("redis_cluster", "Connect to a Redis Cluster; the host is one of its nodes.", {
    file: own("cluster"),
    needsRestart: true,
  }),
  clusterNodes: list(
    "redis_cluster_nodes",
    "More nodes of the cluster, each HOST:PORT, in case one is down at the start.",
    {
      placeholder: "HOST:PORT,HOST:PORT",
      file: own("cluster_nodes"),
      pattern: HOSTS_AND_PORTS,
    },
  ),

  keyTtlSeconds: int(
    "redis_key_ttl_seconds",
    "Key-value mode: time to live of the latest value, in seconds.",
    {
      default: 3600,
      range: [1, 31_536_000],
      placeholder: "S",
      file: own("key_ttl_seconds"),
      commands: ["serve", "simulate"],
    },
  ),
  historySeconds: int(
    "redis_history_seconds",
    "Key-value mode: maximum age of the history, in seconds.",
    {
      default: 3600,
      range: [1, 31_536_000],
      placeholder: "S",
      file: own("history_seconds"),
      commands: ["serve", "simulate"],
    },
  ),
  historyMaxEntries: int(
    "redis_history_max_entries",
    "Key-value mode: maximum number of entries in the history.",
    {
      default: 100_000,
      range: [1, 100_000_000],
      file: own("history_max_entries"),
      commands: ["serve", "simulate"],
    },
  ),
  historyFrames: bool("redis_history_frames", "Key-value mode: keep a history of frames too.", {
    file: own("history_frames"),
    commands: ["serve", "simulate"],
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

/** The commands that connect to Redis, or check that they could. */
const CONNECTING: readonly CommandName[] = [
  "serve",
  "check-config",
  "install",
  "dashboard",
  "record",
  "alert",
  "fhir",
  "log",
];

/** Those of them that neither send nor receive frames. */
const WITHOUT_FRAMES: readonly CommandName[] = ["record", "alert", "fhir", "log"];

/** Refuses a password or frames without TLS beyond loopback. */
export const redisPolicy: Policy<WithRedis & { readonly publish: PublishSettings }> = (
  { redis, publish },
  command,
) => {
  const hosts = hostsOf(redis).filter((host) => !isLoopback(host));
  if (redis.tls || redis.allowPlaintext || hosts.length === 0) return undefined;
  if (!CONNECTING.includes(command) || publish.backend !== "redis") return undefined;
  const hasFrames = !WITHOUT_FRAMES.includes(command) && publish.framePublish !== "never";
  const hasPassword = !redis.password.isEmpty || !redis.sentinelPassword.isEmpty;
  if (!hasPassword && !hasFrames) return undefined;
  return `Cannot send ${hasPassword ? "the password" : "frames"} to Redis at ${hosts[0]} without ` +
    "TLS: add --redis_tls, or --redis_allow_plaintext";
};

/** The hosts that the settings name, of Redis or of the Sentinels. */
function hostsOf({ host, sentinels, clusterNodes }: RedisSettings): string[] {
  const withPort = sentinels.length > 0 ? sentinels : clusterNodes;
  const hosts = withPort.map((address) => address.replace(/:\d+$/, "").replaceAll(/[[\]]/g, ""));
  return sentinels.length > 0 ? hosts : [host, ...hosts];
}

export const redisPermissions: PermissionsOf<WithRedis> = ({ redis }) => ({
  read: definedPaths(redis.tlsCaPath, redis.tlsCertPath, redis.tlsKeyPath),
  // Sentinels and cluster nodes name further hosts, which are not known before.
  net: redis.cluster || redis.sentinels.length > 0 || [hostAndPort(redis.host, redis.port)],
});
