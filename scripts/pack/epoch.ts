import { ROOT, run } from "./run.ts";

/**
 * The time that files of a release get, in seconds since the Unix epoch: SOURCE_DATE_EPOCH
 * (reproducible-builds.org), otherwise the time of the last commit.
 */
export async function sourceDateEpoch(): Promise<number> {
  const text = Deno.env.get("SOURCE_DATE_EPOCH") ??
    await run("git", ["-C", ROOT, "log", "-1", "--format=%ct"]);
  const epochS = Number(text.trim());
  if (!Number.isSafeInteger(epochS) || epochS <= 0) {
    throw new Error(
      `Cannot use SOURCE_DATE_EPOCH: it must be in seconds: current value is ${text}`,
    );
  }
  return epochS;
}
