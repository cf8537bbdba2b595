"""Are the playbook's dated promises kept? Pure: clock, policy and what is on record are passed in.

``policy``    the promises as settings
``cadence``   when one is to be kept, from one text
``periods``   the spans in which it is to be kept once
``history``   the verdict of each span, which later work does not change
``standing``  how it stands now
``at_once``   windows at one time on one target
``live``      what sources show by themselves
``seen``      that beside what is on record
``unread``    what is said where not all that is on record can be read
``places``    where: which environments, clusters, named places
``section``   its line
"""
