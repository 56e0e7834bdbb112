/** Kinds of failures that have different fixes. */
export type RedisFault =
  | "unreachable"
  | "unknown_host"
  | "timeout"
  | "not_allowed"
  | "closed"
  | "silent"
  | "not_redis"
  | "tls"
  | "tls_side"
  | "no_password"
  | "wrong_password"
  | "no_permission"
  | "read_only"
  | "loading"
  | "out_of_memory"
  | "too_many_clients"
  | "protected_mode"
  | "cannot_persist"
  | "no_master"
  | "sentinel_login"
  | "cluster_down"
  | "other";

export interface RedisProblem {
  readonly fault: RedisFault;
  /** What happened and how to fix it. */
  readonly message: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly fault: RedisFault;
  /** The message; `@` stands for the address, `%` for the original error. */
  readonly text: string;
}

// The first match counts: error replies of Redis, then errors of TLS and sockets.
const RULES: readonly Rule[] = [
  {
    pattern: /sentinels are unreachable.*(NOAUTH|WRONGPASS|NOPERM)/,
    fault: "sentinel_login",
    text: "Cannot log in to the Sentinels of Redis at @ (NOAUTH, WRONGPASS or NOPERM): correct " +
      "--redis_sentinel_username and --redis_sentinel_password_file, then send SIGHUP",
  },
  {
    pattern: /NOAUTH/,
    fault: "no_password",
    text: "Cannot use Redis at @: it requires a password (NOAUTH): set " +
      "PHYSIOLOGY_REDIS_PASSWORD or --redis_password_file",
  },
  {
    pattern: /WRONGPASS|invalid password|invalid username-password/i,
    fault: "wrong_password",
    text: "Cannot log in to Redis at @: wrong user name or password (WRONGPASS): correct " +
      "--redis_username or the password, then send SIGHUP",
  },
  {
    pattern: /NOPERM/,
    fault: "no_permission",
    text: "Cannot use Redis at @: the ACL user lacks a permission (NOPERM): grant the rules in " +
      "config/redis.acl: %",
  },
  {
    pattern: /READONLY/,
    fault: "read_only",
    text: "Cannot write to Redis at @: it is a read-only replica (READONLY): set --redis_host to " +
      "the master, or use Sentinel",
  },
  {
    pattern: /LOADING/,
    fault: "loading",
    text: "Cannot use Redis at @ yet: it is loading its data from disk (LOADING): wait",
  },
  {
    pattern: /\bOOM\b/,
    fault: "out_of_memory",
    text: "Cannot store in Redis at @: it is out of memory (OOM): raise maxmemory, or keep a " +
      "shorter history",
  },
  {
    pattern: /max number of clients/i,
    fault: "too_many_clients",
    text: "Cannot connect to Redis at @: it has too many clients (max number of clients " +
      "reached): raise maxclients, or close some clients",
  },
  {
    pattern: /DENIED|protected mode/,
    fault: "protected_mode",
    text:
      "Cannot use Redis at @: it is in protected mode (DENIED): set a password on the server, " +
      "or bind it to an address",
  },
  {
    pattern: /MISCONF/,
    fault: "cannot_persist",
    text: "Cannot write to Redis at @: it cannot save to its disk (MISCONF): see its log",
  },
  {
    pattern: /MASTERDOWN|sentinels? (are|is) unreachable|All sentinels|NOREPLICAS/i,
    fault: "no_master",
    text: "Cannot find the master of Redis at @: check that Sentinel and a master are running",
  },
  {
    pattern: /CLUSTERDOWN|Failed to refresh slots cache|ClusterAllFailedError/,
    fault: "cluster_down",
    text: "Cannot use the Redis Cluster at @: not all slots are covered (CLUSTERDOWN): check " +
      "CLUSTER INFO",
  },
  {
    pattern: /answers without TLS|InvalidContentType|corrupt message|WRONG_VERSION_NUMBER/i,
    fault: "tls_side",
    text: "Cannot set up TLS with Redis at @: the server does not use TLS on this port: set " +
      "--redis_port to its tls-port, or remove --redis_tls",
  },
  {
    pattern: /answers with TLS only/,
    fault: "tls_side",
    text: "Cannot use Redis at @: the server accepts only TLS on this port: add --redis_tls, or " +
      "set --redis_port to its port without TLS",
  },
  {
    pattern: /EPERM|Operation not permitted/i,
    fault: "not_allowed",
    text: "Cannot connect to Redis at @: the unit of the service does not allow this address " +
      "(EPERM): run install again with it, or add it to IPAddressAllow= of the unit",
  },
  {
    pattern: /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET_ISSUER)|UnknownIssuer|unable to get .*issuer/,
    fault: "tls",
    text: "Cannot set up TLS with Redis at @: the authority of its certificate is unknown: set " +
      "--redis_tls_ca_path to the PEM file of the CA that signed it: %",
  },
  {
    pattern: /ALTNAME_INVALID|NotValidForName|does not match certificate/i,
    fault: "tls",
    text: "Cannot set up TLS with Redis at @: its certificate is for another name: set " +
      "--redis_host or --redis_tls_server_name to a name in it: %",
  },
  {
    pattern: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|certificate (has )?expired|not valid yet/i,
    fault: "tls",
    text: "Cannot set up TLS with Redis at @: its certificate has expired or is not valid yet: " +
      "renew it, or set the clock of this device: %",
  },
  {
    pattern: /CERTIFICATE_REQUIRED|CertificateRequired/i,
    fault: "tls",
    text: "Cannot set up TLS with Redis at @: the server requires a client certificate " +
      "(CERTIFICATE_REQUIRED): set --redis_tls_cert_path and --redis_tls_key_path",
  },
  {
    pattern: /certificate|handshake|\bTLS\b|\bSSL\b|CERT_/i,
    fault: "tls",
    text: "Cannot set up TLS with Redis at @: %",
  },
  {
    pattern: /ECONNREFUSED|connection refused/i,
    fault: "unreachable",
    text: "Cannot reach Redis at @: connection refused: start redis-server, or set --redis_host " +
      "and --redis_port",
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN|failed to lookup|getaddrinfo/i,
    fault: "unknown_host",
    text: "Cannot resolve the host name of Redis at @: correct --redis_host, or check DNS",
  },
  {
    pattern: /EHOSTUNREACH|ENETUNREACH|ENETDOWN|unreachable/i,
    fault: "unreachable",
    text: "Cannot reach Redis at @: no route to the host: check the network",
  },
  {
    pattern: /ETIMEDOUT|timed out|timeout/i,
    fault: "timeout",
    text: "Cannot reach Redis at @: it did not respond in time (Operation timed out): check the " +
      "network and the firewall between this device and Redis, or raise " +
      "--redis_connection_timeout_ms and --redis_operation_timeout_ms",
  },
  {
    pattern: /command queue sent/,
    fault: "not_redis",
    text: "Dropped a recording command from Redis at @: it is too large: %",
  },
  {
    pattern: /larger than|longer than/,
    fault: "not_redis",
    text: "Cannot accept the reply from @: raise --redis_max_bulk_string_bytes or " +
      "--redis_max_array_elements if it is no mistake: %",
  },
  {
    pattern: /Unknown RESP type|not valid RESP|Protocol error|Command queue state error/,
    fault: "not_redis",
    text: "Cannot accept the reply from @: check that it is a Redis server: %",
  },
  {
    pattern: /ECONNRESET|EPIPE|closed|aborted|max retries|reset by peer|broken pipe/i,
    fault: "closed",
    text: "Lost the connection to Redis at @: reconnecting",
  },
];

/** Classifies an error of a Redis link and explains how to fix it; `endpoint` is its address. */
export function explainRedisError(error: unknown, endpoint: string): RedisProblem {
  const text = describe(error);
  const rule = RULES.find(({ pattern }) => pattern.test(text));
  if (!rule) return { fault: "other", message: `Cannot use Redis at ${endpoint}: ${text}` };
  return {
    fault: rule.fault,
    message: rule.text.replaceAll("@", endpoint).replace("%", () => text),
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? `${error.code} ` : "";
  const nested = error instanceof AggregateError
    ? error.errors.map(describe).join("; ")
    : "lastNodeError" in error
    ? describe(error.lastNodeError)
    : "";
  // The client library asks for a report of what the peer sent.
  const message = error.message.replace(/\.? Please report this\.?/, "");
  return [code + message, nested].filter(Boolean).join(": ").slice(0, 500);
}
