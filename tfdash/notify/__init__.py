"""Messages to people: made of templates, kept until they are delivered, told once."""
