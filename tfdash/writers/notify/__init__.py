"""What takes a message out of this program: one module for each kind of channel."""
