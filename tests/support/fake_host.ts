import type { Host } from "../../src/installation/host.ts";

/** A system that records what is done to it, and whose paths in `present` exist. */
export function fakeHost(
  { present = [], ...parts }: Partial<Host> & { readonly present?: readonly string[] } = {},
): Host & { readonly steps: string[] } {
  const steps: string[] = [];
  return {
    steps,
    root: "",
    usesSystemd: true,
    systemdVersion: undefined,
    installedUnit: undefined,
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
    makeStateFolder: () => void steps.push("make the state folder"),
    enableUnit: () => void steps.push("enable the unit"),
    // deno-lint-ignore require-await
    async systemctl(args, { allowFailure = false } = {}) {
      steps.push(`systemctl ${args.join(" ")}${allowFailure ? ", or not" : ""}`);
    },
    removeUnpackedProgram: () => void steps.push("remove the unpacked program"),
    ...parts,
  };
}
