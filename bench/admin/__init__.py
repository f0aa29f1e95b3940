"""The admin API's requests a second, beside a bare view of the same stack."""
