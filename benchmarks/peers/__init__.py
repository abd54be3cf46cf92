"""The peers, one file each, see `benchmarks.entries.Peer`."""
