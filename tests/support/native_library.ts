/**
 * Loads ONNX Runtime and the native library with all its tables of symbols, which then stay loaded: the sanitizer of
 * resources would take a library that the code under test loads for a leak. For its side effect.
 */
import { stableCameraPath } from "../../ffi/camera.ts";
import { Http2Session } from "../../ffi/http2.ts";
import { JpegDecoder } from "../../ffi/jpeg.ts";
import { PixmapConverter } from "../../ffi/jpeg_rgb.ts";
import { JpegShrinker } from "../../ffi/jpeg_shrink.ts";
import { nativeMonotonicUs } from "../../ffi/library.ts";
import { ortApi } from "../../ffi/onnxruntime/api.ts";
import { RegionMeter } from "../../ffi/regions.ts";
import { drawSegments, SceneSegments } from "../../ffi/scene.ts";

ortApi();
nativeMonotonicUs();
stableCameraPath("/dev/null");
new Http2Session({ maxStreams: 1, maxHeaderBytes: 1024 })[Symbol.dispose]();
new JpegDecoder()[Symbol.dispose]();
new PixmapConverter();
new JpegShrinker();
new RegionMeter()[Symbol.dispose]();
drawSegments(
  { pixels: new Int16Array(1), noise: new Int32Array(1), width: 1, offset: 0, shift: 0 },
  new SceneSegments(),
  new Uint8Array(1),
);
