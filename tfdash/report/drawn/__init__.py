"""A text screen as a picture: its letters by whatever font there is, all that must fit together drawn as shapes."""
