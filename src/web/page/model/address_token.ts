/** The parts of `location` and `history` that hold the address of the page. */
export interface PageAddress {
  readonly location: { readonly hash: string; readonly pathname: string; readonly search: string };
  readonly history: { replaceState(state: null, title: string, url: string): void };
}

/**
 * Removes the token from the address `#token=...`, so that it stays neither on the screen nor in the
 * history of the browser.
 *
 * @returns the token; undefined if the address has none
 */
export function takeAddressToken({ location, history }: PageAddress): string | undefined {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token === null) return undefined;
  fragment.delete("token");
  const rest = fragment.size > 0 ? `#${fragment}` : "";
  history.replaceState(null, "", `${location.pathname}${location.search}${rest}`);
  return token || undefined;
}
