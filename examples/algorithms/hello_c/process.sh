#!/bin/sh
# The algorithm's folder is read-only and shared, so the program is built in the working directory.
set -eu
cc -std=c11 -O2 -Wall -Wextra -o hello "$KPL_ALGORITHM/hello.c"
exec ./hello
