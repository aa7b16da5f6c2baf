# shellcheck shell=bash
# What cannot be unpacked beside the project: a C compiler, make, and a Rust toolchain.

prerequisites() {
  c_compiler
  rust_toolchain
}

c_compiler() {
  if works_c_compiler && command -v make >/dev/null; then return; fi
  local remedy="install a C compiler with its headers, and make \
(Debian, Ubuntu: apt-get install gcc libc6-dev make; Fedora: dnf install gcc make; Arch: pacman -S base-devel; \
macOS: xcode-select --install)"
  local why="SQLite, libsecp256k1 and the cryptography are compiled from C"
  if ! command -v apt-get >/dev/null; then fail "missing: a C compiler or make" "$why" "$remedy"; fi

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      fail "missing: a C compiler or make" "$why; neither root nor sudo is at hand to install it" "$remedy"
    elif [ -t 0 ]; then
      as_root=(sudo)
    elif sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    else
      fail "missing: a C compiler or make" "$why; sudo asks for a password and there is no terminal" "$remedy"
    fi
  fi
  local log=$tools/log/prerequisites.log
  : >"$log"
  begin "apt-get install gcc libc6-dev make"
  # `${array[@]+…}`: to older shells an empty array is unset. sudo asks for its password here, not into the log.
  ${as_root[@]+"${as_root[@]}"} true
  logged "$log" ${as_root[@]+"${as_root[@]}"} apt-get -q update || true
  logged "$log" ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y --no-install-recommends install gcc libc6-dev make ||
    fail "the C compiler could not be installed" "$(reason_in "$log")" "$remedy"
  finish
  if ! works_c_compiler; then fail "cc does not compile a small program" "see $log" "$remedy"; fi
}

works_c_compiler() {
  command -v cc >/dev/null &&
    printf '#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n' |
    cc -x c -c -o "$tools/.probe.o" - 2>/dev/null && rm -f "$tools/.probe.o"
}

rust_toolchain() {
  local remedy="install Rust with rustup (https://rustup.rs), or 'rustup update stable' if it is old" wanted have
  if ! command -v cargo >/dev/null && [ -x "${HOME:-}/.cargo/bin/cargo" ]; then PATH=$PATH:$HOME/.cargo/bin; fi
  if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
    fail "missing: cargo" "payname is written in Rust" "$remedy"
  fi
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$checkout/Cargo.toml")
  have=$(rustc --version | cut -d ' ' -f 2)
  if ! awk -v have="$have" -v wanted="$wanted" 'BEGIN {
    split(have, h, /[.-]/); split(wanted, w, ".")
    exit !(h[1] > w[1] || (h[1] == w[1] && h[2] >= w[2])) }'; then
    fail "Rust $have is too old" "payname needs $wanted or newer" "$remedy"
  fi
  say "Rust $have, $(cc --version | sed -n 1p), $(make --version 2>/dev/null | sed -n 1p)"
}

# Formatting and lints come with most toolchains, but rustup's minimal profile leaves them out.
lint_components() {
  if cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; then return; fi
  if ! command -v rustup >/dev/null; then
    fail "missing: cargo fmt or cargo clippy" "'make lint' runs both" "install rustfmt and clippy of the same version as rustc"
  fi
  local log=$tools/log/lint_components.log
  : >"$log"
  begin "rustup component add rustfmt clippy"
  logged "$log" rustup component add rustfmt clippy ||
    fail "rustfmt and clippy could not be installed" "$(reason_in "$log")" "run 'rustup component add rustfmt clippy'"
  finish
}
