"""Side-by-side measurements: the Classifier against other ways to do the same work.

``python -m benchmarks`` runs them; ``training``, ``startup``, ``runs``, ``corpora``, ``sharing``,
``growth`` and ``large`` hold one subject each, ``ways`` the programs that train the same network.
"""
