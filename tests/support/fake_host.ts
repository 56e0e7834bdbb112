import type { Host } from "../../src/installation/host.ts";

interface FakeHostOptions extends Partial<Host> {
  /** Paths that exist. */
  readonly present?: readonly string[];
  /** Texts of files, by their paths. */
  readonly texts?: Readonly<Record<string, string>>;
}

/** A system that records what is done to it. */
export function fakeHost(
  { present = [], texts = {}, ...parts }: FakeHostOptions = {},
): Host & { readonly steps: string[] } {
  const steps: string[] = [];
  return {
    steps,
    root: "",
    usesSystemd: true,
    systemdVersion: undefined,
    readFile: (path) => texts[path],
    listFolder: (folder) => {
      const inside = Object.keys(texts).filter((path) => path.startsWith(`${folder}/`));
      return [...new Set(inside.map((path) => path.slice(folder.length + 1).split("/")[0]!))];
    },
    exists: (path) => present.includes(path) || path in texts,
    hasPackage: false,
    copyProgram: (from) => void steps.push(`copy ${from}`),
    // deno-lint-ignore require-await
    async unpackProgram(program) {
      steps.push(`unpack ${program}`);
    },
    // deno-lint-ignore require-await
    async addAccount() {
      steps.push("add the account");
    },
    // deno-lint-ignore require-await
    async removeAccount() {
      steps.push("remove the account");
    },
    writeFile: ({ path, mode }) => void steps.push(`write ${path} 0${mode.toString(8)}`),
    remove(path) {
      steps.push(`remove ${path}`);
      return present.includes(path);
    },
    removeEmptyFolder(path) {
      steps.push(`remove ${path} if it is empty`);
      return "missing";
    },
    makeStateFolder: ({ stateFolder }) => void steps.push(`make the folder ${stateFolder}`),
    enable: ({ wants }) => void steps.push(`enable ${wants.link}`),
    // deno-lint-ignore require-await
    async systemctl(args, { allowFailure = false } = {}) {
      steps.push(`systemctl ${args.join(" ")}${allowFailure ? ", or not" : ""}`);
    },
    removeUnpackedProgram: () => void steps.push("remove the unpacked program"),
    ...parts,
  };
}
