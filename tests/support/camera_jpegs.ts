import { assetPath } from "../../src/base/assets.ts";

/**
 * Different JPEGs of one face, as a camera's noise makes them: 640x480 by default.
 *
 * @param options.noise how strong, 0..100; it makes a JPEG large.
 * @param options.quantiser of ffmpeg, 1 the finest.
 */
export async function cameraJpegs(
  { count = 5, size = "640x480", quantiser = 2, noise = 0 } = {},
): Promise<Uint8Array<ArrayBuffer>[]> {
  const filter = `scale=${size.replace("x", ":")},noise=alls=${noise}:allf=t`;
  return await Promise.all(Array.from({ length: count }, async (_, seed) => {
    const { stdout } = await new Deno.Command("ffmpeg", {
      args: [
        ...["-v", "error", "-i", assetPath("portrait"), "-vf", `${filter}:all_seed=${seed}`],
        ...["-frames:v", "1", "-pix_fmt", "yuvj422p", "-qmin", "1", "-q:v", String(quantiser)],
        ...["-f", "mjpeg", "-"],
      ],
    }).output();
    return stdout;
  }));
}
