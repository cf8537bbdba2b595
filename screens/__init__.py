"""The terminal: the Textual application, and one screen (with its .tcss beside it) per section."""
