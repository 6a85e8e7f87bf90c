#!/bin/sh
# Counts the files of the input "files" and writes a greeting. KPL gives paths in variables; nothing else is needed.
set -eu

# A value of a flat JSON object, without quotes. Enough here; use jq where values hold quotes themselves.
value() {
    tr -d '\n' <"$1" | sed -n "s/.*\"$2\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

send() {
    printf '%s\n' "$1" >>"$KPL_EVENTS"
}

greeting=$(value "$KPL_PARAMETERS" greeting)
least_bytes=$(value "$KPL_PARAMETERS" least_bytes)
input=$(value "$KPL_INPUTS" path) # the same as $KPL_INPUT_FILES

send '{"type": "progress", "value": 0.1, "message": "counting"}'
sizes=$(find "$input" -type f -size "+$((least_bytes - 1))c" -exec wc -c {} \; | awk '{print $1}')
files=$(printf '%s' "$sizes" | grep -c . || true)
bytes=$(printf '%s\n' "$sizes" | awk '{sum += $1} END {print sum + 0}')

echo "$greeting from the shell: $files files, $bytes bytes" | tee "$KPL_OUTPUT_REPORT/report.txt"
send "{\"type\": \"metric\", \"name\": \"files\", \"value\": $files}"
send "{\"type\": \"metric\", \"name\": \"bytes\", \"value\": $bytes}"
send '{"type": "progress", "value": 1}'
