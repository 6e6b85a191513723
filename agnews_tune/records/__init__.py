"""What trials leave on disk; only the modules of this folder know the layout of ``results/``."""
