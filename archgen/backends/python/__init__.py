"""From a checked spec to Python source that needs Keras only; imports no framework."""
