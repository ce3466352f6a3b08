"""The command line: options in, text out. Every command asks the rooms below and formats nothing itself."""
