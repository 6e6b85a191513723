"""How it learns: batches, steps, the loop, callbacks."""
