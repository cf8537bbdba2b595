"""Reports of a span of time: a release, a day, a week, an audit. ``facts.py`` says what they are made of, ``contents.py`` which parts each has."""
