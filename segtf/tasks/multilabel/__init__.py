"""Multi-label segmentation: of each class whether it is there, for each pixel; classes overlap.

The network says one number a pixel and class, a logit of its own with a threshold of its own. The
background is not asked for: it is where no class is.
"""
