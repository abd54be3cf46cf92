"""The workloads, one file each, see `benchmarks.entries.Workload`."""
