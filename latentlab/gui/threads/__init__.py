"""Work beside the GUI thread: training, decoding, encoding, and the projection process."""
