# shellcheck shell=bash
# What compiles the resolver's core for wasm32: the toolchain's own target where it is installed,
# else Debian's compiler of the browsers with its library's source; clang for the C in ring; Node.js.

wasm_remedy="run 'rustup target add wasm32-unknown-unknown' and install clang and Node.js so that they are on PATH"

wasm() {
  local found library recipe
  if ! found=$(machine_program node); then
    fail "missing: node" "it runs the WebAssembly module" "install Node.js 18 or newer so that \`node\` is on PATH"
  fi
  say "node: $found"

  library=$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null || true)
  if [ -d "$library" ] && machine_program clang >/dev/null; then
    rm -rf "$tools/wasm"
    say "wasm32: the Rust toolchain's own target"
    return
  fi

  know_the_distribution "the target wasm32-unknown-unknown of Rust, or clang" "$wasm_remedy"
  # Other releases have no rustc-web, or one that is too old.
  if [ "$release" != bookworm ]; then
    fail "missing: the target wasm32-unknown-unknown of Rust, or clang" \
      "neither is here, and $distribution $release has no packages of them the set-up could unpack" "$wasm_remedy"
  fi
  recipe="1 $release $triplet"
  if is_stamped wasm "$recipe" ""; then
    say "wasm32: $(stamped wasm)(installed before)"
    return
  fi
  unpack wasm "" "rustc-web rust-web-src clang-14 libclang-common-14-dev" ""
  compiler rustc usr/bin/rustc ''
  compiler clang usr/lib/llvm-14/bin/clang '-resource-dir "$root/usr/lib/llvm-14/lib/clang/14.0.6"'
  begin "rustc-web $(unpacked_version wasm rustc-web)"
  logged "$tools/log/wasm.log" "$tools/wasm/bin/rustc" --version &&
    logged "$tools/log/wasm.log" "$tools/wasm/bin/clang" --version ||
    fail "the compilers were installed but do not start" "$(reason_in "$tools/log/wasm.log")" "$wasm_remedy"
  echo "rustc-web $(unpacked_version wasm rustc-web)" | stamp wasm "$recipe"
  finish
}

# compiler NAME FILE OPTIONS: writes target/tools/wasm/bin/NAME. It is not on PATH, where it would
# hide the toolchain's own.
compiler() {
  local loader
  loader=$(loader_in wasm)
  mkdir -p "$tools/wasm/bin"
  cat >"$tools/wasm/bin/$1" <<WRAPPER
#!/bin/sh
# Written by tests/setup: starts an unpacked compiler through the loader it was unpacked with.
self=\$(readlink -f "\$0")
root=\${self%/*/*}
exec "\$root/$loader" --library-path "\$root/lib/$triplet:\$root/usr/lib/$triplet" "\$root/$2" $3 "\$@"
WRAPPER
  chmod 755 "$tools/wasm/bin/$1"
}
