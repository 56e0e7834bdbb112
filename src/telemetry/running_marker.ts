/**
 * Removes the marker file that the launcher of the packed program creates at each start. If the
 * file is still there at the next start, the process did not exit cleanly, and the launcher
 * verifies every unpacked byte.
 */
export function removeRunningMarker(): void {
  const path = Deno.env.get("PHYSIOLOGY_RUNNING");
  if (!path) return;
  try {
    Deno.removeSync(path);
  } catch {
    // Another instance removed it, or the disk is read-only: the next start is only slower.
  }
}
