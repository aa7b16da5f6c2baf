# shellcheck shell=bash
# The name servers that ours is measured beside, and what asks them: only for `make bench-dns`.

# package, program, and arguments with which it starts, says something and ends well
authority_programs="knot     knotd    -V
nsd      nsd      -v
bind9    named    -V
dnsperf  dnsperf  -h"

authorities_remedy="install them so that they are on PATH \
(macOS: brew install knot nsd bind dnsperf; Fedora: dnf install knot nsd bind dnsperf; Arch: pacman -S knot nsd bind dnsperf)"

authorities() {
  bring "DNS servers" authorities "$authority_programs" "$authorities_remedy"
}
