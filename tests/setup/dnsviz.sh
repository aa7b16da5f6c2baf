# shellcheck shell=bash
# DNSViz, with which operators look at the chain of a zone: from PyPI, since `grok` of Debian 12 does not find the
# pygraphviz of Debian 12.

dnsviz_version=0.11.2
# What it draws with is looked for even where nothing is drawn.
dnsviz_packages="dnsviz==$dnsviz_version dnspython cryptography pygraphviz"
dnsviz_remedy="install Python 3.10 or newer with venv and pip (Debian, Ubuntu: apt-get install python3-venv; \
Fedora: dnf install python3-pip; macOS: brew install python)"

dnsviz() {
  from_pypi DNSViz dnsviz "$dnsviz_version" "$dnsviz_packages" "probe --help" "$dnsviz_remedy"
}
