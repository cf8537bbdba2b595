"""What changed on the platform: what the board saw pass by, and what managers and revisions tell."""
