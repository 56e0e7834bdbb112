/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || address === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(address);
}
