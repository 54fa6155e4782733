"""Tasks: what is annotated, what a network says, how that is trained, and what it means.

`segtf.tasks.task` is the contract, `segtf.tasks.choice` says which task a model has, and each
folder is one.
"""
