/** Why something failed, for the end of a sentence: the system's reason without Deno's decoration. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "no such file or folder";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (cause instanceof Deno.errors.IsADirectory) return "it is a folder";
  // The packed program may read what its configuration named when it started.
  if (cause instanceof Deno.errors.NotCapable) {
    return "this process was started without the right to: restart it";
  }
  return cause instanceof Error ? cause.message : String(cause);
}
