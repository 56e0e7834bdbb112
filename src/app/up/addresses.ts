import { isLoopback } from "../../base/loopback.ts";
import type { Settings } from "../flags.ts";

const ALL_INTERFACES = ["0.0.0.0", "::", "[::]"];

export interface PageAddress {
  /** The address that the server listens at. */
  readonly host: string;
  readonly port: number;
  readonly hasTls: boolean;
  /** Empty for none. */
  readonly token: string;
}

/**
 * Returns the addresses of the page for a browser. The token is in the fragment, which a browser
 * sends to no server and in no header; the login form reads it.
 */
export function pageUrls({ host, port, hasTls, token }: PageAddress): string[] {
  const hosts = ALL_INTERFACES.includes(host) ? ["127.0.0.1", ...addressesOnNetworks()] : [host];
  const scheme = hasTls ? "https" : "http";
  const fragment = token === "" ? "" : `#token=${encodeURIComponent(token)}`;
  return hosts.map((each) => `${scheme}://${inUrl(each)}:${port}/${fragment}`);
}

/** Returns the addresses of the page of a server with these settings; none if it serves no page. */
export function pageUrlsOf({ server, http }: Pick<Settings, "server" | "http">): string[] {
  const { httpAddress: host, httpPort: port, httpToken } = server;
  if (port === 0) return [];
  return pageUrls({ host, port, hasTls: http.certPath !== undefined, token: httpToken.reveal() });
}

function inUrl(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

/** The addresses of this machine in its networks; link-local ones need a zone, which URLs lack. */
function addressesOnNetworks(): string[] {
  return Deno.networkInterfaces().filter(({ family }) => family === "IPv4")
    .map(({ address }) => address).filter((address) => !isLoopback(address));
}
