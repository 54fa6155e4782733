"""Semantic segmentation: one class for each pixel.

Of two classes it is binary: the network says one number a pixel, the logit of class 1, the
foreground, and a threshold decides. Of more classes it says one number each, and the largest
decides. Nothing outside of this folder has to know which of the two it is.
"""
