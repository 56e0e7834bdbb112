import { temporaryFolder } from "./folders.ts";
import { writeProgram } from "./programs.ts";

/** What a run of the fake rpicam-vid does. */
export interface FakeRun {
  /** What it writes to stdout. @default nothing */
  readonly output?: Uint8Array;
  /** What libcamera prints to stderr before. @default nothing */
  readonly log?: string;
  /** A shell command at the end. @default "exit 0" */
  readonly then?: string;
}

/**
 * Puts a program in place of rpicam-vid into PATH, until it is disposed of. Each run that reads a
 * camera does what the next of `runs` says, and the last one again and again; one that lists the
 * cameras prints `list`.
 */
export function fakeRpicam(
  { name = "rpicam-vid", runs = [{}], list = "", then = "exit 0" }: {
    /** Name of the program. */
    readonly name?: string;
    readonly runs?: readonly FakeRun[];
    readonly list?: string;
    /** A shell command behind the list. */
    readonly then?: string;
  } = {},
) {
  const folder = temporaryFolder();
  const file = (part: string) => `${folder.path}/${part}`;
  for (const [i, { output = new Uint8Array(0), log = "", then = "exit 0" }] of runs.entries()) {
    Deno.writeFileSync(file(`output_${i}`), output);
    Deno.writeTextFileSync(file(`log_${i}`), log);
    Deno.writeTextFileSync(file(`then_${i}`), then);
  }
  Deno.writeTextFileSync(file("list"), list);
  writeProgram(
    file(name),
    `#!/bin/sh
cd ${folder.path}
case "$*" in
  *--list-cameras*) cat list; ${then};;
esac
printf '%s\\n' "$*" >> arguments
n=0
[ -e runs ] && read -r n < runs
echo $((n + 1)) > runs
[ -e then_$n ] || n=${runs.length - 1}
cat log_$n >&2
cat output_$n
. ./then_$n
`,
  );
  const path = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", `${folder.path}:/usr/bin:/bin`);
  return {
    folder: folder.path,
    /** Arguments of each run that was to read a camera. */
    get arguments(): string[] {
      try {
        return Deno.readTextFileSync(file("arguments")).trimEnd().split("\n");
      } catch {
        return [];
      }
    },
    [Symbol.dispose]() {
      Deno.env.set("PATH", path);
      folder[Symbol.dispose]();
    },
  };
}
