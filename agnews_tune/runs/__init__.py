"""What a run has to do, and what a trial does."""
