# shellcheck shell=bash
# What no one here wrote and we are measured by: the DNS implementations of Unbound, BIND, NLnet Labs
# and Knot, which judge our answers, and Tor, through which names are asked; from PATH or from the
# distribution's own release.

# package, program, and arguments with which it starts, says something and ends well
judge_programs="unbound         unbound            -V
unbound         unbound-checkconf  -h
unbound         unbound-control    -h
unbound-host    unbound-host       -h
bind9-dnsutils  delv               -v
bind9-dnsutils  dig                -v
bind9-utils     named-checkzone    -v
bind9-utils     dnssec-verify      -V
bind9-utils     dnssec-dsfromkey   -V
ldnsutils       ldns-verify-zone   -v
ldnsutils       drill              -v
knot-dnssecutils kzonecheck        -V
knot-dnsutils   kdig               -V
openssl         openssl            version
tor             tor                --version
tor             tor-gencert        --help"

judges_remedy="install them so that they are on PATH \
(macOS: brew install unbound bind ldns knot tor; Fedora: dnf install unbound unbound-utils bind-utils bind-dnssec-utils ldns-utils knot-utils tor; \
Arch: pacman -S unbound bind ldns knot tor)"

judges() {
  bring judges own-release "$judge_programs" "$judges_remedy"
}

# bring TITLE ROOT PROGRAMS REMEDY: has programs in a table like the one above in $tools/bin.
#   root  folder under $tools for those that are not on PATH
bring() {
  local title=$1 root=$2 table=$3 remedy=$4
  local package program arguments found missing_packages='' missing_programs='' of_machine=''
  while read -r package program arguments; do
    if found=$(machine_program "$program"); then
      link "$program" "$found"
      of_machine="$of_machine $program"
    else
      missing_programs="$missing_programs $program"
      case " $missing_packages " in
        *" $package "*) ;;
        *) missing_packages="$missing_packages $package" ;;
      esac
    fi
  done <<<"$table"
  if [ -n "$of_machine" ]; then say "$title on this machine:$of_machine"; fi
  if [ -z "$missing_programs" ]; then return; fi

  know_the_distribution "${missing_programs# }" "$remedy"
  local recipe="2$missing_packages $release $triplet"
  if is_stamped "$root" "$recipe" "$missing_programs"; then
    say "$title: $(stamped "$root")(installed before)"
    return
  fi
  unpack "$root" "" "$missing_packages" "$missing_programs"
  for package in $missing_packages; do
    begin "$package $(unpacked_version "$root" "$package")"
    try_programs_of "$package" "$missing_programs" "$table"
    finish
  done
  for package in $missing_packages; do
    echo "$package $(unpacked_version "$root" "$package")"
  done | stamp "$root" "$recipe"
}

try_programs_of() {
  local package program arguments
  while read -r package program arguments; do
    if [ "$package" != "$1" ]; then continue; fi
    case " $2 " in
      # Some print their help and then report failure; that they start is what matters.
      *" $program "*) try_start "$program" "$arguments" ;;
    esac
  done <<<"$3"
}

# As `try`, but content with any status below 126: above are "cannot run" and signals.
try_start() {
  local log=$tools/log/try.log status=0
  : >"$log"
  logged "$log" "$tools/bin/$1" "$2" || status=$?
  if [ "$status" -ge 126 ] || grep -qE "error while loading shared libraries|^Can't (load|locate) " "$log"; then
    fail "$1 was installed but does not start" "$(reason_in "$log")" \
      "run target/tools/bin/$1 $2 to see; 'make clean-tools' and this again may help"
  fi
}
