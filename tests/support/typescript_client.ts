import { temporaryFolder } from "./folders.ts";
import { succeed } from "./python_client.ts";

/** The folder of the TypeScript package. */
export const TYPESCRIPT_CLIENT = new URL("../../clients/typescript/", import.meta.url).pathname;

/** The package as npm installs it, with its JavaScript, until it is disposed. */
export class BuiltClient implements Disposable {
  readonly #folder = temporaryFolder();

  /** Compiles and packs the package without a network. */
  static async build(): Promise<BuiltClient> {
    const client = new BuiltClient();
    const { path } = client;
    const dist = `--outDir ${path}/package/dist`.split(" ");
    const project = ["-p", TYPESCRIPT_CLIENT];
    // The exact version of deno.json, whose import map has no programs of packages.
    const tsc = `npm:typescript@${await typescriptVersion()}/tsc`;
    await succeed(Deno.execPath(), ["run", "-A", "--quiet", tsc, ...project, ...dist]);
    for (const file of ["package.json", "README.md", "examples", "src"]) {
      await succeed("cp", ["-r", `${TYPESCRIPT_CLIENT}${file}`, `${path}/package/`]);
    }
    await succeed("npm", ["pack", "--ignore-scripts", "--silent", "--offline"], {
      cwd: `${path}/package`,
    });
    await Deno.mkdir(client.installed, { recursive: true });
    const [packed] = [...Deno.readDirSync(`${path}/package`)].map(({ name }) => name)
      .filter((name) => name.endsWith(".tgz"));
    await succeed("tar", [
      "--extract",
      "--strip-components=1",
      `--directory=${client.installed}`,
      `--file=${path}/package/${packed}`,
    ]);
    return client;
  }

  /** Folder from which `physiology-client` can be imported. */
  get path(): string {
    return this.#folder.path;
  }

  /** The files of the package. */
  get installed(): string {
    return `${this.path}/node_modules/physiology-client`;
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

async function typescriptVersion(): Promise<string> {
  const config = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  const { typescript } = JSON.parse(config).imports;
  return typescript.split("@").at(-1);
}
