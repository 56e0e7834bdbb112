import { assetPath } from "../../src/base/assets.ts";

/**
 * JPEGs of the portrait that differ by the noise of a camera.
 *
 * @param options.size Width and height in pixels. @default "640x480"
 * @param options.quantiser Quantiser scale of ffmpeg's encoder, from 1 for the best quality.
 * @param options.noise Strength of the noise, 0 to 100; more noise makes the JPEGs larger.
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
