"""The command of the trials: ``counting.py FILE RUN STEP SECONDS`` appends one line, by one write, and takes so long."""

import os
import sys
import time

if __name__ == "__main__":
    file, run, step, seconds = sys.argv[1:5]
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{run} {step}\n".encode())
    os.fsync(descriptor)
    time.sleep(float(seconds))
