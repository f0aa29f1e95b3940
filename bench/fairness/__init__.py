"""A busy app beside a quiet one."""
