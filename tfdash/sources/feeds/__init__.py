"""Calendars of others that close ours: holidays and freezes out of files and addresses.

``expanding``  a calendar's events as closed times, bounded; hostile ones may take long, so it runs in a child
``child``      that child: limits on time and memory, what it read on stdout
``fetching``   the bytes of a file or an address, bounded in size and time
``kept``       the last copy of each on disk
``source``     when each is read, and what is said of it
"""
