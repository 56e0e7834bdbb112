/** Returns codec and size of the first stream of a file as ffprobe decodes it: `mjpeg,640,480`. */
export async function probeStream(path: string): Promise<string> {
  const { stdout } = await new Deno.Command("ffprobe", {
    // deno-fmt-ignore
    args: ["-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", path],
  }).output();
  return new TextDecoder().decode(stdout).trim();
}
