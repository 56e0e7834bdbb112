import type { Component } from "./components.ts";
import { type Arch, debianArchitecture, ROOT, run } from "./run.ts";

/** The Debian packages in the image, with the libraries that the program loads. */
const PACKAGES = [
  {
    name: "libc6",
    license: "LGPL-2.1-or-later",
    url: "https://sourceware.org/glibc/",
    // Names of hosts are resolved by libresolv, and by libnss_dns and libnss_files up to glibc 2.33.
    libraries: /^(ld-linux-.*|lib(c|m|dl|pthread|rt|resolv|nss_dns|nss_files))\.so\.\d+$/,
  },
  {
    name: "libgcc-s1",
    license: "GPL-3.0-or-later WITH GCC-exception-3.1",
    url: "https://gcc.gnu.org/",
    libraries: /^libgcc_s\.so\.1$/,
  },
  {
    name: "libstdc++6",
    license: "GPL-3.0-or-later WITH GCC-exception-3.1",
    url: "https://gcc.gnu.org/",
    libraries: /^libstdc\+\+\.so\.6/,
  },
] as const;

/** The part of Debian in the image for an architecture. */
export interface ImageSystem {
  readonly components: readonly Component[];
  /** Copies the libraries and the texts of their licences. */
  copyTo(root: string): Promise<void>;
}

/** Describes the packages for `arch`, which `scripts/setup --pack` has unpacked into `.tools`. */
export function imageSystem(arch: Arch): ImageSystem {
  const system = `${ROOT}/.tools/${arch}/image`;
  const architecture = debianArchitecture(arch);
  const rows = Deno.readTextFileSync(`${system}/versions`).trimEnd().split("\n")
    .map((line) => line.split(" "));
  const components = PACKAGES.map(({ name, license, url }): Component => {
    const [, version = "", source] = rows.find(([each]) => each === name) ?? [];
    if (!version) throw new Error(`Cannot find the version of ${name} in ${system}/versions`);
    const encoded = encodeURIComponent(version);
    return {
      name,
      version,
      license,
      url,
      role: `/usr/share/doc/${name}, from Debian, whose archive has the source package ${source}`,
      purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encoded}?arch=${architecture}`,
      text: `${system}/usr/share/doc/${name}/copyright`,
    };
  });
  return { components, copyTo: (root) => copySystem(system, root) };
}

async function copySystem(system: string, root: string): Promise<void> {
  for (const base of ["/lib", "/usr/lib", "/lib64", "/usr/lib64"]) {
    for (const path of librariesUnder(system + base)) {
      const target = `${root}${path.slice(system.length)}`;
      Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      await run("cp", ["-a", path, target]);
    }
  }
  for (const { name } of PACKAGES) {
    const target = `${root}/usr/share/doc/${name}`;
    Deno.mkdirSync(target, { recursive: true });
    Deno.copyFileSync(`${system}/usr/share/doc/${name}/copyright`, `${target}/copyright`);
  }
}

function* librariesUnder(folder: string): Generator<string> {
  let entries: readonly Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch {
    return; // Debian keeps libraries of an architecture in one of these folders only.
  }
  for (const { name, isDirectory } of entries) {
    if (isDirectory) {
      if (/-linux-gnu$/.test(name)) yield* librariesUnder(`${folder}/${name}`);
    } else if (PACKAGES.some(({ libraries }) => libraries.test(name))) {
      yield `${folder}/${name}`;
    }
  }
}
