"""A grid file becomes experiments and trials; every fault has its line."""
