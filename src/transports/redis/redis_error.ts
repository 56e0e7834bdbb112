/** The faults that a user can tell apart and mend. */
export type RedisFault =
  | "unreachable"
  | "unknown_host"
  | "timeout"
  | "closed"
  | "silent"
  | "not_redis"
  | "tls"
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
  /** A sentence with what to do. */
  readonly message: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly fault: RedisFault;
  /** What is wrong and what mends it; `@` stands for the address. */
  readonly text: string;
}

// The first match counts: what Redis answers, then what sockets and TLS say.
const RULES: readonly Rule[] = [
  {
    pattern: /sentinels are unreachable.*(NOAUTH|WRONGPASS|NOPERM)/,
    fault: "sentinel_login",
    text: "Cannot ask the Sentinels for Redis at @: they want a user or a password of their own: " +
      "correct --redis_sentinel_username and --redis_sentinel_password_file, then send SIGHUP",
  },
  {
    pattern: /NOAUTH/,
    fault: "no_password",
    text:
      "Cannot use Redis at @: it wants a password: set PHYSIOLOGY_REDIS_PASSWORD or --redis_password_file",
  },
  {
    pattern: /WRONGPASS|invalid password|invalid username-password/i,
    fault: "wrong_password",
    text:
      "Cannot log in to Redis at @: wrong user name or password: correct --redis_username or the password, then send SIGHUP",
  },
  {
    pattern: /NOPERM/,
    fault: "no_permission",
    text:
      "Cannot publish to Redis at @: the ACL user lacks a right: grant what config/redis.acl grants",
  },
  {
    pattern: /READONLY/,
    fault: "read_only",
    text: "Cannot write to Redis at @: it is a read-only replica: name the master, or use Sentinel",
  },
  {
    pattern: /LOADING/,
    fault: "loading",
    text: "Cannot use Redis at @ yet: it is loading its data from disk: wait",
  },
  {
    pattern: /\bOOM\b/,
    fault: "out_of_memory",
    text: "Cannot store in Redis at @: it is out of memory: raise maxmemory or store less",
  },
  {
    pattern: /max number of clients/i,
    fault: "too_many_clients",
    text: "Cannot connect to Redis at @: too many clients: raise maxclients or close some",
  },
  {
    pattern: /DENIED|protected mode/,
    fault: "protected_mode",
    text: "Cannot use Redis at @: it is in protected mode: set a password there, or bind it",
  },
  {
    pattern: /MISCONF/,
    fault: "cannot_persist",
    text: "Cannot write to Redis at @: it cannot save to its disk: see its log",
  },
  {
    pattern: /MASTERDOWN|sentinels? (are|is) unreachable|All sentinels|NOREPLICAS/i,
    fault: "no_master",
    text: "Cannot find the master of Redis at @: see that Sentinel and a master run",
  },
  {
    pattern: /CLUSTERDOWN|Failed to refresh slots cache|ClusterAllFailedError/,
    fault: "cluster_down",
    text: "Cannot use the Redis Cluster at @: it does not cover all slots: see CLUSTER INFO",
  },
  {
    pattern: /certificate|handshake|\bTLS\b|\bSSL\b|CERT_|InvalidContentType|corrupt message/i,
    fault: "tls",
    text: "Cannot set up TLS with Redis at @: %",
  },
  {
    pattern: /ECONNREFUSED|connection refused/i,
    fault: "unreachable",
    text:
      "Cannot reach Redis at @: connection refused: start redis-server, or set --redis_host and --redis_port",
  },
  {
    pattern: /ENOTFOUND|EAI_AGAIN|failed to lookup|getaddrinfo/i,
    fault: "unknown_host",
    text: "Cannot find the host of Redis at @: correct --redis_host, or see to the name service",
  },
  {
    pattern: /EHOSTUNREACH|ENETUNREACH|ENETDOWN|unreachable/i,
    fault: "unreachable",
    text: "Cannot reach Redis at @: no route: see to the network",
  },
  {
    pattern: /ETIMEDOUT|timed out|timeout/i,
    fault: "timeout",
    text: "Cannot reach Redis at @ in time: see to the network and the firewall",
  },
  {
    pattern: /Unknown RESP type|Protocol error|Command queue state error|larger than|longer than/,
    fault: "not_redis",
    text: "Cannot understand what answers at @: it does not speak as Redis does: %",
  },
  {
    pattern: /ECONNRESET|EPIPE|closed|aborted|max retries|reset by peer|broken pipe/i,
    fault: "closed",
    text: "Lost the connection to Redis at @: it is tried again",
  },
];

/** Tells the faults of a Redis link apart, with the fix in the message; `where` is its address. */
export function explainRedisError(error: unknown, where: string): RedisProblem {
  const text = describe(error);
  const rule = RULES.find(({ pattern }) => pattern.test(text));
  if (!rule) return { fault: "other", message: `Cannot use Redis at ${where}: ${text}` };
  return {
    fault: rule.fault,
    message: rule.text.replaceAll("@", where).replace("%", () => text),
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
  return [code + error.message, nested].filter(Boolean).join(": ").slice(0, 500);
}
