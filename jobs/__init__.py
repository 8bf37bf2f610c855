"""Pure domain: plans, results, merge, statistics, verdicts, report values. No I/O, no clock, no environment."""
