"""What a gate answers, in every format: text and JSON as each gate has them, Markdown and JUnit alike for all. Pure."""
