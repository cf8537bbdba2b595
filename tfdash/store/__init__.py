"""What must be remembered: the audit log, approvals, break-glass, verified releases. Local first, shared where it can be."""
