import { createHash } from "node:crypto";

/** Memory for key-value mode and its history. Chosen: small boards have 512 MB. */
const MAX_MEMORY = "128mb";
/** Chosen: below the 1024 open files that the sandbox allows. */
const MAX_CLIENTS = 500;

/**
 * Commands of a client. Clients here publish, subscribe, and use keys, lists and streams; scripts,
 * HyperLogLog and administration are left out, as most flaws of the server were found in them.
 */
const COMMANDS = "+@all -@admin -@dangerous -@scripting -@hyperloglog +info +keys";

/**
 * Returns the configuration file of the embedded broker: on loopback, with a password, without
 * persistence. It contains the SHA-256 of the password only.
 */
export function brokerConfig(
  { port, password }: { readonly port: number; readonly password: string },
): string {
  const hash = createHash("sha256").update(password).digest("hex");
  return [
    "bind 127.0.0.1",
    `port ${port}`,
    "protected-mode yes",
    `user default reset on #${hash} ~* &* ${COMMANDS}`,
    'save ""',
    "appendonly no",
    `maxmemory ${MAX_MEMORY}`,
    "maxmemory-policy allkeys-lru",
    `maxclients ${MAX_CLIENTS}`,
    "daemonize no",
    'logfile ""',
    "loglevel warning",
    // The test for a bug of old kernels on arm64 forks, which the sandbox refuses; it concerns
    // snapshots only.
    "ignore-warnings ARM64-COW-BUG",
    "",
  ].join("\n");
}
