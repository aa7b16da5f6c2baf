# shellcheck shell=bash
# Where programs are looked for, and the stamps that make a second run quick.

# Prints the machine's own PROGRAM: on PATH, or where administrators' programs live, which a
# user's PATH often lacks. Never the one this set-up put into target/tools/bin.
machine_program() {
  local program=$1 folder
  local folders=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin:/opt/homebrew/sbin:/usr/local/bin
  local IFS=:
  for folder in $folders; do
    if [ "$folder" = "$tools/bin" ] || [ -z "$folder" ]; then continue; fi
    if [ -x "$folder/$program" ] && [ ! -d "$folder/$program" ]; then
      printf '%s' "$folder/$program"
      return 0
    fi
  done
  return 1
}

# link PROGRAM FILE: makes target/tools/bin/PROGRAM the machine's own one.
link() {
  if [ "$(readlink "$tools/bin/$1" || true)" != "$2" ]; then
    ln -s "$2" "$tools/bin/.$1.new"
    mv -f "$tools/bin/.$1.new" "$tools/bin/$1"
  fi
}

# is_stamped FOLDER RECIPE PROGRAMS: whether target/tools/FOLDER was finished by this very recipe
# and its programs are still where tests look.
is_stamped() {
  local program
  if [ "$(head -n 1 "$tools/$1/.stamp" 2>/dev/null || true)" != "$2" ]; then return 1; fi
  for program in $3; do
    if [ ! -x "$tools/bin/$program" ]; then return 1; fi
  done
}

# stamp FOLDER RECIPE: marks target/tools/FOLDER as finished; further lines, for people, come from
# standard input.
stamp() {
  { printf '%s\n' "$2" && cat; } >"$tools/$1/.stamp.new"
  mv -f "$tools/$1/.stamp.new" "$tools/$1/.stamp"
}

# What a stamp says beside its recipe, on one line.
stamped() { sed 1d "$tools/$1/.stamp" | tr '\n' ' '; }

# try PROGRAM ARGUMENTS…: starts an installed program once, so that a tool that cannot run is found here
# and not in the middle of a test.
try() {
  local program=$1 log=$tools/log/try.log
  : >"$log"
  shift
  logged "$log" "$tools/bin/$program" "$@" ||
    fail "$program was installed but does not start" "$(reason_in "$log")" \
      "run target/tools/bin/$program $* to see; after repairing it, run 'make clean-tools' and this again"
}
