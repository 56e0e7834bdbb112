#!/bin/sh
# Runs the script beside the link by which it was called; see programs.ts.
read -r first <"$0.script"
exec ${first#??} "$0.script" "$@"
