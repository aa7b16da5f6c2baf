# shellcheck shell=bash
# Cargo's own sub-commands, from PATH or built from crates.io into target/tools. The versions are
# the last ones that build with the Rust version the workspace asks for.

nextest() {
  lint_components
  cargo_tool cargo-nextest 0.9.114 "--no-default-features --features default-no-update"
}

deny() { cargo_tool cargo-deny 0.20.2 ""; }

mutants() { cargo_tool cargo-mutants 27.1.0 ""; }

# libFuzzer itself comes with a crate and is compiled from C++.
fuzz() {
  if ! echo 'int main() { return 0; }' | c++ -x c++ -c -o "$tools/.probe.o" - 2>/dev/null; then
    fail "missing: a C++ compiler" "libFuzzer is compiled from C++" \
      "install one (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++)"
  fi
  rm -f "$tools/.probe.o"
  cargo_tool cargo-fuzz 0.13.2 ""
}

# cargo_tool CRATE VERSION OPTIONS: built unoptimised, because these programs mostly wait for
# others, and a build for speed takes several times as long.
cargo_tool() {
  local crate=$1 version=$2 options=$3 found log=$tools/log/$1.log
  if found=$(machine_program "$crate"); then
    link "$crate" "$found"
    say "$crate: $found"
    return
  fi
  if is_stamped "$crate" "1 $version" "$crate"; then
    say "$crate $version (installed before)"
    return
  fi
  say "$crate $version is built from crates.io once; one to two minutes on two cores"
  : >"$log"
  begin "$crate $version"
  # What an interrupted build finished is kept until the whole is.
  # shellcheck disable=SC2086  # a list of options
  logged "$log" env -u CARGO_BUILD_TARGET CARGO_TARGET_DIR="$tools/build" \
    cargo install --debug --locked --force --root "$tools/$crate" $options "$crate@$version" ||
    fail "$crate could not be built" "$(reason_in "$log")" \
      "run this again; or 'cargo install --locked $crate' so that it is on PATH"
  rm -rf "$tools/build"
  link "$crate" "../$crate/bin/$crate"
  echo "$crate $version" | stamp "$crate" "1 $version"
  finish
}
