# Functions of the scripts that build a program of the packed executable from Debian's source
# packages. The caller sets `root`, and `script` to its own name.

tools=$root/.tools
compat=$root/ffi/native/glibc_compat.h

log() { printf '%s: %s\n' "$script" "$*" >&2; }
fail() { log "$*"; exit 69; }

# Sets arch, machine (of GNU), debian (its name there), compiler, and prefix (of its binutils).
use_architecture() { # x64|arm64
  arch=$1
  case $arch in
    x64) machine=x86_64 debian=amd64 ;;
    arm64) machine=aarch64 debian=arm64 ;;
    *) log "Unknown architecture '$arch': use x64 or arm64"; exit 64 ;;
  esac
  compiler=gcc
  [ "$(uname -m)" = $machine ] || compiler=$machine-linux-gnu-gcc
  prefix=${compiler%gcc}
}

# Exits if `target` was built from these files, as `run_build` has noted.
skip_if_built() { # target file...
  target=$1
  shift
  key=$(cat "$@" | sha256sum | cut -d' ' -f1)
  [ -x "$target" ] && [ "$(cat "$target.build" 2>/dev/null)" = "$key" ] && exit 0
  started=$(date +%s)
  mkdir -p "$tools/sources" "$(dirname "$target")"
  work=$(mktemp -d "$tools/$arch/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
}

# Unpacks sources into `work`. Each line: name, version, file in the pool of Debian, SHA-256.
unpack_sources() { # lines
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' |
    head -n 1)
  printf '%s\n' "$1" | while read -r name version path sha256; do
    file=$tools/sources/$(basename "$path")
    if ! printf '%s  %s\n' "$sha256" "$file" | sha256sum --status -c 2>/dev/null; then
      log "Downloading the source of $name $version"
      /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root download-file \
        "$archive$path" "$work/download" "SHA256:$sha256" || fail "Cannot download $path"
      mv "$work/download" "$file"
    fi
    tar -C "$work" -xf "$file"
  done
}

# Puts `target-cc` into PATH: the compiler with the C library of Debian 11, so that the result starts
# on older devices. It is one program with its flags, so that no path of this machine is in the
# result. It searches `work`/include and `work`/lib too.
use_old_libc() {
  sysroot=$tools/$arch/sysroot-bullseye
  "$root/scripts/unpack_debian" "$sysroot" bullseye $debian libc6 libc6-dev linux-libc-dev ||
    fail "Cannot download the C library of Debian 11"
  # Absolute links would lead out of the folder.
  find "$sysroot" -type l -lname '/*' | while read -r link; do
    ln -srfn "$sysroot$(readlink "$link")" "$link"
  done
  include=$($compiler -print-file-name=include)
  libraries=$sysroot/usr/lib/$machine-linux-gnu
  mkdir "$work/bin" "$work/lib" "$work/include"
  cat >"$work/bin/target-cc" <<END
#!/bin/sh
exec $compiler --sysroot="$sysroot" -B"$libraries" -L"$libraries" -nostdinc -isystem "$include" \\
  -isystem "$sysroot/usr/include/$machine-linux-gnu" -isystem "$sysroot/usr/include" \\
  -I"$work/include" -L"$work/lib" -ffile-prefix-map="$work"=. -include "$compat" \\
  -D_FORTIFY_SOURCE=2 -fstack-protector-strong "\$@"
END
  chmod 755 "$work/bin/target-cc"
  PATH=$work/bin:$PATH
  # Reproducible archives and no time of the build.
  export SOURCE_DATE_EPOCH=0 ARFLAGS=rcD
}

# Runs the function `build`, which leaves the program in `target`.new.
run_build() {
  log "Building $(basename "$target") for $arch"
  # In the background, a failed command ends the function.
  build >"$work/log" 2>&1 &
  wait $! || { tail -n 30 "$work/log" >&2; fail "Cannot build $(basename "$target") for $arch"; }
  mv "$target.new" "$target"
  printf '%s\n' "$key" >"$target.build"
  log "Built ${target#"$root/"} in $(($(date +%s) - started)) s"
}
