import { bool, int, optionalPath, secret, text, topic, type ValuesOf } from "../config/flag.ts";
import type { Rule } from "../config/flag_table.ts";
import { definedPaths, hostAndPort, type PermissionsOf } from "../config/permissions.ts";
import { NO_SECRET, type Secret } from "../config/secret.ts";
import { isLoopback } from "../base/loopback.ts";
import { readKeyPair } from "../base/pem.ts";
import { MIN_TOKEN_CHARACTERS } from "../transports/http/authenticator.ts";

/** The page of one device; part of `settings.server`. */
export const httpFlags = topic("Control", ["serve"], {
  httpPort: int(
    "http_port",
    "Port of the HTTP server with /healthz, /metrics and the web page; 0: no HTTP server.",
    {
      default: 0,
      range: [0, 65535],
    },
  ),
  httpAddress: text(
    "http_address",
    "Address that the HTTP server listens on; beyond loopback, a token and TLS are required.",
    {
      default: "127.0.0.1",
      placeholder: "ADDRESS",
    },
  ),
  httpToken: secret(
    "http_token",
    "Token that HTTP clients must send, of 16 characters or more; prefer --http_token_file.",
    {
      default: NO_SECRET,
      secretFrom: { fileFlag: "http_token_file", credential: "http_token" },
    },
  ),
  httpTokenFile: optionalPath("http_token_file", "File that contains the token for HTTP."),
});

/** TLS of the HTTP server, whichever command serves it. */
export const httpTlsFlags = topic("HTTP", ["serve", "dashboard"], {
  certPath: optionalPath(
    "http_tls_cert_path",
    "PEM file with the certificate of the HTTP server; it is read again at SIGHUP.",
  ),
  keyPath: optionalPath(
    "http_tls_key_path",
    "PEM file with the private key of the HTTP server.",
  ),
  allowPlaintext: bool(
    "http_allow_plaintext",
    "Serve HTTP without TLS beyond loopback: others on the network can read the token, faces and " +
      "vital signs.",
  ),
});

/** Alarms of the page, whichever command serves it. */
export const alarmFlags = topic("HTTP", ["serve", "dashboard"], {
  rulesPath: optionalPath(
    "alarm_rules",
    "JSON file with the rules of alarms; without one, a device that is silent for 5 s raises one. " +
      "It is read again at SIGHUP.",
  ),
});

/** The web page for any number of devices. */
export const dashboardFlags = topic("Dashboard", ["dashboard"], {
  address: text("listen", "Address to listen on; beyond loopback, a token and TLS are required.", {
    default: "127.0.0.1",
    placeholder: "ADDRESS",
  }),
  port: int("port", "Port to listen on; 0: any free port.", { default: 8080, range: [0, 65535] }),
  token: secret(
    "token",
    "Token that browsers must send, of 16 characters or more; without one beyond loopback, a token " +
      "for this run is printed; prefer --token_file.",
    {
      default: NO_SECRET,
      secretFrom: { fileFlag: "token_file", credential: "dashboard_token" },
    },
  ),
  tokenFile: optionalPath("token_file", "File that contains the token."),
  recordings: optionalPath(
    "recordings",
    "Folder to which record writes: the page lists its sessions for download.",
  ),
});

export type HttpSettings = ValuesOf<typeof httpFlags>;
export type HttpTlsSettings = ValuesOf<typeof httpTlsFlags>;
export type AlarmSettings = ValuesOf<typeof alarmFlags>;
export type DashboardSettings = ValuesOf<typeof dashboardFlags>;

interface WithHttp {
  readonly server: HttpSettings;
  readonly http: HttpTlsSettings;
}

interface WithDashboard {
  readonly dashboard: DashboardSettings;
  readonly http: HttpTlsSettings;
}

interface WithAlarms {
  readonly alarms: AlarmSettings;
}

export const webRules: readonly Rule<WithHttp & WithDashboard>[] = [
  ({ http }) =>
    Boolean(http.certPath) !== Boolean(http.keyPath)
      ? "Cannot use one of http_tls_cert_path and http_tls_key_path alone: give both"
      : undefined,
  ({ server, http }, command) =>
    server.httpPort === 0 ? undefined : exposure({
      what: "listen for HTTP",
      address: server.httpAddress,
      token: server.httpToken,
      tokenFlag: "http_token_file",
      required: command !== "up",
      http,
    }),
  ({ dashboard, http }) =>
    exposure({
      what: "serve the dashboard",
      address: dashboard.address,
      token: dashboard.token,
      tokenFlag: "token_file",
      required: false,
      http,
    }),
];

/** What is missing for a server that is reachable from the network; undefined if nothing is. */
function exposure({ what, address, token, tokenFlag, required, http }: {
  readonly what: string;
  readonly address: string;
  readonly token: Secret;
  readonly tokenFlag: string;
  /** False if the command generates a token. */
  readonly required: boolean;
  readonly http: HttpTlsSettings;
}): string | undefined {
  if (!token.isEmpty && token.reveal().length < MIN_TOKEN_CHARACTERS) {
    return `Cannot ${what} with a token of less than ${MIN_TOKEN_CHARACTERS} characters: write ` +
      `the output of "openssl rand -hex 16" to the file of --${tokenFlag}`;
  }
  if (isLoopback(address)) return undefined;
  if (token.isEmpty && required) {
    return `Cannot ${what} on ${address} without a token: add --${tokenFlag}`;
  }
  if (http.certPath || http.allowPlaintext) return undefined;
  return `Cannot ${what} on ${address} without TLS: add --http_tls_cert_path and ` +
    "--http_tls_key_path, or --http_allow_plaintext";
}

/**
 * Reads the certificate and the key of the HTTP server; returns undefined without TLS.
 *
 * @throws {ConfigError} if they cannot be used
 */
export function readHttpTls({ certPath, keyPath }: HttpTlsSettings) {
  // The rules require both or none.
  if (!certPath || !keyPath) return undefined;
  return readKeyPair({ certPath, keyPath }, { cert: "certificate for HTTP", key: "key for HTTP" });
}

export const httpPermissions: PermissionsOf<WithHttp & WithAlarms> = (
  { server, http, alarms },
) => ({
  ...server.httpPort > 0
    ? { read: definedPaths(http.certPath, http.keyPath, alarms.rulesPath) }
    : {},
  net: server.httpPort > 0 ? [hostAndPort(server.httpAddress, server.httpPort)] : [],
});

export const dashboardPermissions: PermissionsOf<WithDashboard & WithAlarms> = (
  { dashboard, http, alarms },
) => ({
  read: definedPaths(http.certPath, http.keyPath, alarms.rulesPath, dashboard.recordings),
  net: [hostAndPort(dashboard.address, dashboard.port)],
});
