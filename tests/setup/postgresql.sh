# shellcheck shell=bash
# PostgreSQL, which servers of payname share as their store: the tests start clusters of their own.
#
# Distributions keep its programs beside PATH, one folder for each version.

postgresql_remedy="install it so that initdb and postgres are on PATH or in /usr/lib/postgresql/*/bin \
(macOS: brew install postgresql; Fedora: dnf install postgresql-server; Arch: pacman -S postgresql)"

postgresql() {
  local folder program version
  if folder=$(postgresql_folder); then
    for program in initdb postgres; do link "$program" "$folder/$program"; done
    say "PostgreSQL on this machine: $("$folder/postgres" -V | sed 's/^[^0-9]*//; s/ .*//')"
    return
  fi

  know_the_distribution "initdb, postgres" "$postgresql_remedy"
  local recipe="1 postgresql $release $triplet"
  if is_stamped postgresql "$recipe" "initdb postgres"; then
    say "PostgreSQL: $(stamped postgresql)(installed before)"
    return
  fi
  # The package `postgresql` is empty and names the release's own version.
  unpack postgresql "" postgresql ""
  version=$(sed -n 's/^postgresql-\([0-9]*\)=.*/\1/p' "$tools/apt/postgresql/closure")
  begin "PostgreSQL $version"
  for program in initdb postgres; do wrap_postgresql "$version" "$program"; done
  try initdb --version
  try postgres -V
  echo "$version" | stamp postgresql "$recipe"
  finish
}

# Prints the folder of the newest PostgreSQL of this machine that has what the tests start.
postgresql_folder() {
  local folder found
  if found=$(machine_program postgres) && [ -x "$(dirname "$(readlink -f "$found")")/initdb" ]; then
    dirname "$(readlink -f "$found")"
    return
  fi
  found=''
  while read -r folder; do
    if [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ]; then found=$folder; fi
  done < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V)
  [ -n "$found" ] && printf '%s' "$found"
}

# wrap_postgresql VERSION PROGRAM: initdb starts postgres by itself and finds it and its files beside
# itself, so both run as they are, with their libraries named in the environment. They are of the
# machine's own release, so its loader fits.
wrap_postgresql() {
  local version=$1 program=$2
  cat >"$tools/bin/.$program.new" <<WRAPPER
#!/bin/sh
# Written by tests/setup: starts an unpacked program with the libraries it was unpacked with.
self=\$(readlink -f "\$0")
root=\${self%/*}/../postgresql
LD_LIBRARY_PATH=\$root/usr/lib/$triplet\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
exec "\$root/usr/lib/postgresql/$version/bin/$program" "\$@"
WRAPPER
  chmod 755 "$tools/bin/.$program.new"
  mv -f "$tools/bin/.$program.new" "$tools/bin/$program"
}
