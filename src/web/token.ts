import { isLoopback } from "../base/loopback.ts";
import type { DashboardSettings } from "./flags.ts";

/** Random bytes of a generated token. */
const TOKEN_BYTES = 16;

/**
 * Returns the token of the settings; empty for none. For an address beyond loopback without one, it
 * generates a token for this run and shows it once.
 */
export function tokenFor(
  { address, token }: Pick<DashboardSettings, "address" | "token">,
  print: (text: string) => void,
): string {
  if (!token.isEmpty || isLoopback(address)) return token.reveal();
  const generated = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)).toHex();
  print(`Token for this run: ${generated}`);
  return generated;
}
