import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { FLAGS } from "../../src/app/flags.ts";
import { VERSION } from "../../src/base/version.ts";
import { LIBCAMERA_DEVICES } from "../../src/capture/camera_kind.ts";
import { completions } from "../../src/config/render/completions.ts";
import { manualPage } from "../../src/config/render/man.ts";
import { packageUnit } from "../../src/installation/package.ts";
import { PACKAGE, PACKAGE_PATHS, PATHS } from "../../src/installation/paths.ts";
import { fixTimes, writeTree } from "./file_tree.ts";
import { type Arch, debianArchitecture, ROOT, run } from "./run.ts";

const SOURCES = `${ROOT}/scripts/pack/debian`;
const DOCS = `/usr/share/doc/${PACKAGE}`;

export interface DebianPackageOptions {
  readonly arch: Arch;
  /** Path of the packed executable. */
  readonly executable: string;
  /** Folder with the licences and the bill of materials, as `assembleFiles()` writes them. */
  readonly files: string;
  /** Folder in which the package is written. */
  readonly output: string;
  /** Time of the build in seconds since the Unix epoch, which all files get. */
  readonly epochS: number;
  /** @default the version of the program */
  readonly version?: string;
}

/**
 * Builds the Debian package `physiology-server_VERSION_ARCHITECTURE.deb`, and returns its path. The
 * same inputs give the same bytes.
 */
export async function debianPackage(
  { arch, executable, files, output, epochS, version = VERSION }: DebianPackageOptions,
): Promise<string> {
  const architecture = debianArchitecture(arch);
  const path = `${output}/${PACKAGE}_${version}_${architecture}.deb`;
  const tree = Deno.makeTempDirSync({ dir: output, prefix: `.${PACKAGE}-` });
  try {
    const contents: Readonly<Record<string, string | Uint8Array>> = {
      ...configuration(),
      ...documentation(files, { version, epochS }),
      [PACKAGE_PATHS.unit]: packageUnit(read(`${ROOT}/config/physiology_server.service`), {
        devices: LIBCAMERA_DEVICES,
      }),
      [PACKAGE_PATHS.program]: Deno.readFileSync(executable),
      "/usr/share/bash-completion/completions/physiology_server": completions(FLAGS, "bash"),
      "/usr/share/zsh/vendor-completions/_physiology_server": completions(FLAGS, "zsh"),
      "/usr/share/fish/vendor_completions.d/physiology_server.fish": completions(FLAGS, "fish"),
      [`/usr/share/lintian/overrides/${PACKAGE}`]: read(`${SOURCES}/lintian-overrides`),
    };
    writeTree(tree, contents, (file) => modeOf(file));
    writeTree(
      `${tree}/DEBIAN`,
      control(contents, { version, architecture }),
      (file) => /\/(pre|post)(inst|rm)$/.test(file) ? 0o755 : 0o644,
    );
    fixTimes(tree, epochS);
    // The executable, which is most of it, is compressed already.
    await run("dpkg-deb", ["--root-owner-group", "-Zgzip", "-z1", "--build", tree, path], {
      env: { SOURCE_DATE_EPOCH: `${epochS}` },
    });
    return path;
  } finally {
    Deno.removeSync(tree, { recursive: true });
  }
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}

function modeOf(path: string): number {
  if (path === PACKAGE_PATHS.program) return 0o755;
  return path === PACKAGE_PATHS.secrets ? 0o600 : 0o644;
}

/** The files that the user edits, and dpkg keeps: conffiles. */
function configuration(): Record<string, string> {
  const { password: _password, ...redis } = JSON.parse(
    read(`${ROOT}/config/default_redis_ipc_config.json`),
  );
  return {
    [PACKAGE_PATHS.flags]: read(`${SOURCES}/default`),
    [PATHS.redisConfig]: JSON.stringify(redis, null, 2) + "\n",
    [PACKAGE_PATHS.secrets]: read(`${SOURCES}/secrets`),
  };
}

/** The manual page, the licences, the changelog, the bill of materials, and rules for a Redis. */
function documentation(
  files: string,
  { version, epochS }: { readonly version: string; readonly epochS: number },
): Record<string, string | Uint8Array> {
  const date = new Date(epochS * 1000).toUTCString().replace("GMT", "+0000");
  const maintainer = /^Maintainer: (.*)$/m.exec(read(`${SOURCES}/control`))?.[1] ?? "";
  const changelog = `${PACKAGE} (${version}) stable; urgency=medium\n\n` +
    `  * ${DOCS}/NEWS.gz has the changes.\n\n -- ${maintainer}  ${date}\n`;
  const licenses = read(`${files}/licenses.txt`);
  return {
    "/usr/share/man/man1/physiology_server.1.gz": gzip(manualPage(FLAGS)),
    [`${DOCS}/copyright`]: read(`${SOURCES}/copyright`) + componentsIn(licenses),
    [`${DOCS}/licenses.gz`]: gzip(licenses),
    [`${DOCS}/changelog.gz`]: gzip(changelog),
    [`${DOCS}/NEWS.gz`]: gzip(read(`${ROOT}/CHANGELOG.md`)),
    [`${DOCS}/sbom.cdx.json.gz`]: gzip(read(`${files}/sbom.cdx.json`)),
    ...Object.fromEntries(
      ["redis.acl", "redis_sentinel.acl"].map((name) => [
        `${DOCS}/examples/${name}`,
        read(`${ROOT}/config/${name}`),
      ]),
    ),
  };
}

/** The lines "  NAME VERSION: LICENCE" of `licensesText()`. */
function componentsIn(licenses: string): string {
  return licenses.split("\n").filter((line) => /^ {2}\S+.*: \S/.test(line))
    .map((line) => `${line}\n`).join("");
}

/** The control files of the package (deb-control(5)). */
function control(
  contents: Readonly<Record<string, string | Uint8Array>>,
  { version, architecture }: { readonly version: string; readonly architecture: string },
): Record<string, string> {
  const bytes = Object.values(contents).map((content) =>
    typeof content === "string" ? new TextEncoder().encode(content) : content
  );
  const kibibytes = bytes.reduce((sum, each) => sum + Math.ceil(each.length / 1024), 0);
  const scripts = ["preinst", "postinst", "prerm", "postrm"];
  return {
    "/control": read(`${SOURCES}/control`)
      .replace("@VERSION@", version)
      .replace("@ARCHITECTURE@", architecture)
      .replace("@INSTALLED_SIZE@", `${kibibytes}`),
    "/conffiles": Object.keys(configuration()).map((path) => `${path}\n`).join(""),
    "/md5sums": Object.keys(contents).map((path, index) => {
      const sum = createHash("md5").update(bytes[index] ?? "").digest("hex");
      return path.startsWith("/etc/") ? "" : `${sum}  ${path.slice(1)}\n`;
    }).join(""),
    ...Object.fromEntries(scripts.map((name) => [`/${name}`, read(`${SOURCES}/${name}`)])),
  };
}

/** Compresses without a time or a name, so that builds are reproducible. */
const gzip = (text: string): Uint8Array => gzipSync(text, { level: 9 });
