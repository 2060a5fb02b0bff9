"""Simulated devices, faults, scenarios and recordings: a system's outside, reached over MQTT only.

Knows the vocabulary of events and the topics; never the log, the rules or the accounts.
"""
