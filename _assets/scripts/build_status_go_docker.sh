#!/usr/bin/env bash
# Builds the images that the fixtures start.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/functional_tests_commons.sh"

usage() {
    cat <<'TEXT'
Usage: build_status_go_docker.sh [--context DIR [--tag NAME] [--file DOCKERFILE] [--build-arg NAME=VALUE]...]

With no argument: builds the reference images (waku, codex, status-backend) where their sources changed.

With --context DIR: builds DIR, a checkout of status-go say, with its own Dockerfile, and prints the image's name:
statusgo-<short commit of DIR>, or NAME. Scenarios run on it with
  run_functional_tests_dev.sh -- --docker-image <name>
TEXT
}

CONTEXT='' TAG='' REST=()
while (($#)); do
    case $1 in
        -h | --help) usage && exit 0 ;;
        --context | --tag | --file | --build-arg)
            (($# > 1)) || usage_error "$1 needs a value"
            case $1 in
                --context) CONTEXT=$2 ;;
                --tag) TAG=$2 ;;
                *) REST+=("$1" "$2") ;;
            esac
            shift
            ;;
        *) usage_error "unknown argument $1" ;;
    esac
    shift
done

[[ -z $CONTEXT || -d $CONTEXT ]] || die "--context $CONTEXT: there is no such folder"
if [[ -n $CONTEXT && -z $TAG ]]; then
    commit=$(git -C "$CONTEXT" rev-parse --short HEAD 2>/dev/null) ||
        die "$CONTEXT has no commit to name the image after (or git is not installed): give --tag NAME"
    TAG=statusgo-$commit
fi

prepare_python
PYTHONPATH=$HARNESS${PYTHONPATH:+:$PYTHONPATH} "$PYTHON" -m fleet.images \
    ${CONTEXT:+--context "$CONTEXT"} ${TAG:+--tag "$TAG"} ${REST[@]+"${REST[@]}"}
