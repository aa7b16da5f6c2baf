# shellcheck shell=bash
# Zonemaster, with which registries test delegations, and what puts it into a network of its own (Linux
# alone has that): from PATH or from the distribution's own release.

# as in judges.sh
zonemaster_programs="zonemaster-cli  zonemaster-cli     --version
iproute2        ip                 -V
util-linux      unshare            --version"

zonemaster_remedy="install them so that they are on PATH \
(Debian, Ubuntu: apt-get install zonemaster-cli iproute2 util-linux; \
elsewhere: iproute2 and util-linux from the distribution, and cpanm Zonemaster::CLI)"

zonemaster() {
  if [ "$(uname -s)" != Linux ]; then return; fi
  bring zonemaster zonemaster "$zonemaster_programs" "$zonemaster_remedy"
}
