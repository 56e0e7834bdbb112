/** Returns the message for an error when writing into `directory`, with what to do about it. */
export function explainFileError(error: unknown, directory: string): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const start = `Cannot write to ${directory}`;
  if (isDiskFull(error)) return `${start}: the disk is full: free some space`;
  if (error instanceof Deno.errors.NotFound) return `${start}: it does not exist: create it`;
  if (error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.AlreadyExists) {
    return `${start}: it is not a folder: choose another --file_base_directory`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `${start}: permission denied: let the server's user write there`;
  }
  if (code === "EROFS" || /read-only/i.test(text)) {
    return `${start}: it is read-only: remount it, or choose another --file_base_directory`;
  }
  if (error instanceof Deno.errors.TimedOut) return `${start}: ${text}: release the lock`;
  return `${start}: ${text}`;
}

/** Returns true if the disk is out of space or inodes, or the quota is exceeded. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return code === "ENOSPC" || code === "EDQUOT" ||
    /no space left|quota exceeded/i.test(error.message);
}
