import { type Arch, hostArch, ROOT, run } from "./run.ts";

/** A third-party component in the packed program. */
export interface Component {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Where it or its source is available. */
  readonly url: string;
  /** Its purpose, or its path in the packed program. */
  readonly role: string;
  /** Path of the text of its licence. */
  readonly text: string;
  /** Paths of texts that its licence refers to. */
  readonly moreTexts?: readonly string[];
  /** Package URL, by which scanners find known vulnerabilities. */
  readonly purl?: string;
  /** Common Platform Enumeration, by which the National Vulnerability Database names it. */
  readonly cpe?: string;
  readonly sha256?: string;
}

const COMMON = "/usr/share/common-licenses";

/** All third-party components of the program for `arch`, in a fixed order. */
export async function thirdPartyComponents(arch: Arch): Promise<readonly Component[]> {
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
        "bin/deno, which runs the program. It contains V8 (BSD-3-Clause) and the crates listed in " +
        ` https://github.com/denoland/deno/blob/v${deno.version}/Cargo.lock`,
      text: `${ROOT}/scripts/pack/licenses/deno.txt`,
    },
    {
      name: "onnxruntime",
      ...onnxRuntime,
      license: "MIT",
      url: "https://github.com/microsoft/onnxruntime",
      role: "lib/libonnxruntime.so.1. The licences of its own components: https://github.com/" +
        `microsoft/onnxruntime/blob/v${onnxRuntime.version}/ThirdPartyNotices.txt`,
      text: `${ROOT}/scripts/pack/licenses/onnxruntime.txt`,
    },
    ...ffmpegComponents(),
    valkeyComponent(),
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
    await debianComponent("libturbojpeg0-dev", {
      name: "libjpeg-turbo",
      license: "BSD-3-Clause AND IJG AND Zlib",
      url: "https://github.com/libjpeg-turbo/libjpeg-turbo",
      role: "in lib/libphysiology.so",
    }),
    await debianComponent("libnghttp2-dev", {
      name: "nghttp2",
      license: "MIT",
      url: "https://github.com/nghttp2/nghttp2",
      role: "in lib/libphysiology.so",
    }),
    await debianComponent("libzstd-dev", {
      name: "zstd",
      license: "BSD-3-Clause",
      url: "https://github.com/facebook/zstd",
      role: "in the launcher",
    }),
    await debianComponent(arch === hostArch() ? "libc6-dev" : "libc6-dev-arm64-cross", {
      name: "glibc",
      license: "LGPL-2.1-or-later",
      url: "https://sourceware.org/glibc/",
      role:
        "in the launcher and in bin/sandbox, whose source is part of this project, so that they " +
        "can be relinked",
      text: "/usr/share/doc/libc6/copyright",
    }),
    ...await npmComponents(),
  ];
}

/** Returns a function that describes a source which a script builds, with the name of its CPE. */
function sourcesIn(script: string) {
  const rows = Deno.readTextFileSync(`${ROOT}/${script}`)
    .matchAll(/^(?:sources=')?(\w+) (\S+) pool\/\S+ ([0-9a-f]{64})'?$/gm);
  const sources = new Map(
    Array.from(rows, ([, name, version, sha256]) => [name, { version, sha256 }]),
  );
  return (name: string, cpe: string) => {
    const { version, sha256 } = sources.get(name) ?? {};
    if (!version || !sha256) throw new Error(`Cannot find ${name} in ${script}`);
    const purl = `pkg:generic/${name}@${version}`;
    return { name, version, sha256, purl, cpe: `cpe:2.3:a:${cpe}:${version}:*:*:*:*:*:*:*` };
  };
}

/** Valkey with the libraries in its source, as `scripts/build_valkey` builds it. */
function valkeyComponent(): Component {
  const licenses = `${ROOT}/scripts/pack/licenses`;
  return {
    ...sourcesIn("scripts/build_valkey")("valkey", "lfprojects:valkey"),
    license: "BSD-3-Clause AND MIT AND CC0-1.0 AND BSL-1.0",
    url: "https://github.com/valkey-io/valkey",
    role:
      "bin/valkey-server, a separate program, built by scripts/build_valkey from the source package " +
      "of Debian with the checksum in the bill of materials. It contains Lua, hiredis, " +
      "HdrHistogram_c and fpconv",
    text: `${licenses}/valkey.txt`,
    moreTexts: ["lua", "hiredis", "hdr_histogram", "fpconv"]
      .map((name) => `${licenses}/valkey_${name}.txt`),
  };
}

/** ffmpeg and the libraries in it, as `scripts/build_ffmpeg` builds them. */
function ffmpegComponents(): readonly Component[] {
  const sourceOf = sourcesIn("scripts/build_ffmpeg");
  return [
    {
      ...sourceOf("ffmpeg", "ffmpeg:ffmpeg"),
      license: "LGPL-3.0-or-later",
      url: "https://github.com/FFmpeg/FFmpeg",
      role:
        "bin/ffmpeg, a separate program, built by scripts/build_ffmpeg from the source package " +
        "of Debian with the checksum in the bill of materials, and the patch in scripts/ffmpeg",
      // The LGPL supplements the GPL, so that both texts belong to it.
      text: `${COMMON}/LGPL-3`,
      moreTexts: [`${COMMON}/GPL-3`],
    },
    {
      ...sourceOf("mbedtls", "arm:mbed_tls"),
      license: "Apache-2.0",
      url: "https://github.com/Mbed-TLS/mbedtls",
      role: "in bin/ffmpeg, statically linked",
      text: `${COMMON}/Apache-2.0`,
    },
    {
      ...sourceOf("zlib", "zlib:zlib"),
      license: "Zlib",
      url: "https://github.com/madler/zlib",
      role: "in bin/ffmpeg, statically linked",
      text: `${ROOT}/scripts/pack/licenses/zlib.txt`,
    },
  ];
}

type LockedFile = Required<Pick<Component, "version" | "purl" | "sha256">>;

/** Version, package URL and SHA-256 in `scripts/packages.lock` of a file in `.tools`. */
async function lockedFiles(): Promise<(path: string) => LockedFile> {
  const text = await Deno.readTextFile(`${ROOT}/scripts/packages.lock`);
  const rows = text.split("\n").filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(/\s+/));
  return (path) => {
    const [, name, version, , sha256] = rows.find((columns) => columns[5] === path) ?? [];
    if (!name || !version || !sha256) {
      throw new Error(`Cannot find the version of .tools/${path} in scripts/packages.lock`);
    }
    return { version, purl: npmUrl(name, version), sha256 };
  };
}

function npmUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

async function debianComponent(
  debianPackage: string,
  component: Omit<Component, "version" | "purl" | "text"> & { readonly text?: string },
): Promise<Component> {
  const format = "-f=${Version} ${source:Package}";
  const [version = "", source] = (await run("dpkg-query", ["-W", format, debianPackage])).split(
    " ",
  );
  return {
    version,
    purl: `pkg:deb/debian/${source}@${encodeURIComponent(version)}`,
    text: `/usr/share/doc/${debianPackage}/copyright`,
    ...component,
  };
}

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  readonly localPath: string;
}

/** The licence of a package that contains no licence file. */
function licenceOf(name: string, license: unknown): string {
  if (name === "@bufbuild/protobuf") return `${ROOT}/scripts/pack/licenses/bufbuild_protobuf.txt`;
  if (license === "Apache-2.0") return `${COMMON}/Apache-2.0`;
  if (license === "Unlicense") return `${ROOT}/scripts/pack/licenses/unlicense.txt`;
  throw new Error(`Cannot find the licence of the npm package: ${name}`);
}

/** The npm packages that `main.ts` imports, directly or not: those in the bundle. */
async function npmComponents(): Promise<Component[]> {
  return [
    ...await npmComponentsOf("main.ts", "in main.js"),
    ...await npmComponentsOf("src/web/page/trend_chart.ts", "in the web page"),
  ];
}

async function npmComponentsOf(entry: string, role: string): Promise<Component[]> {
  const graph = JSON.parse(await run(Deno.execPath(), ["info", "--json", `${ROOT}/${entry}`]));
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
    if (!found) throw new Error(`Cannot find the npm package: ${id}`);
    const { name, version, localPath } = found;
    const manifest = JSON.parse(Deno.readTextFileSync(`${localPath}/package.json`));
    const licence = [...Deno.readDirSync(localPath)].map((entry) => entry.name).sort()
      .find((file) => /^(licen[cs]e|copying)/i.test(file));
    return {
      name,
      version,
      license: typeof manifest.license === "string" ? manifest.license : "NOASSERTION",
      url: repositoryOf(manifest),
      role,
      text: licence ? `${localPath}/${licence}` : licenceOf(name, manifest.license),
      purl: npmUrl(name, version),
    };
  });
}

function repositoryOf(
  manifest: { repository?: string | { url?: string }; homepage?: string },
): string {
  const { repository } = manifest;
  const url = typeof repository === "string" ? repository : repository?.url;
  return (url ?? manifest.homepage ?? "").replace(/^git\+/, "").replace(/\.git$/, "")
    .replace(/^((git|http):\/\/github\.com\/)?(?=[\w.-]+\/[\w.-]+$)/, "https://github.com/");
}
