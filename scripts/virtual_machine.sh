# Functions of the scripts that test in emulated machines. The caller sets `root`, and `script` to its
# own name.

vm=$root/.tools/vm

log() { printf '%s: %s\n' "$script" "$*" >&2; }

# Installs the Debian packages that are missing.
need_packages() { # package...
  missing=
  for package; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
      missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  log "Installing Debian packages:$missing"
  as_root=
  [ "$(id -u)" -eq 0 ] || as_root=sudo
  $as_root apt-get -qq update
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get -qq -y --no-install-recommends install $missing \
    >/dev/null
}

# Unpacks Debian's kernel into `vm`/kernel; it is for the machine, and is not installed.
need_kernel() {
  [ ! -e "$vm/kernel/whole" ] || return 0
  package=$(apt-cache depends linux-image-amd64 |
    sed -n 's/ *Depends: *\(linux-image-.*\)/\1/p' | head -n 1)
  log "Downloading $package"
  rm -rf "$vm/kernel"
  mkdir -p "$vm/fetch" "$vm/kernel"
  (cd "$vm/fetch" && apt-get -qq -o APT::Sandbox::User=root download "$package")
  dpkg -x "$vm/fetch/$package"_*.deb "$vm/kernel"
  rm -rf "$vm/fetch"
  busybox depmod -b "$vm/kernel" "$(ls "$vm/kernel/lib/modules")"
  touch "$vm/kernel/whole"
}

# Creates a minimal Debian that boots, in `vm`/device-SUITE, without the program. Needs root.
need_device_system() { # suite
  system=$vm/device-$1
  [ ! -e "$system/whole" ] || return 0
  log "Creating a minimal Debian with systemd ($1)"
  rm -rf "$system" "$system.new"
  mkdir -p "$vm"
  # The packages are for kernel modules, the user of the unit and the serial console.
  debootstrap --variant=minbase --include=systemd,systemd-sysv,udev,iproute2,kmod,dbus \
    "$1" "$system.new" >"$vm/debootstrap.log" 2>&1 || { tail -n 5 "$vm/debootstrap.log" >&2; exit 69; }
  rm -rf "$system.new"/var/cache/apt/archives/*.deb "$system.new"/var/lib/apt/lists/*
  touch "$system.new/whole"
  mv "$system.new" "$system"
}
