# shellcheck shell=bash
# The name servers that follow ours as secondaries, and that it is measured beside.

# package, program, and arguments with which it starts, says something and ends well
authority_programs="knot                  knotd         -V
nsd                   nsd           -v
bind9                 named         -V
pdns-server           pdns_server   --version
pdns-backend-sqlite3  pdnsutil      --help
dnsperf               dnsperf       -h"

authorities_remedy="install them so that they are on PATH \
(macOS: brew install knot nsd bind pdns dnsperf; Fedora: dnf install knot nsd bind pdns pdns-backend-sqlite dnsperf; \
Arch: pacman -S knot nsd bind powerdns dnsperf)"

authorities() {
  bring "DNS servers" authorities "$authority_programs" "$authorities_remedy"
}
