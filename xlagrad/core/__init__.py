"""The core: tensors, dispatch, the tape, views, state capture, compilation and transforms."""
