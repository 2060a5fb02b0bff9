"""The day of an estate: its people and their ordinary day, the errors of its sensors, faults of its network.

Pure and repeatable from a seed; knows the vocabulary only. Every number and every person is made up.
"""
