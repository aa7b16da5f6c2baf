# shellcheck shell=bash
# Schemathesis, which asks the HTTP API whatever its description allows: from PyPI.

schemathesis_version=4.32.5
schemathesis_remedy="install Python 3.10 or newer with venv and pip (Debian, Ubuntu: apt-get install python3-venv; \
Fedora: dnf install python3-pip; macOS: brew install python)"

schemathesis() {
  from_pypi Schemathesis schemathesis "$schemathesis_version" "schemathesis==$schemathesis_version" --version "$schemathesis_remedy"
}
