"""What the exit codes of commands mean, as their help says it."""

from __future__ import annotations

CODES = """\
exit codes:
  0  ok            1  findings (WARN or BREACH)      2  data that is unknown
  3  error         64 wrong usage or configuration   130 interrupted

stdout is data, stderr is narration.
"""
RELEASE = """\
exit codes:
  0  open, or an approved emergency    1  closed    2  open, but the clock could not be checked
"""
CANARY = """\
exit codes:
  0  every trigger passes and the hold is over
  1  a trigger is breached, or the release is stuck or aborted
  2  not known: held yet, too little traffic, no metrics, no release in flight
"""
RIGHTSIZE = """\
exit codes:
  0  all requests fit    1  some do not, by 0.25 cores or 250 MiB    2  of some or all nothing is known
"""
RESOURCES = """\
exit codes:
  0  all in order    1  outside a band, over a quota or another finding    2  not known, or not seen for long enough
"""
SECTION = """\
exit codes:
  0  all in order    1  something is WARN or BREACH    2  something is not known
"""
VERSIONS = """\
exit codes:
  0  it may go           1  it may not go yet, or none waits           2  not known, or this is not production
"""
CERTIFICATES = """\
exit codes:
  0  all in order    1  one is late, failing, not ready or expired    2  of some nothing is known
"""
MAINTENANCE = """\
exit codes:
  0  none is overdue    1  one is    2  of one it is not known; nothing is on record; of one that is named, also while nobody watches it
"""
CALENDAR = """\
exit codes:
  0  none is overdue    1  one is    2  of one it is not known, or what was to be recorded is not
"""
BUNDLE = """\
exit codes:
  0  written    2  written, and something that belongs in it could not be had    3  not written
"""
PROCEDURES = """\
exit codes:
  0  all right    1  a file is not right, or differs    64  there is no such procedure
"""
PROCEDURES_RUN = """\
exit codes:
  0  nothing would stop it    1  something would    2  that is not known    64  it was asked for wrongly
"""
PROCEDURES_RESUME = """\
exit codes:
  0  it is taken up    2  nothing was recorded    64  the file holds no run
"""
PROCEDURES_LEARN = """\
exit codes:
  0  nothing is proposed    1  something is    2  the store was not read in time    64  there is no such procedure
"""
