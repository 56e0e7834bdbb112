import assert from "node:assert/strict";
import { fileFlags, filePermissions } from "../../../../src/transports/file/flags.ts";
import { load } from "../../../../src/app/flags.ts";
import { accepts, assertNumberLimits, defaultsOf } from "../../../support/flag_limits.ts";
import { DEFAULT_FILE_OPTIONS } from "../../../../src/transports/file/options.ts";

Deno.test("fileFlags accept numbers within their limits, and none beyond", () => {
  assertNumberLimits(fileFlags, {
    maxFrameCount: [0, 1_000_000_000],
    ioBufferSize: [0, 16_777_216],
    rotateSeconds: [0, 31_536_000],
    rotateKeep: [0, 1_000_000],
    rotateBytes: [0, Number.MAX_SAFE_INTEGER],
  });
});

Deno.test("fileFlags have the documented defaults, which are those of the backend", () => {
  const defaults = defaultsOf(fileFlags);
  const shared = Object.keys(DEFAULT_FILE_OPTIONS).map((key) => [key, defaults[key]]);
  assert.deepEqual(defaults, {
    saveDefaultConfig: false,
    baseDirectory: "./file_ipc_output",
    createIfMissing: true,
    truncateOnInit: true,
    maxFrameCount: 0,
    useFileLocking: true,
    frameExtension: "jpg",
    compressFrames: true,
    ioBufferSize: 8192,
    enableDebugLogging: false,
    rotateBytes: 0,
    rotateSeconds: 0,
    rotateKeep: 10,
  });
  assert.deepEqual(DEFAULT_FILE_OPTIONS, Object.fromEntries(shared));
});

Deno.test("fileFlags accept a file extension of 1 to 8 letters or digits", () => {
  for (const text of ["j", "jpeg2000"]) {
    assert.equal(accepts(fileFlags, "frameExtension", text), true);
  }
  for (const text of ["", "jpeg20001", ".jpg", "../x"]) {
    assert.equal(accepts(fileFlags, "frameExtension", text), false, text);
  }
  assert.equal(accepts(fileFlags, "baseDirectory", ""), false);
});

Deno.test("filePermissions() allow writing to the folder alone", () => {
  const { settings } = load(["--simulate", "--file_base_directory=/data"], {
    env: {},
    readText: () => "{}",
  });
  const permissions = filePermissions(settings, { assets: "/a", env: {} });
  assert.deepEqual(permissions, { write: ["/data"] });
});
