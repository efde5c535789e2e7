"""The product's edge: settings, wiring, the command line and the demo. It may import anything; nobody imports it."""
