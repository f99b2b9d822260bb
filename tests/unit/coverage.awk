# Reads gcov's text and compares the branches not taken with the list in unreached.txt; see
# coverage.sh.

function trim(text) {
    gsub(/[ \t]+/, " ", text)
    sub(/^ /, "", text)
    sub(/ $/, "", text)
    return text
}

BEGIN {
    while ((getline line <list) > 0) {
        if (line ~ /^#/ || line !~ /[^ \t]/)
            continue
        if (line ~ /^[ \t]/) # the reason
            continue
        count = 1
        what = trim(line)
        sometimes = sub(/ \[sometimes\]$/, "", what)
        if (match(what, / \[[0-9]+\]$/)) {
            count = substr(what, RSTART + 2, RLENGTH - 3) + 0
            what = substr(what, 1, RSTART - 1)
        }
        listed[what] = count
        by_luck[what] = sometimes
        order[++lists] = what
    }
}

/^ *-: *0:Source:/ {
    file = $0
    sub(/.*Source:/, "", file)
    wanted = file ~ /(^|\/)src\/(api|forward|expert|heap|pages|base)\/[^\/]*$/
    sub(/.*\//, "", file)
    name = ""
    next
}
/^function / {
    name = $2
    next
}
/^branch +[0-9]+ / {
    if (!wanted)
        next
    key = file SUBSEP line_number SUBSEP $2
    if (!(key in taken)) {
        taken[key] = 0
        there[file ":" name ": " trim(text)] = 1
        keys[++branches] = key
        at[key] = file ":" name ": " trim(text)
        where[key] = file ":" line_number
    }
    if ($3 == "taken")
        taken[key] += $4
    next
}
/^ *[^:]+: *[0-9]+:/ {
    line_number = $0
    sub(/^[^:]*: */, "", line_number)
    text = line_number
    sub(/:.*/, "", line_number)
    sub(/^[0-9]*:/, "", text)
}

END {
    reached = 0
    for (i = 1; i <= branches; i++) {
        if (taken[keys[i]] > 0) {
            reached++
            continue
        }
        what = at[keys[i]]
        if (!(what in missed))
            absent[++absents] = what
        missed[what]++
        places[what] = places[what] " " where[keys[i]]
    }
    wrong = 0
    for (i = 1; i <= absents; i++) {
        what = absent[i]
        if (missed[what] == listed[what] || (by_luck[what] && missed[what] < listed[what]))
            continue
        wrong++
        printf "not taken: %s%s\n", what, (missed[what] > 1) ? " [" missed[what] "]" : ""
        printf "          %s, listed: %d\n", places[what], listed[what]
    }
    for (i = 1; i <= lists; i++) {
        what = order[i]
        if (!(what in there)) {
            wrong++
            printf "listed but not there any more: %s\n", what
        } else if (!(what in missed) && !by_luck[what]) {
            wrong++
            printf "listed but taken: %s\n", what
        }
        listed_branches += listed[what]
    }
    printf "branches %d of %d, %d listed\n", reached, branches, listed_branches
    exit wrong || !branches
}
