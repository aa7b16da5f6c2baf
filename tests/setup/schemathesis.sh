# shellcheck shell=bash
# Schemathesis, which asks the HTTP API whatever its description allows: from PATH, or from PyPI into a
# virtual environment below target/tools. It needs Python 3.10 or newer, with pip.

schemathesis_version=4.32.5
schemathesis_remedy="install Python 3.10 or newer with venv and pip (Debian, Ubuntu: apt-get install python3-venv; \
Fedora: dnf install python3-pip; macOS: brew install python), or 'pipx install schemathesis==$schemathesis_version' so that it is on PATH"

schemathesis() {
  local python log=$tools/log/schemathesis.log folder=$tools/schemathesis
  local recipe="1 $schemathesis_version"
  if is_stamped schemathesis "$recipe" schemathesis; then
    say "Schemathesis $schemathesis_version (installed before)"
    return
  fi
  if ! python=$(python_of_schemathesis); then
    fail "missing: Python 3.10 or newer" "Schemathesis, which tests the HTTP API, is written in it" "$schemathesis_remedy"
  fi
  begin "Schemathesis $schemathesis_version from PyPI"
  : >"$log"
  rm -rf "$folder"
  logged "$log" "$python" -m venv "$folder" ||
    fail "no virtual environment of Python could be made" "$(reason_in "$log")" "$schemathesis_remedy"
  logged "$log" "$folder/bin/python" -m pip install --quiet --no-input "schemathesis==$schemathesis_version" ||
    fail "Schemathesis could not be installed" "$(reason_in "$log")" \
      "look whether PyPI can be reached (pip's own settings and proxies apply), and run this again"
  link schemathesis "../schemathesis/bin/schemathesis"
  try schemathesis --version
  echo "$schemathesis_version" | stamp schemathesis "$recipe"
  finish
}

# Prints a Python that is new enough and can make virtual environments with pip.
python_of_schemathesis() {
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
