import { type Arch, hostArch, ROOT, run } from "./run.ts";

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
  /** Names it for those who look for known vulnerabilities. */
  readonly purl?: string;
  readonly sha256?: string;
}

const COMMON = "/usr/share/common-licenses";

/** Everything foreign that the program for `arch` carries, in a fixed order. */
export async function carriedParts(arch: Arch): Promise<readonly Part[]> {
  const locked = await lockedFiles();
  const deno = locked(`${arch}/deno`);
  const onnxRuntime = locked(`${arch}/libonnxruntime.so.1`);
  return [
    {
      name: "deno",
      ...deno,
      license: "MIT",
      url: "https://github.com/denoland/deno",
      role:
        "bin/deno, which runs the program. It carries V8 (BSD-3-Clause) and what its own list " +
        `names: https://github.com/denoland/deno/blob/v${deno.version}/Cargo.lock`,
      text: `${ROOT}/scripts/pack/licenses/deno.txt`,
    },
    {
      name: "onnxruntime",
      ...onnxRuntime,
      license: "MIT",
      url: "https://github.com/microsoft/onnxruntime",
      role:
        "lib/libonnxruntime.so.1. The licences of what it carries in turn: https://github.com/" +
        `microsoft/onnxruntime/blob/v${onnxRuntime.version}/ThirdPartyNotices.txt`,
      text: `${ROOT}/scripts/pack/licenses/onnxruntime.txt`,
    },
    {
      name: "ffmpeg",
      ...locked(`${arch}/ffmpeg`),
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
      ...locked("models/blazeface_front_128.onnx"),
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
      license: "BSD-3-Clause AND IJG AND Zlib",
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
    await debianPart(arch === hostArch() ? "libc6-dev" : "libc6-dev-arm64-cross", {
      name: "glibc",
      license: "LGPL-2.1-or-later",
      url: "https://sourceware.org/glibc/",
      role: "in the launcher, whose source comes with this project for linking it anew",
      text: "/usr/share/doc/libc6/copyright",
    }),
    ...await npmParts(),
  ];
}

type Locked = Required<Pick<Part, "version" | "purl" | "sha256">>;

/** What `scripts/packages.lock` says of the file at a place in `.tools`. */
async function lockedFiles(): Promise<(place: string) => Locked> {
  const text = await Deno.readTextFile(`${ROOT}/scripts/packages.lock`);
  const rows = text.split("\n").filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));
  return (wanted) => {
    const [, name, version, , sha256] = rows.find((columns) => columns[5] === wanted) ?? [];
    if (!name || !version || !sha256) throw new Error(`Cannot tell the version of ${wanted}`);
    return { version, purl: npmUrl(name, version), sha256 };
  };
}

function npmUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

async function debianPart(
  debianPackage: string,
  part: Omit<Part, "version" | "purl" | "text"> & { readonly text?: string },
): Promise<Part> {
  const format = "-f=${Version} ${source:Package}";
  const [version = "", source] = (await run("dpkg-query", ["-W", format, debianPackage])).split(
    " ",
  );
  return {
    version,
    purl: `pkg:deb/debian/${source}@${encodeURIComponent(version)}`,
    text: `/usr/share/doc/${debianPackage}/copyright`,
    ...part,
  };
}

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath: string;
}

/** Where a package brings no licence along. */
function missingLicence(name: string, license: unknown): string {
  if (name === "@bufbuild/protobuf") return `${ROOT}/scripts/pack/licenses/bufbuild_protobuf.txt`;
  if (license === "Apache-2.0") return `${COMMON}/Apache-2.0`;
  throw new Error(`Cannot find the licence of the npm package ${name}`);
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
      text: licence ? `${localPath}/${licence}` : missingLicence(name, about.license),
      purl: npmUrl(name, version),
    };
  });
}

function repositoryOf(
  about: { repository?: string | { url?: string }; homepage?: string },
): string {
  const { repository } = about;
  const url = typeof repository === "string" ? repository : repository?.url;
  return (url ?? about.homepage ?? "").replace(/^git\+/, "").replace(/\.git$/, "")
    .replace(/^(git:\/\/github\.com\/)?(?=[\w.-]+\/[\w.-]+$)/, "https://github.com/");
}
