"""Measures the rules against simulated days whose incidents are known.

The rules themselves are plugged in from outside through the port `judge.Judge`: simulators don't know them.
"""
