/**
 * The launcher of the packed program leaves a mark when it starts us. Who ends in order removes
 * it; a mark that is still there at the next start tells of a crash or a power cut, and the
 * launcher then checks every byte that it unpacked.
 */
export function removeRunningMark(): void {
  const path = Deno.env.get("PHYSIOLOGY_RUNNING");
  if (!path) return;
  try {
    Deno.removeSync(path);
  } catch {
    // Another instance removed it, or the disk is read-only: the next start is slower, no more.
  }
}
