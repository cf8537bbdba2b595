"""The dated promises and the release calendar as iCalendar (RFC 5545), for other people's calendars. Pure, but for the library's import.

``events``    one entry of a calendar, and its lasting name
``promises``  the maintenance items as entries
``releases``  release windows, blackout, holidays and freezes as entries
``zones``     an IANA zone as VTIMEZONE
``writing``   the file, held against the one that was written before: what changed, what was withdrawn
"""
