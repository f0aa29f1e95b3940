"""What is stored, and how it is asked, changed and guarded."""
