import { type Arch, ROOT, run } from "./run.ts";

/** A piece of foreign work that the packed program carries. */
export interface Part {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Where it, or its source, is to be had. */
  readonly url: string;
  /** What it does for us, or where in the file it is. */
  readonly role: string;
  /** The path of its licence. */
  readonly text: string;
  readonly purl?: string;
}

const COMMON = "/usr/share/common-licenses";

/** Everything foreign that the program for `arch` carries, in a fixed order. */
export async function carriedParts(arch: Arch): Promise<readonly Part[]> {
  const lock = await lockedVersions();
  return [
    {
      name: "deno",
      version: lock(`${arch}/deno`),
      license: "MIT",
      url: "https://github.com/denoland/deno",
      role: "bin/deno, which runs the program",
      text: `${ROOT}/scripts/pack/licenses/deno.txt`,
    },
    {
      name: "onnxruntime",
      version: lock(`${arch}/libonnxruntime.so.1`),
      license: "MIT",
      url: "https://github.com/microsoft/onnxruntime",
      role: "lib/libonnxruntime.so.1",
      text: `${ROOT}/scripts/pack/licenses/onnxruntime.txt`,
    },
    {
      name: "ffmpeg",
      version: arch === "x64" ? "20181210-g0e8eb07980" : "20190104-gd81913e680",
      license: "GPL-3.0-or-later",
      url: "https://www.johnvansickle.com/ffmpeg/",
      role: "bin/ffmpeg, a program of its own, static and unchanged. Its source: " +
        "https://git.ffmpeg.org/ffmpeg.git at the commit in the version, and the libraries that " +
        "the builder's page names",
      text: `${COMMON}/GPL-3`,
    },
    {
      name: "BlazeFace",
      version: lock("models/blazeface_front_128.onnx"),
      license: "Apache-2.0",
      url: "https://github.com/keijiro/BlazeFaceBarracuda",
      role: "models/blazeface_front_128.onnx, the face detector of Google's MediaPipe",
      text: `${COMMON}/Apache-2.0`,
    },
    {
      name: "portrait of Grace Hopper",
      version: "1984",
      license: "CC-PDDC",
      url: "https://commons.wikimedia.org/wiki/File:Grace_Hopper.jpg",
      role: "portrait.jpg, by the United States Navy, in the public domain",
      text: "",
    },
    await debianPart("libturbojpeg0-dev", {
      name: "libjpeg-turbo",
      license: "BSD-3-Clause AND IJG",
      url: "https://github.com/libjpeg-turbo/libjpeg-turbo",
      role: "in lib/libphysiology.so",
    }),
    await debianPart("libnghttp2-dev", {
      name: "nghttp2",
      license: "MIT",
      url: "https://github.com/nghttp2/nghttp2",
      role: "in lib/libphysiology.so",
    }),
    await debianPart("libzstd-dev", {
      name: "zstd",
      license: "BSD-3-Clause",
      url: "https://github.com/facebook/zstd",
      role: "in the launcher",
    }),
    await debianPart("libc6-dev", {
      name: "glibc",
      license: "LGPL-2.1-or-later",
      url: "https://sourceware.org/glibc/",
      role: "in the launcher, whose source comes with this project for linking it anew",
    }),
    ...await npmParts(),
  ];
}

/** Versions from `scripts/packages.lock`. */
async function lockedVersions(): Promise<(place: string) => string> {
  const text = await Deno.readTextFile(`${ROOT}/scripts/packages.lock`);
  const rows = text.split("\n").filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));
  return (place) => {
    const version = rows.find((columns) => columns[5] === place)?.[2];
    if (!version) throw new Error(`Cannot tell the version of ${place}`);
    return version;
  };
}

async function debianPart(
  debianPackage: string,
  part: Omit<Part, "version" | "text">,
): Promise<Part> {
  const version = await run("dpkg-query", ["-W", "-f=${Version}", debianPackage]);
  return { ...part, version, text: `/usr/share/doc/${debianPackage}/copyright` };
}

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath: string;
}

/** The npm packages that `main.ts` reaches, which are those in the bundle. */
async function npmParts(): Promise<Part[]> {
  const graph = JSON.parse(await run(Deno.execPath(), ["info", "--json", `${ROOT}/main.ts`]));
  const packages: Record<string, NpmPackage> = graph.npmPackages;
  const reached = new Set<string>();
  const reach = (id: string) => {
    if (reached.has(id)) return;
    reached.add(id);
    packages[id]?.dependencies.forEach(reach);
  };
  for (const { npmPackage } of graph.modules) if (npmPackage) reach(npmPackage);
  return [...reached].sort().map((id) => {
    const found = packages[id];
    if (!found) throw new Error(`Cannot find the npm package ${id}`);
    const { name, version, localPath } = found;
    const about = JSON.parse(Deno.readTextFileSync(`${localPath}/package.json`));
    const licence = [...Deno.readDirSync(localPath)].map((entry) => entry.name).sort()
      .find((file) => /^(licen[cs]e|copying)/i.test(file));
    return {
      name,
      version,
      license: typeof about.license === "string" ? about.license : "NOASSERTION",
      url: repositoryOf(about),
      role: "in main.js",
      text: licence ? `${localPath}/${licence}` : "",
      purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    };
  });
}

function repositoryOf(
  about: { repository?: string | { url?: string }; homepage?: string },
): string {
  const { repository } = about;
  const url = typeof repository === "string" ? repository : repository?.url;
  return (url ?? about.homepage ?? "").replace(/^git\+/, "").replace(/\.git$/, "");
}
