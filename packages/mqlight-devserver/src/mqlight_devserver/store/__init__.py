"""What is to outlive the server, in one SQLite file.

Here is where the broker's clock meets the time of day.
"""
