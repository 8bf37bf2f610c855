"""ONNX classifiers: what they say of themselves, and the one whose answers are known."""
