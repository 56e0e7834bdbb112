/** Returns a free TCP port, which the kernel chooses. */
export function freePort(hostname = "127.0.0.1"): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}

/** Returns `preferred` if this process can listen at it, otherwise another free port. */
export function choosePort(preferred: number, hostname = "127.0.0.1"): number {
  try {
    Deno.listen({ hostname, port: preferred }).close();
    return preferred;
  } catch (error) {
    // Ports below 1024 are privileged.
    const isTaken = error instanceof Deno.errors.AddrInUse ||
      error instanceof Deno.errors.PermissionDenied;
    if (!isTaken) throw error;
    return freePort(hostname);
  }
}
