#!/bin/sh
# As the original's image a command names its program, `codex --log-level=INFO`; options alone are the node's too.
case ${1:-} in
    codex) shift ;;
    '' | -*) ;;
    *) exec "$@" ;;
esac
exec python3 -m codex "$@"
