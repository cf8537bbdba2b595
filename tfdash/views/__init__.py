"""Which columns, how sorted, how written: pure functions over ``tfdash.model``, used by screens and reports alike."""
