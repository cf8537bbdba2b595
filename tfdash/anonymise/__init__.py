"""Others' names out of what is handed on: one table of aliases for each file, and one walk that everything of the model passes.

What a field holds is a name unless ``fields`` says otherwise: who forgets a field loses a word there, and gives none away. Free
text is rewritten by the names that the table knows, and by what is plainly a name (addresses, people's mail, what stands in
quotes); a name that nothing else tells of and that is a plain word of a sentence stays in it. A judgement is rewritten with its
words and not made anew: settings that name namespaces would match no alias.
"""
