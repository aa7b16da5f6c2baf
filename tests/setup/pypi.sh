# shellcheck shell=bash
# Programs of PyPI, each in a virtual environment of its own below target/tools. They need Python 3.10 or
# newer, with pip.

# from_pypi TITLE PROGRAM VERSION PACKAGES TRY REMEDY: has PROGRAM in $tools/bin.
#   packages  what pip is to install, separated by spaces
#   try       arguments with which it says something and ends well
from_pypi() {
  local title=$1 program=$2 version=$3 packages=$4 arguments=$5 remedy=$6
  local python log=$tools/log/$program.log folder=$tools/$program
  local recipe="1 $version in $tools" # its scripts name their Python by its whole path
  if is_stamped "$program" "$recipe" "$program"; then
    say "$title $version (installed before)"
    return
  fi
  if ! python=$(python_with_pip); then
    fail "missing: Python 3.10 or newer" "$title is written in it" "$remedy"
  fi
  begin "$title $version from PyPI"
  : >"$log"
  rm -rf "$folder"
  logged "$log" "$python" -m venv "$folder" ||
    fail "no virtual environment of Python could be made" "$(reason_in "$log")" "$remedy"
  # shellcheck disable=SC2086  # a list of names
  logged "$log" "$folder/bin/python" -m pip install --quiet --no-input $packages ||
    fail "$title could not be installed" "$(reason_in "$log")" \
      "look whether PyPI can be reached (pip's own settings and proxies apply), and run this again"
  link "$program" "../$program/bin/$program"
  # shellcheck disable=SC2086  # a list of words
  try "$program" $arguments
  echo "$version" | stamp "$program" "$recipe"
  finish
}

# Prints a Python that is new enough and can make virtual environments with pip.
python_with_pip() {
  local name found
  for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    if found=$(machine_program "$name") &&
      "$found" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
      printf '%s' "$found"
      return
    fi
  done
  return 1
}
