"""Who is asking: tokens and the flows that lead to one."""
