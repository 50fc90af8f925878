"""Long measurements, side by side with other programs: `make bench`; the figures stand in BENCHMARKS.md."""
