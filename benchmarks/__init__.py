"""How fast archgen is; ``python -m benchmarks`` measures and writes docs/benchmarks.md."""
