import assert from "node:assert/strict";

/** Each room may import from those named here, and from itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  telemetry: [],
  config: [],
  ffi: ["config", "telemetry"],
  capture: ["config", "telemetry", "ffi"],
  vision: ["config", "telemetry", "ffi", "capture"],
  vitals: ["config", "telemetry", "vision"],
  envelope: ["config", "telemetry", "capture", "vision", "vitals"],
  control: ["config", "telemetry", "envelope"],
  ipc: ["config", "telemetry", "capture", "vision", "vitals", "envelope", "control"],
};
/** The one part of ipc that speaks to native code. */
const NATIVE_IPC = "src/ipc/grpc/";

const ROOT = new URL("../../", import.meta.url).pathname;

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(ROOT + folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sourceFiles(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

function roomOf(path: string): string {
  return path.startsWith("ffi/") ? "ffi" : path.split("/")[1] ?? "";
}

function importsOf(path: string): string[] {
  const text = Deno.readTextFileSync(ROOT + path);
  const found = text.matchAll(/(?:from\s+|import\s+|import\(\s*)"(\.[^"]+)"/g);
  return [...found].map(([, specifier]) =>
    new URL(specifier ?? "", `file://${ROOT}${path}`).pathname.slice(ROOT.length)
  );
}

Deno.test("a room imports only from the rooms to its left", () => {
  const wrong: string[] = [];
  for (const path of [...sourceFiles("src"), ...sourceFiles("ffi")]) {
    const allowed = MAY_IMPORT[roomOf(path)];
    if (!allowed) continue; // appliance.ts and commands may know everything
    for (const target of importsOf(path)) {
      const room = roomOf(target);
      const native = room === "ffi" && path.startsWith(NATIVE_IPC);
      if (room !== roomOf(path) && !allowed.includes(room) && !native) {
        wrong.push(`${path} -> ${target}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("vitals see numbers: they import no picture", () => {
  const wrong = [...sourceFiles("src/vitals")].flatMap((path) =>
    importsOf(path).filter((target) => target.startsWith("src/capture/")).map((t) => `${path} ${t}`)
  );
  assert.deepEqual(wrong, []);
});
