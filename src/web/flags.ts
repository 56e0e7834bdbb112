import { int, list, optionalPath, secret, text, topic, type ValuesOf } from "../config/flag.ts";
import type { Rule } from "../config/flag_table.ts";
import { hostAndPort, type PermissionsOf } from "../config/permissions.ts";
import { NO_SECRET } from "../config/secret.ts";
import { isLoopback } from "../base/loopback.ts";

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
    "Address that the HTTP server listens on; beyond loopback, a token is required.",
    {
      default: "127.0.0.1",
      placeholder: "ADDRESS",
    },
  ),
  httpToken: secret("http_token", "Token that HTTP clients must send; prefer --http_token_file.", {
    default: NO_SECRET,
    secretFrom: { fileFlag: "http_token_file", credential: "http_token" },
  }),
  httpTokenFile: optionalPath("http_token_file", "File that contains the token for HTTP."),
});

/** The web page for any number of devices. */
export const dashboardFlags = topic("Dashboard", ["dashboard"], {
  devices: list(
    "devices",
    "Key prefixes of the devices to show; patterns such as ward-* are allowed.",
    {
      default: ["*"],
      placeholder: "PREFIX,PREFIX",
      pattern: { regex: /^[^\s\p{Cc}]{1,200}$/u, description: "a list of prefixes without spaces" },
    },
  ),
  address: text("listen", "Address to listen on; beyond loopback, a token is required.", {
    default: "127.0.0.1",
    placeholder: "ADDRESS",
  }),
  port: int("port", "Port to listen on; 0: any free port.", { default: 8080, range: [0, 65535] }),
  token: secret("token", "Token that browsers must send; prefer --token_file.", {
    default: NO_SECRET,
    secretFrom: { fileFlag: "token_file", credential: "dashboard_token" },
  }),
  tokenFile: optionalPath("token_file", "File that contains the token."),
});

export type HttpSettings = ValuesOf<typeof httpFlags>;
export type DashboardSettings = ValuesOf<typeof dashboardFlags>;

interface WithHttp {
  readonly server: HttpSettings;
}

interface WithDashboard {
  readonly dashboard: DashboardSettings;
}

export const webRules: readonly Rule<WithHttp & WithDashboard>[] = [
  ({ server }) =>
    server.httpPort !== 0 && !isLoopback(server.httpAddress) && server.httpToken.isEmpty
      ? `Cannot listen for HTTP on ${server.httpAddress} without a token: add --http_token_file`
      : undefined,
  ({ dashboard }) =>
    !isLoopback(dashboard.address) && dashboard.token.isEmpty
      ? `Cannot serve the dashboard on ${dashboard.address} without a token: add --token_file`
      : undefined,
];

export const httpPermissions: PermissionsOf<WithHttp> = ({ server }) => ({
  net: server.httpPort > 0 ? [hostAndPort(server.httpAddress, server.httpPort)] : [],
});

export const dashboardPermissions: PermissionsOf<WithDashboard> = ({ dashboard }) => ({
  net: [hostAndPort(dashboard.address, dashboard.port)],
});
