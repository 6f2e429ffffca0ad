"""Pictures: from a graph to a view model, a layout, and the drawings that read them."""
