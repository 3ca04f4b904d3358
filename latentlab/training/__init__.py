"""The loop, devices and checkpoints."""
