import { node } from "./node.ts";

/**
 * Returns the option of TLS that names the server of a host, by which it chooses its certificate
 * (SNI): none for an IP address, which is not allowed as a name (RFC 6066, section 3).
 */
export function serverNameOf(host: string): { readonly servername?: string } {
  return node.net.isIP(host) === 0 ? { servername: host } : {};
}
