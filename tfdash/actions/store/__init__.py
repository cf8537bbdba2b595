"""What a person decides, and what is remembered as verified: actions whose target is the store."""
