#!/usr/bin/env bash
# Regenerates the protobuf modules that are checked in.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/functional_tests_commons.sh"

usage() {
    cat <<'TEXT'
Usage: generate_protobuf.sh [--check]

Writes the Python modules of all .proto files, beside them. With --check it writes nothing and fails where the modules
that are checked in differ from what the .proto files give.
TEXT
}

case ${1:-} in -h | --help) usage && exit 0 ;; esac
prepare_python
"$PYTHON" "$SCRIPTS/generate_protobuf.py" "$@"
