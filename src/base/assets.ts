/**
 * Root of the source tree. The packed executable sets `PHYSIOLOGY_ASSETS` to the directory that it
 * unpacked, which then holds the assets instead.
 */
const SOURCE_ROOT = new URL("../../", import.meta.url).pathname;

/** Name of the processor architecture in directories and packages. */
export const ARCH: "x64" | "arm64" = Deno.build.arch === "aarch64" ? "arm64" : "x64";

/** Path of each asset in the unpacked directory, and in the source tree for an architecture. */
const ASSET_PATHS = {
  nativeLibrary: ["lib/libphysiology.so", "ffi/native/build/{arch}/libphysiology.so"],
  onnxRuntime: ["lib/libonnxruntime.so.1", ".tools/{arch}/libonnxruntime.so.1"],
  faceDetector: ["models/blazeface_front_128.onnx", ".tools/models/blazeface_front_128.onnx"],
  ffmpeg: ["bin/ffmpeg", ".tools/{arch}/packed/ffmpeg"],
  valkey: ["bin/valkey-server", ".tools/{arch}/packed/valkey-server"],
  sandbox: ["bin/sandbox", "sandbox/build/{arch}/sandbox"],
  portrait: ["portrait.jpg", ".tools/portrait.jpg"],
  models: ["models", "models"],
  config: ["config", "config"],
  licenses: ["licenses.txt", "LICENSE"],
} as const satisfies Record<string, readonly [packed: string, source: string]>;

export type Asset = keyof typeof ASSET_PATHS;

/** The files in a packed program: path in the unpacked directory and path in the source tree. */
export function packedFiles(arch: typeof ARCH): readonly (readonly [string, string])[] {
  return Object.values(ASSET_PATHS).map((
    [packed, source],
  ) => [packed, source.replace("{arch}", arch)]);
}

/** Returns the folder that holds all assets, without a slash at its end. */
export function assetsFolder(): string {
  return (Deno.env.get("PHYSIOLOGY_ASSETS") || SOURCE_ROOT).replace(/\/$/, "");
}

/** Returns the absolute path of an asset; the file need not exist. */
export function assetPath(asset: Asset): string {
  const [packed, source] = ASSET_PATHS[asset];
  const isPacked = Boolean(Deno.env.get("PHYSIOLOGY_ASSETS"));
  return `${assetsFolder()}/${isPacked ? packed : source.replace("{arch}", ARCH)}`;
}
