/**
 * Where the program's own files lie: the source tree with its `.tools`, or the folder that the
 * packed executable unpacked, which says so in `PHYSIOLOGY_ASSETS`.
 */
const SOURCE_ROOT = new URL("../../", import.meta.url).pathname;

/** `x64` or `arm64`, as folders and packages are named. */
export const ARCH: "x64" | "arm64" = Deno.build.arch === "aarch64" ? "arm64" : "x64";

/** Where each lies in the unpacked folder, and in the source tree for a kind of machine. */
const PLACES = {
  nativeLibrary: ["lib/libphysiology.so", "ffi/native/build/{arch}/libphysiology.so"],
  onnxRuntime: ["lib/libonnxruntime.so.1", ".tools/{arch}/libonnxruntime.so.1"],
  faceDetector: ["models/blazeface_front_128.onnx", ".tools/models/blazeface_front_128.onnx"],
  ffmpeg: ["bin/ffmpeg", ".tools/{arch}/ffmpeg"],
  portrait: ["portrait.jpg", ".tools/portrait.jpg"],
  models: ["models", "models"],
  config: ["config", "config"],
  licenses: ["licenses.txt", "LICENSE"],
} as const satisfies Record<string, readonly [packed: string, source: string]>;

export type Asset = keyof typeof PLACES;

/** What a packed program carries: its place there, and that in the source tree. */
export function packedFiles(arch: typeof ARCH): readonly (readonly [string, string])[] {
  return Object.values(PLACES).map(([packed, source]) => [packed, source.replace("{arch}", arch)]);
}

/** The absolute path of one of the program's files; it need not exist. */
export function assetPath(asset: Asset): string {
  const [packed, source] = PLACES[asset];
  const root = Deno.env.get("PHYSIOLOGY_ASSETS");
  return root
    ? `${root.replace(/\/$/, "")}/${packed}`
    : SOURCE_ROOT + source.replace("{arch}", ARCH);
}
