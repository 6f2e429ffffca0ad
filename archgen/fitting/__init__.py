"""Fits a network to another input: the fewest named changes of its spec, found by trying them.

No TensorFlow; imports what is below ``tables``.
"""
