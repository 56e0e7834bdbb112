/** Whether there is a file or a folder at the path; false also if this process may not see it. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
