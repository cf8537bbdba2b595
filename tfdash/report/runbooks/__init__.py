"""A procedure as a document: on the terminal, as Markdown and as a page of HTML that is read without tfdash."""
