const DOCS = new URL("../../docs/", import.meta.url);

/** Writes a picture to `docs`, with a palette of 256 colors, which is a quarter of the size. */
export async function writePicture(name: string, png: Uint8Array<ArrayBuffer>): Promise<void> {
  const path = new URL(name, DOCS).pathname;
  await Deno.writeFile(path, png);
  const palette = "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none";
  const small = `${path}.small.png`;
  const { success } = await new Deno.Command("ffmpeg", {
    args: ["-loglevel", "error", "-y", "-i", path, "-vf", palette, "-pred", "mixed", small],
  }).output();
  if (!success) throw new Error(`Cannot convert ${path}`);
  await Deno.rename(small, path);
}
