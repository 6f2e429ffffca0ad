"""Training a network of a spec on images; Keras and NumPy are imported only where it begins."""
