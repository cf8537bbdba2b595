"""The command of the trials: ``counting.py FILE RUN STEP SECONDS FAILS`` appends one line, by one write, takes so long, and ends badly the first so many
times."""

import os
import sys
import time

if __name__ == "__main__":
    file, run, step, seconds, fails = sys.argv[1:6]
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    line = f"{run} {step}\n".encode()
    os.write(descriptor, line)
    os.fsync(descriptor)
    time.sleep(float(seconds))
    with open(file, "rb") as told:
        sys.exit(told.readlines().count(line) <= int(fails))
