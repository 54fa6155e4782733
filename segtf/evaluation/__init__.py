"""Figures of a trained model at the original resolution of each image, and a report."""
