"""Records become tables, findings and pictures; nothing here trains or needs torch or Ray."""
