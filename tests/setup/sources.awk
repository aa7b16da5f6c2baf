# Reads the machine's own apt sources, one-line (`*.list`) and deb822 (`*.sources`) alike, and
# prints those of one release again in deb822 form, with the keyring each of them names.
#
#   release  the suite name to look for ("bookworm")
#   replace  when set, the suite written instead ("testing"), and only plain entries of the
#            release count; when empty, the release's updates and security entries are kept too

function wanted(suite) {
    if (suite == release) return 1
    if (replace != "") return 0
    return suite ~ ("^" release "(-updates|-security|/updates)$")
}

function emit(uris, suites, components, signed_by,    count, list, kept, i) {
    if (uris ~ /cdrom:/ || uris == "") return
    count = split(suites, list, /[ \t\n]+/)
    kept = ""
    for (i = 1; i <= count; i++)
        if (list[i] != "" && wanted(list[i])) kept = kept " " (replace != "" ? replace : list[i])
    if (kept == "") return
    if (replace != "") {
        if ((" " components " ") !~ /[ \t]main[ \t]/) return
        components = " main"
    }
    print "Types: deb"
    print "URIs:" uris
    print "Suites:" kept
    print "Components:" components
    if (signed_by != "") print "Signed-By:" signed_by
    print ""
}

function flush_stanza() {
    if ((" " field["types"] " ") ~ /[ \t]deb[ \t]/ && tolower(field["enabled"]) !~ /no|false|off|0/)
        emit(field["uris"], field["suites"], field["components"], field["signed-by"])
    split("", field)
    name = ""
}

FNR == 1 { flush_stanza(); stanzas = FILENAME ~ /\.sources$/ }
/^[ \t]*#/ { next }

stanzas && /^[ \t]*$/ { flush_stanza(); next }
stanzas && /^[ \t]/ { if (name != "") field[name] = field[name] "\n" $0; next }
stanzas {
    name = tolower(substr($0, 1, index($0, ":") - 1))
    value = substr($0, index($0, ":") + 1)
    field[name] = value
    next
}

$1 == "deb" {
    sub(/#.*/, "")
    signed_by = ""
    if (match($0, /\[[^]]*\]/)) {
        options = substr($0, RSTART + 1, RLENGTH - 2)
        if (match(options, /signed-by=[^ \t]+/)) signed_by = " " substr(options, RSTART + 10, RLENGTH - 10)
        sub(/\[[^]]*\]/, "")
    }
    components = ""
    for (i = 4; i <= NF; i++) components = components " " $i
    emit(" " $2, $3, components, signed_by)
}

END { flush_stanza() }
