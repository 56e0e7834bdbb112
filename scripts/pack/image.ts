import { VERSION } from "../../src/base/version.ts";
import { PACKAGE_PATHS, PATHS } from "../../src/installation/paths.ts";
import { packExecutable } from "./executable.ts";
import { fixTimes, makeFolders, writeTree } from "./file_tree.ts";
import { imageSystem } from "./image_system.ts";
import { type Arch, debianArchitecture, run } from "./run.ts";

/** The user and group of the program in a container: none of a usual system. */
const USER = 10001;
const STATE = PATHS.stateFolder;
/** As in the Debian package: the launcher knows the folder. */
const { program: PROGRAM, programFolder: PROGRAM_FOLDER } = PACKAGE_PATHS;

const ETC: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0:root:/:/sbin/nologin\n" +
    `physiology_server:x:${USER}:${USER}::${STATE}:/sbin/nologin\n`,
  "/etc/group": `root:x:0:\nvideo:x:44:\nphysiology_server:x:${USER}:\n`,
  "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
  "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

export interface ImageOptions {
  readonly arch: Arch;
  /** Folder of `assembleFiles()`. */
  readonly files: string;
  /** Folder in which the image is written. */
  readonly output: string;
  /** Time of the build in seconds since the Unix epoch, which all files get. */
  readonly epochS: number;
}

/**
 * Builds the OCI image `physiology_server_VERSION_ARCHITECTURE.image.tar`, and returns its path. Both
 * engines that load OCI layouts (oci-archive) and Docker (docker-archive) read it. It is made without
 * an engine, by umoci; the same inputs give the same bytes.
 */
export async function image({ arch, files, output, epochS }: ImageOptions): Promise<string> {
  const architecture = debianArchitecture(arch);
  const path = `${output}/physiology_server_${VERSION}_${architecture}.image.tar`;
  const work = Deno.makeTempDirSync({ dir: output, prefix: ".image-" });
  try {
    const root = `${work}/root`;
    await fillRoot(root, { arch, files });
    fixTimes(root, epochS);
    const layout = `${work}/layout`;
    const reference = `${layout}:${VERSION}`;
    const created = new Date(epochS * 1000).toISOString().replace(".000Z", "Z");
    // Its default has the command line, with the names of temporary folders.
    const history = [`--history.created=${created}`, "--history.created_by=scripts/release.ts"];
    const rootless = Deno.uid() === 0 ? [] : ["--rootless"];
    await run("umoci", ["init", `--layout=${layout}`]);
    await run("umoci", ["new", `--image=${reference}`]);
    await run("umoci", [
      ...["insert", ...rootless, `--image=${reference}`, ...history, root, "/"],
    ]);
    await run("umoci", [
      ...["config", `--image=${reference}`, ...history, `--created=${created}`],
      ...["--os=linux", `--architecture=${architecture}`, `--config.user=${USER}:${USER}`],
      ...[`--config.workingdir=${STATE}`, `--config.volume=${STATE}`],
      // The folder in which the launcher keeps what Deno notes, and the socket for notifications.
      ...["--config.env=PATH=/usr/bin:/bin", `--config.env=STATE_DIRECTORY=${STATE}`],
      `--config.entrypoint=${PROGRAM}`,
      ...["--use_camera", "--spool_path=spool", "--state_path=."].map((flag) =>
        `--config.cmd=${flag}`
      ),
      "--config.label=org.opencontainers.image.title=physiology_server",
      `--config.label=org.opencontainers.image.version=${VERSION}`,
      "--config.label=org.opencontainers.image.licenses=Apache-2.0",
    ]);
    await run("umoci", ["gc", `--layout=${layout}`]);
    Deno.writeTextFileSync(`${layout}/manifest.json`, dockerManifest(layout));
    await run("tar", [
      ...["--sort=name", `--mtime=@${epochS}`, "--owner=0", "--group=0", "--numeric-owner"],
      ...["--mode=a=rX,u+w", `--file=${path}`, "--create", `--directory=${layout}`],
      ...["blobs", "index.json", "manifest.json", "oci-layout"],
    ]);
    return path;
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
}

/**
 * The list of images by which `docker load` finds the parts of an OCI layout, as `docker save` writes it
 * since version 25.
 */
function dockerManifest(layout: string): string {
  const pathOf = (digest: string) => `blobs/${digest.replace(":", "/")}`;
  const read = (path: string) => JSON.parse(Deno.readTextFileSync(`${layout}/${path}`));
  const { config, layers } = read(pathOf(read("index.json").manifests[0].digest));
  return JSON.stringify([{
    Config: pathOf(config.digest),
    RepoTags: [`physiology_server:${VERSION}`],
    Layers: layers.map(({ digest }: { readonly digest: string }) => pathOf(digest)),
  }]);
}

/** Fills `root` with the program, unpacked, and the libraries of Debian that it loads. */
async function fillRoot(
  root: string,
  { arch, files }: Pick<ImageOptions, "arch" | "files">,
): Promise<void> {
  makeFolders(root, "");
  await imageSystem(arch).copyTo(root);
  writeTree(root, ETC, () => 0o644);
  for (const folder of ["/dev", "/proc", "/sys", "/run", "/usr/bin", PROGRAM_FOLDER]) {
    makeFolders(root, folder);
  }
  // Of all users, as --user may set another one than USER, and a volume gets the mode of the folder.
  for (const folder of ["/tmp", STATE]) {
    makeFolders(root, folder);
    Deno.chmodSync(root + folder, 0o1777);
  }
  // Without the contents, which the image has unpacked: they would double its size.
  const digest = await packExecutable({
    ...{ arch, files, output: root + PROGRAM, level: 1 },
    withContents: false,
  });
  await run("cp", ["-r", files, `${root}${PROGRAM_FOLDER}/${digest}`]);
  setModes(`${root}${PROGRAM_FOLDER}/${digest}`);
}

/** Sets the modes of the files as the payload has them. */
function setModes(folder: string): void {
  Deno.chmodSync(folder, 0o755);
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) setModes(`${folder}/${name}`);
    else Deno.chmodSync(`${folder}/${name}`, folder.endsWith("/bin") ? 0o755 : 0o644);
  }
}
