#!/bin/sh
# May this release go on? Asks the gates of a platform, one after the other, and ends with one exit code for the pipeline:
#   0 yes    1 no    2 not known    3 it could not be done    64 wrong usage or configuration
# Whatever is not 0 has not said yes. Of several the gravest is told: what went wrong before a no, a no before what is not known.
#
#   gate.sh before            may a release begin: the calendar, and what is not in order that the baseline does not have
#   gate.sh after WORKLOAD    may the release go on: the playbook's rollback triggers, waited for
#
# Reports are left in $REPORTS (reports): *.xml for JUnit, *.md for a summary. TFDASH_CONFIG names the configuration, TFDASH_ENVIRONMENT
# the environment, BASELINE (tfdash-baseline.json) what was there before, WAIT (15m) how long a decision is waited for,
# READ (2m) how long for what is read, weeks of use among it. A baseline is written by
#   tfdash gate all --write-baseline tfdash-baseline.json --wait 10m
set -u

reports=${REPORTS:-reports}
baseline=${BASELINE:-tfdash-baseline.json}
worst=0

ask() { # NAME, and what tfdash gate is asked
    name=$1
    shift
    echo "== $name" >&2
    tfdash gate "$@" ${TFDASH_ENVIRONMENT:+--environment "$TFDASH_ENVIRONMENT"} \
        --report "$reports/$name.xml" --report "$reports/$name.md"
    code=$?
    case "$worst,$code" in
        *,0) ;;
        0,* | 2,*) worst=$code ;;
        1,2) ;;
        1,*) worst=$code ;;
    esac
}

usage() {
    echo "usage: $0 before | after WORKLOAD" >&2
    exit 64
}

case "${1:-}" in
    before)
        ask release release
        if [ -f "$baseline" ]; then
            ask all all --baseline "$baseline" --wait "${READ:-2m}" # weeks of use are read: without them it is not known
        else # what is there before anybody kept account of it stops no release unless it is a breach
            ask all all --fail-on breach
        fi
        ;;
    after)
        [ -n "${2:-}" ] || usage
        ask canary canary --workload "$2" --wait "${WAIT:-15m}"
        ;;
    *)
        usage
        ;;
esac
exit "$worst"
