"""What an operator may do: descriptors, plans, the one gate, the runner. Speaks to a Writer and a Ledger it is given."""
