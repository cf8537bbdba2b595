"""Headless export: one moment of what the screens show, for programs and for people. Imports nothing: the command line reads
``formats`` for its help.

``screens`` has the table of what is written of each page, ``formats`` the table of how, ``schemas`` the schemas of the JSON.
"""
