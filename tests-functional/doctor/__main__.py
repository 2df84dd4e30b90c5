"""Prints the findings. The exit status is 1 where one of them is in the way of a run, else 0."""

from __future__ import annotations

import argparse
import sys

from doctor.checks import Level, examine, report
from doctor.facts import gather


def main() -> int:
    argparse.ArgumentParser(prog="doctor", description=__doc__).parse_args()
    findings = examine(gather())
    sys.stdout.write(report(findings))
    return int(any(finding.level is Level.FAIL for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
