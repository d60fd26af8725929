"""Training: losses over data, optimizers, schedules, metrics and the loop that joins them."""
