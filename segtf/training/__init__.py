"""From arrays to a trained model in a run folder."""
