#!/bin/sh
# Scan the waku fleet first, where SCAN_WAKU_FLEET holds a command that does: without a fleet there is no start.
set -e
if [ -n "$SCAN_WAKU_FLEET" ]; then
    # Unquoted on purpose: a command with its arguments.
    $SCAN_WAKU_FLEET
fi
exec "$@"
