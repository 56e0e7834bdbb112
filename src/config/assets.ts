/**
 * Where the program's own files lie: the source tree with its `.tools`, or the folder that the
 * packed executable unpacked, which says so in `PHYSIOLOGY_ASSETS`.
 */
const SOURCE_ROOT = new URL("../../", import.meta.url).pathname;

/** `x64` or `arm64`, as folders and packages are named. */
export const ARCH: "x64" | "arm64" = Deno.build.arch === "aarch64" ? "arm64" : "x64";

const PLACES = {
  nativeLibrary: [`lib/libphysiology.so`, `ffi/native/build/${ARCH}/libphysiology.so`],
  onnxRuntime: [`lib/libonnxruntime.so.1`, `.tools/${ARCH}/libonnxruntime.so.1`],
  faceDetector: ["models/blazeface_front_128.onnx", ".tools/models/blazeface_front_128.onnx"],
  ffmpeg: ["bin/ffmpeg", `.tools/${ARCH}/ffmpeg`],
  portrait: ["portrait.jpg", ".tools/portrait.jpg"],
  models: ["models", "models"],
  config: ["config", "config"],
} as const satisfies Record<string, readonly [packed: string, source: string]>;

export type Asset = keyof typeof PLACES;

/** The absolute path of one of the program's files; it need not exist. */
export function assetPath(asset: Asset): string {
  const [packed, source] = PLACES[asset];
  const root = Deno.env.get("PHYSIOLOGY_ASSETS");
  return root ? `${root.replace(/\/$/, "")}/${packed}` : SOURCE_ROOT + source;
}
