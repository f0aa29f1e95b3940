"""The floor of the latency bench; `measure_floor` and `Floor` are what others use."""
