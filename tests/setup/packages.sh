# shellcheck shell=bash
# Unpacks packages of the distribution beside the project, without root and without touching
# the system: a private apt state (own lists, own empty dpkg status, the machine's own sources,
# keyrings and proxy settings), the whole closure of libraries down to libc, and a wrapper per
# program that starts it through that closure's dynamic loader. Mixing the libraries of another
# release with the system's libc does not work; bringing the libc along does.

# unpack RELEASE-ROOT SUITE PACKAGES PROGRAMS
#   root      folder under $tools the packages are unpacked into
#   suite     empty for the machine's own release, else the suite to read instead ("testing")
#   packages  names, separated by spaces
#   programs  names; each gets a wrapper in $tools/bin
unpack() {
  local root=$1 suite=$2 packages=$3 programs=$4
  local apt=$tools/apt/$root log=$tools/log/$root.log
  : >"$log"

  private_apt "$apt" "$suite"

  begin "package lists of ${suite:-$release}"
  logged "$log" apt-get -c "$apt/apt.conf" -q -o APT::Update::Error-Mode=any update ||
    fail "cannot read the package lists of ${suite:-$release}" "$(reason_in "$log")" \
      "check that 'apt-get update' works on this machine (network, proxy, keyring), then run this again"
  finish

  # shellcheck disable=SC2086  # a list of names
  logged "$log" apt-get -c "$apt/apt.conf" -s --no-install-recommends install $packages ||
    fail "${suite:-$release} cannot provide $packages" "$(reason_in "$log")" \
      "install the programs ($programs) by hand so that they are on PATH, then run this again"
  # One `name=version` per line: what was asked for, and of its dependencies the libraries, Perl,
  # and what the empty package `postgresql` stands for.
  awk -v wanted=" $packages " '
    $1 == "Inst" { sub(/^\(/, "", $3)
      if (index(wanted, " " $2 " ") || $2 ~ /^lib/ || $2 ~ /-libs$/ || $2 == "zlib1g" || $2 ~ /^perl/ ||
        $2 ~ /^postgresql-[0-9]+$/) print $2 "=" $3 }
  ' "$log" | sort -u >"$apt/closure"

  begin "$(wc -l <"$apt/closure" | tr -d ' ') packages of ${suite:-$release}"
  mkdir -p "$apt/debs"
  # What an interrupted run already fetched is kept: apt compares it with the signed list.
  # shellcheck disable=SC2046  # a list of names
  (cd "$apt/debs" && logged "$log" apt-get -c "$apt/apt.conf" -q download $(cat "$apt/closure")) ||
    fail "a package could not be downloaded" "$(reason_in "$log")" "run this again: it continues where it stopped"
  finish "downloaded, $(du -sm "$apt/debs" | cut -f1) MB"

  local fresh=$tools/.$root.new package deb
  rm -rf "$fresh"
  mkdir -p "$fresh"
  begin "unpacking into target/tools/$root"
  while read -r package; do
    # An epoch's colon is written `%3a` in a file's name.
    deb=$(echo "$apt/debs/$(printf '%s' "$package" | sed 's/:/%3a/g; s/=/_/')"_*.deb)
    logged "$log" dpkg-deb --extract "$deb" "$fresh" ||
      fail "$(basename "$deb") cannot be unpacked" "$(reason_in "$log")" \
        "check the free disk space, then run this again"
  done <"$apt/closure"
  rm -rf "${tools:?}/$root"
  mv "$fresh" "$tools/$root"
  finish

  local program
  for program in $programs; do wrap "$root" "$program"; done
  rm -rf "$apt/debs" "$apt/cache" "$apt/state"
}

# The version of a package in the closure that `unpack` worked out, without epoch and revision.
unpacked_version() {
  sed -n "s/^$2=//p" "$tools/apt/$1/closure" | sed 's/^[0-9]*://; s/-[^-]*$//'
}

# private_apt FOLDER SUITE: an apt configuration that reads the machine's settings (proxy,
# keyrings, certificates) and replaces only where things are kept and which suite is read.
private_apt() {
  local apt=$1 suite=$2 SOURCE_LIST='' SOURCE_PARTS='' alias
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  eval "$(apt-config shell SOURCE_LIST Dir::Etc::sourcelist/f SOURCE_PARTS Dir::Etc::sourceparts/d)"

  local files=() file
  for file in "$SOURCE_LIST" "${SOURCE_PARTS%/}"/*.list "${SOURCE_PARTS%/}"/*.sources; do
    if [ -s "$file" ]; then files+=("$file"); fi
  done
  : >"$apt/machine.sources"
  if [ ${#files[@]} -gt 0 ]; then
    # A machine may name its release ("bookworm") or the role it plays ("stable").
    for alias in "$release" stable oldstable testing unstable sid; do
      if [ -s "$apt/machine.sources" ]; then break; fi
      awk -v release="$alias" -v replace="$suite" -f "$here/sources.awk" "${files[@]}" >"$apt/machine.sources"
    done
  fi
  if [ ! -s "$apt/machine.sources" ]; then
    fail "no package source of $release found" \
      "none of the entries in $SOURCE_LIST and $SOURCE_PARTS names the release $release" \
      "add the distribution's own source to apt, or install the programs by hand so that they are on PATH"
  fi

  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/machine.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$apt/state";
Dir::State::Lists "$apt/state/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
APT::Default-Release "";
#clear APT::Architectures;
APT::Architectures { "$(dpkg --print-architecture)"; };
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb;
Acquire::IndexTargets::deb::Packages {
  MetaKey "\$(COMPONENT)/binary-\$(ARCHITECTURE)/Packages";
  flatMetaKey "Packages";
  ShortDescription "Packages";
  Description "\$(RELEASE)/\$(COMPONENT) \$(ARCHITECTURE) Packages";
  flatDescription "\$(RELEASE) Packages";
  Optional "no";
};
Acquire::Languages "none";
Acquire::Retries "3";
CONF
}

# wrap ROOT PROGRAM: writes $tools/bin/PROGRAM, after checking that every library it needs is there.
# Where the program is a script, it is Perl's, which is unpacked too.
wrap() {
  local root=$1 program=$2 folder='' loader missing started modules='' script=''
  for folder in usr/bin usr/sbin bin sbin none; do
    if [ -x "$tools/$root/$folder/$program" ]; then break; fi
  done
  if [ "$folder" = none ]; then
    fail "the unpacked packages have no program $program" "the distribution moved it to another package" \
      "install $program by hand so that it is on PATH, then run this again"
  fi
  started=$folder/$program
  if [ "$(head -c 2 "$tools/$root/$started")" = '#!' ]; then
    modules="export PERL5LIB=\"$(perl_modules_in "$root")\""
    script="\"\$root/$started\""
    started=usr/bin/perl
  fi
  loader=$(loader_in "$root")
  # systemd has a folder of its own.
  local libraries="$tools/$root/lib/$triplet:$tools/$root/usr/lib/$triplet:$tools/$root/usr/lib/$triplet/systemd"
  missing=$("$tools/$root/$loader" --library-path "$libraries" --list "$tools/$root/$started" 2>&1 |
    grep -E 'not found|cannot' || true)
  if [ -n "$missing" ]; then
    fail "$program lacks a library" "$missing" "install $program by hand so that it is on PATH, then run this again"
  fi
  mkdir -p "$tools/bin"
  cat >"$tools/bin/.$program.new" <<WRAPPER
#!/bin/sh
# Written by tests/setup: starts an unpacked program through the loader it was unpacked with.
self=\$(readlink -f "\$0")
root=\${self%/*}/../$root
$modules
exec "\$root/$loader" --library-path "\$root/lib/$triplet:\$root/usr/lib/$triplet:\$root/usr/lib/$triplet/systemd" "\$root/$started" $script "\$@"
WRAPPER
  chmod 755 "$tools/bin/.$program.new"
  mv -f "$tools/bin/.$program.new" "$tools/bin/$program"
}

# Where the modules of an unpacked Perl are, as a wrapper says it.
perl_modules_in() {
  local place=$tools/$1 folder modules=''
  for folder in "$place"/etc/perl "$place"/usr/share/perl5 "$place/usr/lib/$triplet"/perl5/[0-9]* \
    "$place/usr/lib/$triplet/perl-base" "$place/usr/lib/$triplet"/perl/[0-9]* "$place"/usr/share/perl/[0-9]*; do
    if [ -d "$folder" ]; then modules="$modules:\$root${folder#"$place"}"; fi
  done
  printf '%s' "${modules#:}"
}

# The dynamic loader of an unpacked root, relative to it.
loader_in() {
  local root=$1 file
  for file in "$tools/$root/usr/lib/$triplet"/ld-linux*.so.* "$tools/$root/lib/$triplet"/ld-linux*.so.*; do
    if [ -x "$file" ]; then
      printf '%s' "${file#"$tools/$root/"}"
      return
    fi
  done
  fail "no dynamic loader in target/tools/$root" "libc of $(uname -m) has none of the known names" \
    "install the programs by hand so that they are on PATH, then run this again"
}

# Sets $release and $triplet, or says why packages cannot be unpacked here.
know_the_distribution() {
  if [ -n "${release:-}" ]; then return; fi
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    fail "missing: $1" "not on PATH, and only where there is apt can the set-up fetch them by itself" "$2"
  fi
  # shellcheck disable=SC1091  # a file of the machine
  release=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  distribution=$(. /etc/os-release && printf '%s' "${ID:-}")
  triplet=$(uname -m)-linux-gnu
  case $(dpkg --print-architecture) in
    amd64) triplet=x86_64-linux-gnu ;;
    arm64) triplet=aarch64-linux-gnu ;;
    armhf) triplet=arm-linux-gnueabihf ;;
    i386) triplet=i386-linux-gnu ;;
  esac
  if [ -z "$release" ]; then
    fail "missing: $1" "/etc/os-release names no release (VERSION_CODENAME)" "$2"
  fi
}
