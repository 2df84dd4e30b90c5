#!/usr/bin/env bash
# Builds the images that the fixtures start.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/functional_tests_commons.sh"

usage() {
    cat <<'TEXT'
Usage: build_status_go_docker.sh [--context DIR]

With no argument: builds the reference images (waku, codex, status-backend) where their sources changed.
With --context DIR: builds DIR with its own Dockerfile, a checkout of status-go say, and tags it
statusgo-<short commit>; run scenarios on it with: run_functional_tests_dev.sh -- --docker-image statusgo-<short commit>
TEXT
}

case ${1:-} in -h | --help) usage && exit 0 ;; esac
prepare_python
PYTHONPATH=$HARNESS${PYTHONPATH:+:$PYTHONPATH} "$PYTHON" -m fleet.images "$@"
